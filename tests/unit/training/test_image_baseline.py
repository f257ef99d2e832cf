"""The features of the embedded backbone for the linear baseline: which rows, which way, and when there are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from classmark.baselines import fit_baselines
from classmark.data import Dataset
from classmark.data.images.files import ImageFiles
from classmark.data.images.pixels import Images
from classmark.errors import MissingExtraError
from classmark.inputs.augment import resize
from classmark.models.backbone import BackboneClassifier
from classmark.recipes.schema import Recipe
from classmark.training import image_baseline
from classmark.training.image_baseline import WEIGHTS, baseline_features, frozen_backbone

RECIPE = Recipe.model_validate({"name": "made", "data": {"source": "digits"}})
SIZES = {"train": 70, "validation": 10, "test": 6}


@pytest.fixture
def dataset() -> Dataset:
    generator = np.random.default_rng(1)
    count = sum(SIZES.values())
    places = generator.permutation(count)
    frame = pl.DataFrame(
        {"id": list(map(str, range(count))), "label": ["ab"[row % 2] for row in range(count)], "row": places}
    )
    pixels = generator.integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)
    frames = {"train": frame[:70], "validation": frame[70:80], "test": frame[80:]}
    images = Images(ImageFiles(Path(), tuple(frame["id"])), 16, pixels)
    return Dataset(("a", "b"), **frames, fingerprint="abc", description={}, images=images)


@pytest.fixture
def backbone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> BackboneClassifier:
    """The real one at 32 pixels, in fp32, so that a test stays quick and exact."""
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path))
    monkeypatch.setattr(image_baseline, "SIZE_PX", 32)
    monkeypatch.setattr(image_baseline, "fastest_way", lambda *_: "fp32")
    pytest.importorskip("timm")
    try:
        return frozen_backbone()
    except MissingExtraError:
        pytest.skip(f"{WEIGHTS} is not installed")


def test_the_features_are_the_backbones_own(dataset: Dataset, backbone: BackboneClassifier) -> None:
    features = baseline_features(RECIPE, dataset)
    assert features is not None
    assert features.name == f"{WEIGHTS} at 32 px"
    assert features.rows.tolist() == list(range(70))
    assert dataset.images is not None
    for split, found in (("train", features.train), ("validation", features.validation), ("test", features.test)):
        pixels = dataset.images.read(getattr(dataset, split)["row"].to_numpy()).transpose(0, 3, 1, 2)
        with torch.no_grad():
            expected = backbone.features(resize(torch.from_numpy(pixels.copy()), 32)).numpy()
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


def test_at_most_so_many_training_rows_are_taken(
    dataset: Dataset, backbone: BackboneClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = baseline_features(RECIPE, dataset)
    monkeypatch.setattr(image_baseline, "MOST_TRAINING_ROWS", 20)
    features = baseline_features(RECIPE, dataset)
    assert features is not None
    assert every is not None
    assert sorted(dataset.train["label"][features.rows].value_counts()["count"]) == [10, 10]
    np.testing.assert_allclose(features.train, every.train[features.rows], atol=1e-3 * np.abs(every.train).max())
    assert (len(features.validation), len(features.test)) == (10, 6)
    scores = fit_baselines(dataset, 1, features)["linear"]["test"].metadata["validation_scores"]
    assert {name: each["training_rows"] for name, each in scores.items()} == {"pixels": 70, features.name: 20}


@pytest.mark.parametrize(
    ("model", "has"),
    [
        ({"backbone": "tf_efficientnet_lite0", "weights": WEIGHTS, "tune": "head"}, False),
        ({"backbone": "tf_efficientnet_lite0", "weights": WEIGHTS, "tune": "all"}, True),
        ({"backbone": "tf_efficientnet_lite0", "tune": "head"}, True),
    ],
)
def test_a_classifier_on_the_very_backbone_has_no_such_baseline(
    model: dict[str, str], has: bool, dataset: Dataset, backbone: BackboneClassifier
) -> None:
    recipe = Recipe.model_validate({"name": "made", "data": {"source": "digits"}, "model": model})
    small = replace(dataset, train=dataset.train[:4], validation=dataset.validation[:2], test=dataset.test[:2])
    assert (baseline_features(recipe, small) is not None) == has


@pytest.mark.parametrize("missing", ["load_timm", "package_path"])
def test_without_the_packages_there_are_none(missing: str, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise MissingExtraError("timm", "images", "model.backbone")

    monkeypatch.setattr(image_baseline, missing, refuse)
    assert baseline_features(RECIPE, dataset) is None


def test_texts_have_none(dataset: Dataset) -> None:
    assert baseline_features(RECIPE, replace(dataset, images=None)) is None
