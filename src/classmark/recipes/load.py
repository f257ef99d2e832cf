"""Read recipes: YAML with places kept, overrides, all problems at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from classmark.errors import RecipeError, nearest
from classmark.recipes.schema import KINDS, Recipe
from classmark.system.files import write_text

Place = tuple[str | int, ...]


def shipped_recipes() -> dict[str, Path]:
    """Name → file of the recipes that come with classmark."""
    return shipped_files("shipped")


def shipped_files(folder_name: str) -> dict[str, Path]:
    """Name → YAML file in a folder beside this module."""
    with as_file(files("classmark.recipes") / folder_name) as folder:
        return {path.stem: path for path in sorted(folder.glob("*.yaml"), key=lambda path: path.stem)}


def recipe_text(name: str) -> str:
    """The commented YAML of a shipped recipe.

    Raises:
        RecipeError: there is none of that name.
    """
    shipped = shipped_recipes()
    if name not in shipped:
        raise RecipeError(
            f'There is no shipped recipe "{name}"; there are {", ".join(shipped)}.{nearest(name, shipped)}'
        )
    return shipped[name].read_text(encoding="utf-8")


def load_recipe(reference: str, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe of a shipped name or a YAML file, with overrides such as `train.epochs=1` put in.

    Raises:
        RecipeError: the file or its content cannot be used; every problem is listed with its place.
    """
    path = shipped_recipes().get(reference) or Path(reference)
    if not path.is_file():
        shipped = ", ".join(shipped_recipes())
        raise RecipeError(
            f'"{reference}" is neither a file nor a shipped recipe. Shipped: {shipped}.{nearest(reference, shipped_recipes())}'
        )
    return read_recipe(_read_bytes(path), reference if reference in shipped_recipes() else str(path), overrides)


def read_recipe(text: bytes, name: str, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a YAML text, with overrides put in; `name` is what messages call the text.

    Raises:
        RecipeError: its content cannot be used; every problem is listed with its place.
    """
    content, places = parse_yaml(text, name)
    problems = [problem for text in overrides if (problem := _override(content, places, text))]
    if problems:
        raise RecipeError("\n".join(problems))
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise RecipeError("\n".join(_problem(entry, name, places) for entry in error.errors())) from None


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as YAML that `load_recipe` reads back to an equal one."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=110)


def write_recipe(path: Path, recipe: Recipe) -> None:
    """Write a recipe file."""
    write_text(path, dump_recipe(recipe))


def read_sections(path: Path) -> dict[str, Any]:
    """The sections of a recipe file as they are there, unchecked: a run of another version has them too.

    Raises:
        RecipeError: the file cannot be read, is no YAML or no mapping.
    """
    return parse_yaml(_read_bytes(path), str(path))[0]


def read_yaml(path: Path) -> str:
    """The text of a recipe file, to show it.

    Raises:
        RecipeError: the file cannot be read.
    """
    return _read_bytes(path).decode(errors="replace")


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RecipeError(f"{path}: the file cannot be read ({error.strerror}).") from None


A_RECIPE = "a recipe is a mapping of sections; start from one: classmark recipes show text-csv"


def parse_yaml(text: bytes, name: str, expected: str = A_RECIPE) -> tuple[dict[str, Any], dict[Place, str]]:
    """The mapping in a YAML text, and the place (`recipe.yaml, line 7`) of each of its keys.

    Args:
        text: of the file.
        name: what messages call it.
        expected: what is said where it is no mapping.

    Raises:
        RecipeError: it is no YAML, no mapping, or has a key twice.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise RecipeError(f"{name}{where}: not valid YAML ({getattr(error, 'problem', None) or error}).") from None
    if not isinstance(content, dict) or not isinstance(node, yaml.MappingNode):
        raise RecipeError(f"{name}: {expected}")
    places: dict[Place, str] = {}
    _note_places(node, (), name, places)
    return content, places


def _note_places(node: yaml.Node, at: Place, name: str, places: dict[Place, str]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*at, key.value)
            line = key.start_mark.line + 1
            if inner in places:
                raise RecipeError(
                    f"{name}, line {line}: {_dotted(inner)} stands here a second time. Keep one of the two."
                )
            places[inner] = f"{name}, line {line}"
            _note_places(value, inner, name, places)


def _override(content: dict[str, Any], places: dict[Place, str], text: str) -> str | None:
    """Put an override into the content; what is wrong with it comes back."""
    key, sign, value = text.partition("=")
    if not sign or not key:
        return f'override "{text}": expected key=value, for instance train.epochs=1'
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        parsed = value
    section, parts = content, tuple(key.split("."))
    for part in parts[:-1]:
        inner = section.setdefault(part, {})
        if not isinstance(inner, dict):
            return f'override "{text}": {part} is no section.'
        section = inner
    section[parts[-1]] = parsed
    places[parts] = f'override "{text}"'
    return None


def _problem(entry: Any, name: str, places: Mapping[Place, str]) -> str:
    """One problem in one line: place, key, what is wrong, what would be right."""
    at = _without_kind(tuple(entry["loc"]))
    said = f"{_dotted(at)}: {_explained(entry, at)}" if at else _explained(entry, at)
    named = at or tuple(said.partition(" ")[0].rstrip(":").split("."))  # of the whole recipe: it begins with a key
    place = next((places[named[:length]] for length in range(len(named), 0, -1) if named[:length] in places), name)
    return f"{place}: {said}"


def _without_kind(at: Place) -> Place:
    """Pydantic puts the kind of a section that has several into the place; the file has no such level."""
    return (at[0], *at[2:]) if len(at) > 1 and at[1] in KINDS.get(str(at[0]), ()) else at


def _explained(entry: Any, at: Place) -> str:
    match entry["type"]:
        case "union_tag_invalid":
            kinds, section = KINDS[str(at[0])], entry["input"]
            if not isinstance(section, dict):
                return f"{section!r}: a section of keys is expected here."
            kind = str(section.get("kind"))
            return f'there is no kind "{kind}"; there are {", ".join(kinds)}.{nearest(kind, kinds)}'
        case "extra_forbidden":
            known = list(_section_at(tuple(entry["loc"][:-1])).model_fields)
            return f"unknown key.{nearest(str(at[-1]), known) or ' Known here: ' + ', '.join(known) + '.'}"
        case "missing":
            return "this key is needed."
        case "value_error":
            return f"{entry['ctx']['error']}."
        case _:
            message = entry["msg"][0].lower() + entry["msg"][1:]
            return f"{entry['input']!r}: {message.replace('input should be', 'it should be')}."


def _section_at(at: Place) -> type[BaseModel]:
    """The schema of a section; `at` as pydantic gives it, with the kind of a section that has several."""
    section: type[BaseModel] = Recipe
    kinds: list[type[BaseModel]] = []
    for part in at:
        if (field := section.model_fields.get(str(part))) is None:
            section = next(found for found in kinds if str(part) in get_args(found.model_fields["kind"].annotation))
        else:
            kinds = _sections_in(field.annotation)
            section = kinds[0] if kinds else section
    return section


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in _sections_in(part)]


def _dotted(at: Place) -> str:
    return ".".join(map(str, at))
