"""Read recipes, shipped ones and files, with changes put in; write them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from classmark.errors import RecipeError, nearest
from classmark.recipes.overrides import Change, Overrides, copied, put_in, read_overrides
from classmark.recipes.places import Places
from classmark.recipes.problems import refusal
from classmark.recipes.resolve import check_beside
from classmark.recipes.schema import Recipe
from classmark.recipes.values import with_home
from classmark.recipes.words import shown
from classmark.recipes.yaml_file import is_there, read_bytes
from classmark.recipes.yaml_text import as_yaml_says, parse_yaml
from classmark.system.files import write_text

# Endings of data, and the recipe that reads it; / is for a folder.
TEMPLATES = dict.fromkeys((".csv", ".tsv", ".jsonl", ".parquet", ".feather", ".xlsx"), "text-csv")
TEMPLATES |= dict.fromkeys(("/", ".zip"), "image-folder")


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


def load_recipe(reference: str, overrides: Overrides = ()) -> Recipe:
    """The recipe of a shipped name or a YAML file, with changes put in.

    Args:
        reference: a shipped recipe's name or the path of a YAML file.
        overrides: words such as `train.epochs=1`, or Python's arguments such as `{"train__epochs": 1}`.

    Raises:
        RecipeError: the file, its content or a change cannot be used; every problem is listed with its place.
    """
    return change_recipe(reference, read_overrides(overrides))


def change_recipe(reference: str, changes: list[Change]) -> Recipe:
    """The recipe of a shipped name or a YAML file, with changes put in.

    Raises:
        RecipeError: as `load_recipe` says.
    """
    content, places, path = _read_named(reference)
    recipe = build_recipe(content, changes, places)
    if reference not in shipped_recipes():
        check_beside(recipe, path.parent, places)
    return recipe


def recipe_of_rows(recipe: str | Mapping[str, Any], changes: list[Change], data: Mapping[str, Any]) -> Recipe:
    """The recipe for rows that are in memory: with `data` in the place of its own section, then with changes put in.

    Args:
        recipe: a shipped recipe's name, the path of a YAML file, or the sections themselves.
        changes: to any section.
        data: the section `data`.

    Raises:
        RecipeError: as `load_recipe` says.
    """
    if isinstance(recipe, Mapping):
        return build_recipe({"name": "estimator", **recipe, "data": data}, changes, Places("recipe", {}))
    content, places, _ = _read_named(recipe)
    return build_recipe({**content, "data": data}, changes, places)


def _read_named(reference: str) -> tuple[Mapping[str, Any], Places, Path]:
    """The sections of a shipped recipe or a YAML file, their places, and the file."""
    shipped = shipped_recipes()
    path = shipped.get(reference) or Path(with_home(reference))
    if reference not in shipped and not is_there(path):
        raise RecipeError(
            f"{shown(reference)} is neither a file nor a shipped recipe. Shipped: {', '.join(shipped)}."
            f"{nearest(reference, shipped)}"
        )
    if template := TEMPLATES.get("/" if path.is_dir() else path.suffix.lower()):
        raise RecipeError(
            f"{path}: this is data, not a recipe. Train on it with a template: classmark train {template} data.path={path}"
        )
    name = reference if reference in shipped else str(path)
    content, lines = parse_yaml(read_bytes(path), name)
    return content, Places(name, lines), path


def build_recipe(content: Mapping[str, Any], changes: list[Change], places: Places) -> Recipe:
    """The recipe of a file's sections, with changes put in; the sections themselves stay as they are.

    Raises:
        RecipeError: it cannot be used; every problem is listed with its place.
    """
    sections = copied(content)
    put_in(sections, changes, places)
    try:
        return Recipe.model_validate(sections)
    except ValidationError as error:
        raise refusal(error, Recipe, places) from None


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
    sections: dict[str, Any] = as_yaml_says(parse_yaml(read_bytes(path), str(path))[0])
    return sections


def read_yaml(path: Path) -> str:
    """The text of a recipe file, to show it.

    Raises:
        RecipeError: the file cannot be read.
    """
    return read_bytes(path).decode(errors="replace")
