"""What a run begins with: a recipe that holds from any folder, and an image model that its sizes and batches suit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from classmark.errors import RecipeError
from classmark.inputs.examples import ImageShape, Inputs
from classmark.models.backbone import BackboneClassifier
from classmark.models.build import build_model, initialise
from classmark.models.weights import write_tensors
from classmark.recipes import load_recipe
from classmark.recipes.schema import Backbone, Recipe
from classmark.runs import RunFiles
from classmark.training.first_model import first_model
from classmark.training.prepare import left_out, open_folder
from classmark.training.watch import RunWatch


def made_recipe(**sections: Any) -> Recipe:
    return Recipe.model_validate({"name": "x", "data": {"source": "digits"}, **sections})


def begun(recipe: Recipe, size_px: int, folder: Path) -> BackboneClassifier:
    inputs: Any = Inputs(None, ImageShape(size_px), None, None, None, {})  # type: ignore[arg-type]
    model = first_model(recipe, inputs, 3, RunWatch(RunFiles(folder), 1))
    assert isinstance(model, BackboneClassifier)
    return model


@pytest.mark.parametrize(
    ("backbone", "size_px", "first", "reason"),
    [
        (
            "densenet121",
            64,
            8,
            "Given input size: (256x1x1). Calculated output size: (256x0x0). Output size is too small",
        ),
        ("vit_tiny_patch16_224", 64, 32, "Input height (32) doesn't match model (64)"),
    ],
)
def test_a_size_to_grow_from_that_the_backbone_cannot_take(
    backbone: str, size_px: int, first: int, reason: str, tmp_path: Path
) -> None:
    recipe = made_recipe(input={"size_px": size_px, "grow_from_px": first}, model={"backbone": backbone})
    with pytest.raises(RecipeError) as caught:
        begun(recipe, size_px, tmp_path)
    assert str(caught.value) == (
        f"input.grow_from_px: {backbone} cannot take images of {first} pixels ({reason}). "
        "Leave it out, or take a larger size."
    )


def test_a_size_to_grow_from_leaves_the_model_as_it_is(tmp_path: Path) -> None:
    plain = made_recipe(input={"size_px": 32}, model={"backbone": "test_resnet"})
    growing = made_recipe(input={"size_px": 32, "grow_from_px": 16}, model={"backbone": "test_resnet"})
    one, other = (begun(recipe, 32, tmp_path) for recipe in (plain, growing))
    assert one.training
    assert other.training
    weights = one.state_dict()
    assert all(torch.equal(weights[name], tensor) for name, tensor in other.state_dict().items())


def test_batch_norms_need_more_than_one_number(tmp_path: Path) -> None:
    sections: dict[str, Any] = {"model": {"backbone": "test_resnet"}, "input": {"size_px": 16}}
    with pytest.raises(RecipeError) as caught:
        begun(made_recipe(**sections, train={"batch_size": 1}), 16, tmp_path)
    assert str(caught.value) == (
        "train.batch_size: 1, but the batch norms of test_resnet have nothing to average over in one image of 16 pixels. "
        "Set it to 2 or more."
    )
    growing = {"size_px": 64, "grow_from_px": 16}
    with pytest.raises(RecipeError, match="one image of 16 pixels"):
        begun(made_recipe(**{**sections, "input": growing}, train={"batch_size": 1}), 64, tmp_path)
    begun(made_recipe(**{**sections, "input": {"size_px": 64}}, train={"batch_size": 1}), 64, tmp_path)
    begun(made_recipe(**sections, train={"batch_size": 2}), 16, tmp_path)


def test_a_run_finds_its_weights_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_model(Backbone(backbone="test_resnet"), ImageShape(16), 3)
    initialise(model, 5)
    write_tensors(tmp_path / "mine" / "w.safetensors", model.state_dict())
    recipe = made_recipe(model={"backbone": "test_resnet", "weights": "w.safetensors"}, input={"size_px": 16})
    monkeypatch.chdir(tmp_path / "mine")
    run = open_folder(RunFiles(tmp_path / "run"), recipe, 1)
    monkeypatch.chdir(tmp_path)
    kept = load_recipe(str(run.recipe))
    assert isinstance(kept.model, Backbone)
    assert kept.model.weights == str(tmp_path / "mine" / "w.safetensors")
    weights = model.state_dict()
    assert all(torch.equal(weights[name], tensor) for name, tensor in begun(kept, 16, tmp_path).state_dict().items())


def test_a_run_finds_its_vectors_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "glove.6B.zip").touch()
    monkeypatch.chdir(tmp_path)
    recipe = Recipe.model_validate(
        {"name": "x", "data": {"source": "imdb"}, "input": {"kind": "text", "vectors": "glove.6B.100d"}}
    )
    kept = load_recipe(str(open_folder(RunFiles(tmp_path / "run"), recipe, 1).recipe))
    assert kept.input.vectors == f"{tmp_path / 'glove.6B.zip'}:100d"  # type: ignore[union-attr]


def test_weights_that_are_a_name_stay_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pretrained").mkdir()
    run = open_folder(RunFiles(tmp_path / "run"), made_recipe(model={"weights": "pretrained"}), 1)
    assert load_recipe(str(run.recipe)).model.weights == "pretrained"  # type: ignore[union-attr]


def test_rows_that_are_left_out_are_said_with_the_first_images() -> None:
    assert left_out(1, []) == "1 row was left out, as data.skip_unreadable says."
    images = [{"path": f"red/{number}.png", "reason": "the file is empty"} for number in range(5)]
    assert left_out(1_200, images) == (
        "1,200 rows were left out, as data.skip_unreadable says: red/0.png: the file is empty; red/1.png: the file is empty; "
        "red/2.png: the file is empty, …."
    )
