"""Recipes: read back as they were written, and every problem named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from classmark.errors import RecipeError
from classmark.recipes import dump_recipe, load_recipe, shipped_recipes


@pytest.mark.parametrize("name", list(shipped_recipes()))
def test_shipped_recipes_load_and_survive_writing(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.description
    path = tmp_path / "recipe.yaml"
    path.write_text(dump_recipe(recipe), encoding="utf-8")
    assert load_recipe(str(path)) == recipe


def test_the_reference_recipe_is_the_reference() -> None:
    recipe = load_recipe("imdb-bilstm")
    assert (recipe.input.vocabulary_size, recipe.input.vectors) == (25_000, "glove.6B.100d")
    assert (recipe.model.hidden_size, recipe.model.layers, recipe.model.dropout) == (256, 2, 0.5)
    assert (recipe.model.pooling, recipe.train.batch_size, recipe.train.epochs) == ("last", 64, 5)
    assert (recipe.optimizer.kind, recipe.optimizer.learning_rate, recipe.data.validation) == ("adam", 1e-3, 0.3)


def test_overrides_reach_their_keys() -> None:
    recipe = load_recipe("reviews-quick", ["train.epochs=1", "data.limit=2000", "schedule.kind=cosine", "seed=7"])
    assert (recipe.train.epochs, recipe.data.limit, recipe.schedule.kind, recipe.seed) == (1, 2000, "cosine", 7)


def message(path: Path, text: str, overrides: tuple[str, ...] = ()) -> str:
    path.write_text(text)
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path), overrides)
    return str(caught.value).replace(str(path), "recipe.yaml")


def test_all_problems_at_once_with_their_lines(tmp_path: Path) -> None:
    text = "name: x\ndata:\n  source: imbd\ntrain:\n  epoch: 3\n  batch_size: 0\n"
    assert message(tmp_path / "r.yaml", text, ("model.hiden_size=3",)).splitlines() == [
        'recipe.yaml, line 3: data.source: "imbd": one of imdb, movie-reviews, table, huggingface, tiny-imagenet, image-folder, '
        'image-table, digits is expected. Did you mean "imdb"?',
        'override "model.hiden_size=3": model.hiden_size: unknown key. Did you mean "hidden_size"?',
        "recipe.yaml, line 6: train.batch_size: 0: a whole number of at least 1 is expected.",
        'recipe.yaml, line 5: train.epoch: unknown key. Did you mean "epochs"?',
    ]


MESSAGES = {
    "name: x\n": "recipe.yaml: data: this key is needed.",
    "name: x\nname: y\n": "recipe.yaml, line 2: name stands here a second time. Keep one of the two.",
    "- a\n": "recipe.yaml: a recipe is a mapping of sections; start from one: classmark recipes show text-csv",
    "name: [\n": "recipe.yaml, line 2: not valid YAML: a value is missing, or a bracket is not closed.",
    "name: x\ndata: {source: imdb}\nloss: {kind: focal, label_smoothing: 0.1}\n": (
        "recipe.yaml, line 3: loss: label_smoothing goes with cross_entropy only; set it to 0 for the focal loss."
    ),
}


@pytest.mark.parametrize(("text", "expected"), MESSAGES.items())
def test_one_problem(text: str, expected: str, tmp_path: Path) -> None:
    assert message(tmp_path / "r.yaml", text) == expected


def test_no_such_recipe() -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe("review-quick")
    assert str(caught.value) == (
        f'"review-quick" is neither a file nor a shipped recipe. Shipped: {", ".join(shipped_recipes())}. '
        'Did you mean "reviews-quick"?'
    )


def test_a_bad_override() -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe("reviews-quick", ["epochs"])
    assert str(caught.value) == 'override "epochs": expected key=value, for instance train.epochs=1'


def test_the_reference_pair_differs_in_its_loss_alone() -> None:
    one, other = (
        load_recipe(name).model_dump(exclude={"name", "description", "loss"})
        for name in ("tiny-imagenet-densenet121", "tiny-imagenet-densenet121-focal")
    )
    assert one == other
    losses = [load_recipe(f"tiny-imagenet-densenet121{end}").loss for end in ("", "-focal")]
    assert [loss.kind for loss in losses] == ["cross_entropy", "focal"]
    assert losses[1].gamma == 2.0
