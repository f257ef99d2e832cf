"""Read what is to be tuned: every end of a range and every choice is tried in the recipe, and every problem is listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from classmark.errors import RecipeError
from classmark.recipes.kinds import kind_of
from classmark.recipes.load import build_recipe
from classmark.recipes.overrides import Change
from classmark.recipes.places import Place, Places
from classmark.recipes.problems import listed, refusal
from classmark.recipes.resolve import seen_from_anywhere
from classmark.recipes.schema import Recipe
from classmark.recipes.tune_schema import Range, Tuning
from classmark.recipes.values import with_home
from classmark.recipes.yaml_file import read_bytes
from classmark.recipes.yaml_text import parse_yaml

A_SPACE = "ranges are a mapping, such as ranges: {optimizer.learning_rate: {kind: log, low: 1e-4, high: 1e-2}}"
FIXED = {
    "name": "it names the run",
    "description": "it changes nothing",
    "seed": "all trials are to have the same rows",
    "data": "all trials are to have the same rows",
    "judge": "all trials are to be judged alike",
}  # fmt: skip


def load_tuning(path: Path, recipe: Recipe | None = None, fresh: float | None = None) -> Tuning:
    """The tuning of a file of ranges, with the recipe put in; or that of a `tune.yaml`, which has its own.

    Args:
        path: the YAML file.
        recipe: what is tuned; None for a `tune.yaml`.
        fresh: instead of the file's own share.

    Raises:
        RecipeError: the file cannot be used; every problem is listed with its place.
    """
    path = Path(with_home(str(path)))
    content, lines = parse_yaml(read_bytes(path, "the ranges"), str(path), A_SPACE)
    places = Places(str(path), lines)
    if recipe is not None:
        written = [name for name in ("recipe", "seed", "threads") if name in content]
        if written:
            place = places.of((written[0],))
            raise RecipeError(place.of((written[0],), "this key is for tune.yaml; name the recipe beside this file."))
        content = dict(content)
    if fresh is not None:
        content["fresh"] = fresh
        places.note(("fresh",), Place("fresh", names_key=True))
    try:
        tuning = Tuning.model_validate(content)
        whole = Recipe.model_validate(tuning.recipe) if recipe is None else recipe
    except ValidationError as error:
        raise refusal(error, Tuning, places) from None
    _check_recipe(whole)
    sections = seen_from_anywhere(whole).model_dump(mode="json")
    ranges = _settled(tuning.ranges, whole, sections, places)
    return tuning.model_copy(update={"ranges": ranges, "recipe": sections, "seed": whole.seed})


def dump_tuning(tuning: Tuning) -> str:
    """The tuning as YAML that `load_tuning` reads back to an equal one."""
    content = tuning.model_dump(mode="json", exclude_none=True)
    content["ranges"] = {
        key: {name: value for name, value in one.items() if value != []} for key, one in content["ranges"].items()
    }
    content["recipe"] = tuning.recipe
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def tuned_recipe(tuning: Tuning, values: Mapping[str, Any], what: str) -> Recipe:
    """The recipe with the values of a trial put in.

    Args:
        tuning: with its recipe.
        values: key → value.
        what: messages call them, such as `trial 3`.

    Raises:
        RecipeError: the values do not go together.
    """
    changes = [Change(tuple(key.split(".")), value, Place(what)) for key, value in values.items()]
    return build_recipe(tuning.recipe, changes, Places(what))


def value_of(recipe: Recipe, key: str) -> Any:
    """What a key of a recipe is, as JSON has it; None where its section has no such key."""
    found: Any = recipe.model_dump(mode="json")
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def takes_fractions(recipe: Recipe, key: str) -> bool:
    """Whether a key accepts numbers that are not whole."""
    *sections, name = key.split(".")
    holder: Any = recipe
    for part in sections:
        holder = getattr(holder, part)
    field = type(holder).model_fields[name]
    return any(option.type is float for option in kind_of(field.annotation, field.metadata).options)


def _check_recipe(recipe: Recipe) -> None:
    if recipe.data.folds is not None:
        raise RecipeError("data.folds: tuning chooses on validation rows, of one split. Leave data.folds out.")
    if recipe.data.fresh is not None:
        raise RecipeError("data.fresh: tuning sets it for its trials. Leave it out; fresh of the ranges says how many.")


def _settled(
    ranges: Mapping[str, Range], recipe: Recipe, sections: Mapping[str, Any], places: Places
) -> dict[str, Range]:
    """The ranges with their values as the recipe reads them, each tried in it."""
    found, problems = {}, []
    for key, one in ranges.items():
        place = places.of(("ranges", key))
        if reason := FIXED.get(key.partition(".")[0]):
            problems.append(f"{place.text}: {key}: this key cannot be tuned: {reason}.")
            continue
        read, wrong = [], len(problems)
        for at, value in _tried(one):
            change = Change(tuple(key.split(".")), value, Place(places.of(("ranges", key, *at)).text))
            try:
                read.append(value_of(build_recipe(sections, [change], Places(places.whole.text)), key))
            except RecipeError as error:
                problems += str(error).splitlines()
        if len(problems) > wrong:
            continue
        if one.kind == "float" and not takes_fractions(recipe, key):
            problems.append(
                f"{place.text}: {key}: kind: float gives fractions, and the key takes whole numbers; write kind: int."
            )
        elif one.kind == "choice" and len(set(map(str, read))) < len(read):
            problems.append(f"{place.text}: {key}: values: one stands here twice.")
        found[key] = one.model_copy(update={"values": read}) if one.kind == "choice" else one
    if problems:
        raise listed(problems)
    return found


def _tried(one: Range) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The ends of a range, or its choices, each with its place."""
    if one.kind == "choice":
        yield from ((("values", number), value) for number, value in enumerate(one.values))
    else:
        for name in ("low", "high"):
            number = getattr(one, name)
            yield (name,), int(number) if number == int(number) else number
