"""Read studies: each arm becomes a whole recipe, and every problem is listed with its place."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from classmark.errors import RecipeError, nearest
from classmark.recipes.load import Place, dump_recipe, load_recipe, parse_yaml, read_recipe, shipped_files
from classmark.recipes.schema import Recipe
from classmark.recipes.study_schema import STEPS, Arm, Study

LOWER = (STEPS, "log_loss", "brier", "ece")
PATHS = (
    ("data", "path"),
    ("data", "validation_path"),
    ("data", "test_path"),
    ("model", "weights"),
    ("input", "vectors"),
)


def shipped_studies() -> dict[str, Path]:
    """Name → file of the studies that come with classmark."""
    return shipped_files("shipped_studies")


def study_text(name: str) -> str:
    """The commented YAML of a shipped study.

    Raises:
        RecipeError: there is none of that name.
    """
    return _study_file(name, shipped_only=True).read_text(encoding="utf-8")


def load_study(reference: str, overrides: Sequence[str] = ()) -> Study:
    """The resolved study of a shipped name or a YAML file: each arm has its whole recipe, everything is stated.

    Args:
        reference: a shipped study's name or a YAML file.
        overrides: `key=value`; keys of the study (`seeds=8`, `margin=0.02`) change it, all others every recipe.

    Raises:
        RecipeError: the file, a recipe or an override cannot be used; every problem is listed with its place.
    """
    path = _study_file(reference)
    name = reference if reference in shipped_studies() else str(path)
    content, places = parse_yaml(
        path.read_bytes(), name, "a study is a mapping; see one: classmark study --show bilstm-pooling"
    )
    for_recipes = []
    for text in overrides:
        key, sign, value = text.partition("=")
        if sign and key in Study.model_fields:
            content[key] = yaml.safe_load(value)
            places[(key,)] = f'override "{text}"'
        else:
            for_recipes.append(text)
    try:
        study = Study.model_validate(content)
    except ValidationError as error:
        raise RecipeError("\n".join(_problem(entry, name, places) for entry in error.errors())) from None
    return _resolved(study, name, path.parent, for_recipes)


def dump_study(study: Study) -> str:
    """The study as YAML that `load_study` reads back to an equal one."""
    content = study.model_dump(mode="json")
    content = {key: value for key, value in content.items() if value not in (None, {})}
    content["arms"] = {name: {"recipe": arm["recipe"]} for name, arm in content["arms"].items()}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def recipe_of(study: Study, arm: str, seed: int, threads: int | None = None) -> Recipe:
    """The recipe of one run of a resolved study.

    Args:
        study: as `load_study` gives it.
        arm: its name.
        seed: replaces that of the recipe.
        threads: put in where the recipe names none.
    """
    recipe = Recipe.model_validate(study.arms[arm].recipe)
    train = recipe.train
    if train.threads is None and threads is not None:
        train = train.model_copy(update={"threads": threads})
    return recipe.model_copy(update={"seed": seed, "train": train})


def differing_keys(study: Study) -> dict[str, list[Any]]:
    """Key → its value in each arm, for the recipe keys in which the arms of a resolved study differ."""
    flat = [dict(_flat(recipe_of(study, arm, 0).model_dump(mode="json"))) for arm in study.arms]
    keys = dict.fromkeys(key for one in flat for key in one)
    found = {key: [one.get(key) for one in flat] for key in keys if key not in ("name", "description")}
    return {key: values for key, values in found.items() if any(value != values[0] for value in values)}


def _study_file(reference: str, shipped_only: bool = False) -> Path:
    shipped = shipped_studies()
    path = shipped.get(reference) or Path(reference)
    if reference not in shipped and (shipped_only or not path.is_file()):
        what = "no shipped study" if shipped_only else "neither a file nor a shipped study"
        raise RecipeError(f'"{reference}" is {what}. Shipped: {", ".join(shipped)}.{nearest(reference, shipped)}')
    return path


def _resolved(study: Study, name: str, folder: Path, overrides: Sequence[str]) -> Study:
    arms = study.arms or dict(_grid_arms(study.grid))
    found, problems = {}, []
    for arm, section in arms.items():
        try:
            recipe = _arm_recipe(study, section, f"{name}: arms.{arm}", folder, overrides)
        except RecipeError as error:
            problems.append(f"arm {arm}: {error}")
            continue
        named = recipe.model_copy(update={"name": re.sub(r"[^A-Za-z0-9._-]", "-", f"{study.name}-{arm}")})
        found[arm] = Arm(recipe=_with_whole_paths(yaml.safe_load(dump_recipe(named))))
    if problems:
        raise RecipeError("\n".join(dict.fromkeys(problems)))
    direction = study.direction or ("lower" if study.metric in LOWER else "higher")
    changes = {"arms": found, "direction": direction, "recipe": None, "overrides": {}, "grid": {}}
    return study.model_copy(update=changes)


def _arm_recipe(study: Study, arm: Arm, name: str, folder: Path, overrides: Sequence[str]) -> Recipe:
    changes = {**dict(_flat(study.overrides)), **dict(_flat(arm.overrides))}
    if fixed := [key for key in (*changes, *overrides) if key.partition("=")[0] == "seed"]:
        raise RecipeError(f"{name}: {fixed[0]}: runs take their seed from the study's seeds; leave it out")
    own = dict(_flat(arm.overrides))
    if taken := [text for text in overrides if text.partition("=")[0] in own]:
        raise RecipeError(
            f'override "{taken[0]}": the arm states this key itself; save the study (--show) and change it there'
        )
    words = [*(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in changes.items()), *overrides]
    source = arm.recipe or study.recipe
    if source is None:
        raise RecipeError(f"{name}: no recipe; name one in the study or in the arm, such as recipe: digits-quick")
    if isinstance(source, str):
        beside = folder / source
        return load_recipe(str(beside) if beside.is_file() else source, words)
    return read_recipe(yaml.safe_dump(source, sort_keys=False).encode(), f"{name}.recipe", words)


def _grid_arms(grid: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, Arm]]:
    for values in itertools.product(*grid.values()):
        overrides = dict(zip(grid, values, strict=True))
        parts = [f"{key.rpartition('.')[2]}={value}" for key, value in overrides.items()]
        yield re.sub(r"[^A-Za-z0-9._=,+-]", "-", ",".join(parts)), Arm(overrides=overrides)


def _flat(section: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    """The dotted keys of nested sections with their values; a list is one value."""
    for key, value in section.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{at}{key}.")
        else:
            yield f"{at}{key}", value


def _with_whole_paths(recipe: dict[str, Any]) -> dict[str, Any]:
    """The recipe with the paths of what there is as seen from anywhere."""
    for section, name in PATHS:
        value = recipe[section].get(name)
        if isinstance(value, str) and Path(value).exists():
            recipe[section][name] = str(Path(value).resolve())
    return recipe


def _problem(entry: Any, name: str, places: Mapping[Place, str]) -> str:
    at = tuple(part for part in entry["loc"] if part not in ("int", "str", "list[int]", "list[constrained-int]"))
    if entry["type"] == "value_error":
        said = f"{entry['ctx']['error']}."
        at = at or (said.partition(":")[0],)
        said = said if not entry["loc"] else f"{_dotted(at)}: {said}"
    elif entry["type"] == "extra_forbidden":
        known = Arm.model_fields if len(at) == 3 and at[0] == "arms" else Study.model_fields
        hint = nearest(str(at[-1]), known) or f" Known here: {', '.join(known)}."
        said = f"{_dotted(at)}: unknown key.{hint}"
    elif entry["type"] == "missing":
        said = f"{_dotted(at)}: this key is needed."
    else:
        message = entry["msg"][0].lower() + entry["msg"][1:]
        said = f"{_dotted(at)}: {entry['input']!r}: {message.replace('input should be', 'it should be')}."
    place = next((places[at[:length]] for length in range(len(at), 0, -1) if at[:length] in places), name)
    return f"{place}: {said}"


def _dotted(at: Place) -> str:
    return ".".join(str(part) for part in at if part != "[key]")
