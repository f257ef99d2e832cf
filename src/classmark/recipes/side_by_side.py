"""Resolved recipes side by side: what they choose differently, and whether the initial weights are the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from classmark.recipes.section import flattened

MOST_CHARACTERS = 120
# What a run is called and where its files lie changes nothing in the model.
LEFT_OUT = ("name", "description", "data.path", "data.validation_path", "data.test_path")


@dataclass(frozen=True)
class Setting:
    """A key of the recipe, such as `loss.kind`, that differs, with each side's value; a dash where a recipe lacks it."""

    key: str
    values: tuple[str, ...]


def differing_settings(recipes: Sequence[Mapping[str, Any]]) -> list[Setting]:
    """The keys in which the resolved recipes differ; none where one is empty."""
    recipes = [flattened(recipe) for recipe in recipes]
    if not all(recipes):
        return []
    keys = [key for key in dict.fromkeys(key for recipe in recipes for key in recipe) if key not in LEFT_OUT]
    return [
        Setting(key, tuple(value_text(recipe.get(key)) for recipe in recipes))
        for key in keys
        if not all_same([recipe.get(key) for recipe in recipes])
    ]


def initial_weights(recipes: Sequence[Mapping[str, Any]], packages: Sequence[Any], *, same_data: bool) -> str:
    """What is known of them; they follow from the seed and from each parameter's name and shape.

    Args:
        recipes: resolved, one a run.
        packages: the versions that each run had.
        same_data: whether all runs had the same data.
    """
    if not all_same([recipe.get("model") for recipe in recipes]):
        return "not known to be the same, since the models differ"
    first = recipes[0]
    pretrained = (first.get("model") or {}).get("weights") or (first.get("input") or {}).get("vectors")
    if not all_same([recipe.get("seed") for recipe in recipes]):
        return "differ, as the seeds do" + (", but for what is pretrained" if pretrained else "")
    if not all_same(packages):
        return "not known, since the packages' versions differ"
    # The vocabulary, and with it the shape of the first layer, follows from the data and from what is made of it.
    if not same_data or not all_same([_shaping(recipe) for recipe in recipes]):
        return "not known, since data or input may give layers of another shape"
    return "the same: they follow from the seed and the names of the parameters"


def _shaping(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The input's choices but for augmentation, which changes no shape."""
    return {key: value for key, value in (recipe.get("input") or {}).items() if key != "augmentation"}


def all_same(values: Sequence[Any]) -> bool:
    """Whether every value equals the first."""
    return all(value == values[0] for value in values)


def value_text(value: Any) -> str:
    """A value of a recipe as it is shown: a dash for none, a long one cut."""
    if value is None:
        return "–"
    if isinstance(value, str):
        # Of a file, its name: where it lies is no choice of the recipe.
        return PurePath(value).name if PurePath(value).is_absolute() else value
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
