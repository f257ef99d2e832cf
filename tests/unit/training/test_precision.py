"""Precision is measured once a machine and model, and fixed in the recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from classmark.recipes.schema import BiLSTM, Recipe
from classmark.training import precision
from classmark.training.precision import describe_choices, resolve_precision, step_seconds

SMALL = {"name": "small", "data": {"source": "imdb"}, "model": {"hidden_size": 8, "layers": 1}}
IMAGES = {"name": "images", "data": {"source": "digits"}, "input": {"size_px": 64}}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Recipe]:
    """The recipes that were measured; bf16 takes half the time of fp32."""
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path))
    recipes: list[Recipe] = []

    def seconds(recipe: Recipe, _: object) -> dict[str, float]:
        recipes.append(recipe)
        gains = not isinstance(recipe.model, BiLSTM) or recipe.model.hidden_size == 8
        return {"fp32": 0.2, "bf16": 0.1 if gains else 0.19}

    monkeypatch.setattr(precision, "step_seconds", seconds)
    return recipes


def test_a_model_is_measured_once(measured: list[Recipe]) -> None:
    recipe = Recipe.model_validate(SMALL)
    for _ in range(3):
        assert resolve_precision(recipe, 1).train.precision == "bf16"
    assert len(measured) == 1
    resolve_precision(recipe, 2)
    assert len(measured) == 2
    assert describe_choices()[0] == (
        "bilstm",
        "bf16 (a step of 64 × 128 tokens took 200 ms in fp32, 100 ms in bf16)",
    )


def test_a_tenth_of_gain_does_not_earn_the_rounding(measured: list[Recipe]) -> None:
    recipe = Recipe.model_validate({**SMALL, "model": {"hidden_size": 9}})
    assert resolve_precision(recipe, 1).train.precision == "fp32"


def test_what_the_recipe_says_is_not_measured(measured: list[Recipe]) -> None:
    recipe = Recipe.model_validate({**SMALL, "train": {"precision": "bf16"}})
    assert resolve_precision(recipe, 1) is recipe
    assert measured == []


def test_an_image_model_is_measured_once_a_size(measured: list[Recipe]) -> None:
    recipe = Recipe.model_validate(IMAGES)
    larger = Recipe.model_validate({**IMAGES, "input": {"size_px": 128}})
    for each in (recipe, larger, recipe):
        assert resolve_precision(each, 1).train.precision == "bf16"
    assert [each.input for each in measured] == [recipe.input, larger.input]
    assert describe_choices()[1] == (
        "backbone",
        "bf16 (a step of 16 images of 128 pixels took 200 ms in fp32, 100 ms in bf16)",
    )


def test_a_classifier_alone_is_not_measured(measured: list[Recipe]) -> None:
    recipe = Recipe.model_validate({**IMAGES, "model": {"tune": "head"}})
    assert resolve_precision(recipe, 1).train.precision == "fp32"
    assert measured == []


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"hidden_size": 4, "layers": 1, "embedding_size": 4}},
        {**IMAGES, "input": {"size_px": 8}, "model": {"backbone": "test_resnet"}},
    ],
)
def test_both_precisions_take_some_time(changes: dict[str, Any]) -> None:
    seconds = step_seconds(Recipe.model_validate({**SMALL, **changes}))
    assert set(seconds) == {"fp32", "bf16"}
    assert min(seconds.values()) > 0
