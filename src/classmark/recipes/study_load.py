"""Read studies: each arm becomes a whole recipe, and every problem is listed with its place."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from classmark.errors import RecipeError, nearest
from classmark.recipes.load import build_recipe, change_recipe, shipped_files, shipped_recipes
from classmark.recipes.overrides import Change, Overrides, put_in, read_overrides
from classmark.recipes.places import Place, Places
from classmark.recipes.problems import listed, refusal
from classmark.recipes.resolve import seen_from_anywhere
from classmark.recipes.schema import Recipe
from classmark.recipes.study_schema import LEAST_SEEDS, STEPS, Arm, Study
from classmark.recipes.values import with_home
from classmark.recipes.words import shown
from classmark.recipes.yaml_file import is_there, read_bytes
from classmark.recipes.yaml_text import parse_yaml

LOWER = (STEPS, "log_loss", "brier", "ece")
A_STUDY = "a study is a mapping; see one: classmark study --show bilstm-pooling"
MOST_CHARACTERS = 100


def shipped_studies() -> dict[str, Path]:
    """Name → file of the studies that come with classmark."""
    return shipped_files("shipped_studies")


def study_text(name: str) -> str:
    """The commented YAML of a shipped study.

    Raises:
        RecipeError: there is none of that name.
    """
    return _study_file(name, shipped_only=True).read_text(encoding="utf-8")


def load_study(reference: str, overrides: Overrides = (), workers: int | None = None) -> Study:
    """The resolved study of a shipped name or a YAML file: each arm has its whole recipe, everything is stated.

    Args:
        reference: a shipped study's name or a YAML file.
        overrides: `key=value`, or Python's arguments; keys of the study (`seeds=8`, `margin=0.02`) change it, all others
            every recipe.
        workers: instead of the study's own number.

    Raises:
        RecipeError: the file, a recipe or an override cannot be used; every problem is listed with its place.
    """
    path = _study_file(reference)
    name = reference if reference in shipped_studies() else str(path)
    content, lines = parse_yaml(read_bytes(path), name, A_STUDY)
    places = Places(name, lines)
    changes = read_overrides(overrides)
    own = [change for change in changes if change.key in Study.model_fields]
    asked = [] if workers is None else [Change(("workers",), workers, Place("jobs", names_key=True))]
    put_in(content, [*own, *asked], places)
    try:
        study = Study.model_validate(content)
    except ValidationError as error:
        raise refusal(error, Study, places) from None
    return _resolved(study, places, path.parent, [change for change in changes if change.key not in Study.model_fields])


def dump_study(study: Study) -> str:
    """The study as YAML that `load_study` reads back to an equal one."""
    content = study.model_dump(mode="json")
    content = {key: value for key, value in content.items() if value not in (None, {})}
    content["arms"] = {name: {"recipe": arm["recipe"]} for name, arm in content["arms"].items()}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def recipe_of(study: Study, arm: str, seed: int, threads: int | None = None, fold: int | None = None) -> Recipe:
    """The recipe of one run of a resolved study.

    Args:
        study: as `load_study` gives it.
        arm: its name.
        seed: replaces that of the recipe.
        threads: put in where the recipe names none.
        fold: of a study that cross-validates, from 1 in each repetition; a seed's repetition is its place among the seeds.
    """
    recipe = Recipe.model_validate(study.arms[arm].recipe)
    train = recipe.train
    if train.threads is None and threads is not None:
        train = train.model_copy(update={"threads": threads})
    data = recipe.data
    if fold is not None and data.folds is not None:
        before, seeds = study.seed_list.index(seed), study.seed_list
        first = seeds[0] if data.split_seed is None else data.split_seed  # the same rows in every repetition
        folds = {"fold": before * data.folds + fold, "fold_repeats": len(seeds), "split_seed": first}
        data = data.model_copy(update=folds)
    return recipe.model_copy(update={"seed": seed, "train": train, "data": data})


def fold_count(study: Study) -> int | None:
    """How many folds the arms of a resolved study are tested in; None where they have a test set."""
    recipe = study.arms[study.reference].recipe
    data = Recipe.model_validate(recipe).data if recipe is not None else None
    return None if data is None or data.fold is not None else data.folds


def differing_keys(study: Study) -> dict[str, list[Any]]:
    """Key → its value in each arm, for the recipe keys in which the arms of a resolved study differ; {} without recipes."""
    if any(arm.recipe is None for arm in study.arms.values()):
        return {}
    recipes = [recipe_of(study, arm, 0).model_dump(mode="json") for arm in study.arms]
    flat = [{".".join(at): value for at, value in _flat(recipe, ())} for recipe in recipes]
    keys = dict.fromkeys(key for one in flat for key in one)
    found = {key: [one.get(key) for one in flat] for key in keys if key not in ("name", "description")}
    return {key: values for key, values in found.items() if any(value != values[0] for value in values)}


def _study_file(reference: str, shipped_only: bool = False) -> Path:
    shipped = shipped_studies()
    path = shipped.get(reference) or Path(with_home(reference))
    if reference not in shipped and (shipped_only or not is_there(path)):
        what = "no shipped study" if shipped_only else "neither a file nor a shipped study"
        raise RecipeError(f"{shown(reference)} is {what}. Shipped: {', '.join(shipped)}.{nearest(reference, shipped)}")
    return path


def _resolved(study: Study, places: Places, folder: Path, changes: list[Change]) -> Study:
    arms = study.arms or _grid_arms(study.grid)
    found, problems = {}, []
    for arm, section in arms.items():
        try:
            recipe = _arm_recipe(study, arm, section, places, (folder, changes))
        except RecipeError as error:
            problems += [f"arm {arm}: {line}" for line in str(error).splitlines()]
            continue
        called = re.sub(r"[^A-Za-z0-9._-]", "-", f"{study.name}-{arm}")[:MOST_CHARACTERS]
        named = recipe.model_copy(update={"name": called})
        found[arm] = Arm(recipe=seen_from_anywhere(named).model_dump(mode="json"))
    if problems:
        raise listed(problems)
    _check_folds(study, found, places)
    direction = study.direction or ("lower" if study.metric in LOWER else "higher")
    settled = {"arms": found, "direction": direction, "recipe": None, "overrides": {}, "grid": {}}
    return study.model_copy(update=settled)


def _check_folds(study: Study, arms: Mapping[str, Arm], places: Places) -> None:
    """Refuse folds that differ between arms, what folds exclude, and without folds a single seed.

    Raises:
        RecipeError: there is such a thing.
    """
    sections = {arm: Recipe.model_validate(section.recipe).data for arm, section in arms.items()}
    folds = {arm: data.folds if data.fold is None else None for arm, data in sections.items()}
    (first, count), seeds = next(iter(folds.items())), study.seed_list
    if other := next((arm for arm in folds if folds[arm] != count), None):
        raise RecipeError(
            f"{places.whole.text}: data.folds: {first} has {shown(count)}, {other} has {shown(folds[other])}. Give all arms "
            "the same folds."
        )
    if count is None:
        if len(seeds) < LEAST_SEEDS:
            said = f"{len(seeds)}: an interval over seeds needs {LEAST_SEEDS} at least; 5 or more tell more."
            raise RecipeError(places.of(("seeds",)).of(("seeds",), said))
        return
    if any(data.fold_repeats > 1 for data in sections.values()):
        raise RecipeError(
            f"{places.whole.text}: data.fold_repeats: each seed of a study puts the rows into folds anew. Leave it out, and give "
            "as many seeds as repetitions."
        )
    if study.sequential or study.metric == STEPS:
        key = "sequential" if study.sequential else "metric"
        said = (
            "folds of one data set are judged together"
            if study.sequential
            else "steps_to_target is of seeds, not of folds"
        )
        raise RecipeError(places.of((key,)).of((key,), f"{said}; leave it out."))


def _arm_recipe(study: Study, name: str, arm: Arm, places: Places, given: tuple[Path, list[Change]]) -> Recipe:
    """The whole recipe of an arm; `given` is the folder of the study, and the changes to every recipe."""
    folder, changes = given
    where = f"{places.whole.text}: arms.{name}"
    own = _changes_of(arm.overrides, places.within(("arms", name, "overrides") if study.arms else ("grid",)))
    every = [*_changes_of(study.overrides, places.within(("overrides",))), *own, *changes]
    if fixed := [change.key for change in every if change.key == "seed"]:
        raise RecipeError(f"{where}: {fixed[0]}: runs take their seed from the study's seeds; leave it out")
    if taken := [change for change in changes if change.key in {one.key for one in own}]:
        said = "the arm states this key itself; save the study (--show) and change it there"
        raise RecipeError(f"{taken[0].place.text}: {said}")
    source = study.recipe if arm.recipe is None else arm.recipe
    if source is None:
        raise RecipeError(f"{where}: no recipe; name one in the study or in the arm, such as recipe: digits-quick")
    if isinstance(source, str):
        beside = folder / source
        return change_recipe(str(beside) if source not in shipped_recipes() and is_there(beside) else source, every)
    at = ("recipe",) if arm.recipe is None else ("arms", name, "recipe")
    return build_recipe(source, every, places.within(at))


def _grid_arms(grid: Mapping[str, Sequence[Any]]) -> dict[str, Arm]:
    arms: dict[str, Arm] = {}
    for values in itertools.product(*grid.values()):
        overrides = dict(zip(grid, values, strict=True))
        parts = [f"{key.rpartition('.')[2]}={_named(value)}" for key, value in overrides.items()]
        name = re.sub(r"[^A-Za-z0-9._=,+-]", "-", ",".join(parts))
        if len(name) > MOST_CHARACTERS or name.lower() in map(str.lower, arms):
            raise RecipeError(
                f"grid: {shown(name)} would be the name of an arm, and is "
                f"{'too long' if len(name) > MOST_CHARACTERS else 'that of another one'}. Write arms instead of a grid."
            )
        arms[name] = Arm(overrides=overrides)
    return arms


def _named(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _changes_of(overrides: Mapping[str, Any], places: Places) -> list[Change]:
    """The changes that a section `overrides` of a study asks for; its keys are dotted or in sections."""
    return [
        Change(tuple(".".join(at).split(".")), value, Place(places.of(at).text)) for at, value in _flat(overrides, ())
    ]


def _flat(section: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The keys of nested sections with their values; a list is one value."""
    for key, value in section.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, (*at, str(key)))
        else:
            yield (*at, str(key)), value
