from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from classmark.baselines import Features, fit_baselines, image_linear, logistic
from classmark.data import Dataset, load_dataset
from classmark.data.images.files import ImageFiles
from classmark.data.images.pixels import Images
from classmark.predictions import read, write
from classmark.recipes.schema import Data

SIZES = {"train": 120, "validation": 60, "test": 60}
COLOURS = {"blue": (60, 60, 160), "green": (60, 160, 60), "red": (160, 60, 60)}


def made_images(classes: dict[str, tuple[int, int, int]], side_px: int, noise: float = 40.0) -> Dataset:
    """Squares of noise around the colour of their class."""
    generator = np.random.default_rng(1)
    labels = [list(classes)[row % len(classes)] for row in range(sum(SIZES.values()))]
    means = np.array([classes[label] for label in labels])[:, None, None]
    drawn = generator.normal(means, noise, (len(labels), side_px, side_px, 3))
    # Of many pixels the mean is too easy a sign of the colour: every image has a tint of its own.
    pixels = np.clip(drawn + generator.normal(0, noise / 2, (len(labels), 1, 1, 3)), 0, 255).astype(np.uint8)
    frame = pl.DataFrame(
        {"id": [f"image {row}" for row in range(len(labels))], "label": labels, "row": range(len(labels))}
    )
    starts = dict(zip(SIZES, (0, 120, 180), strict=True))
    parts = {split: frame[starts[split] :][:size] for split, size in SIZES.items()}
    parts["test"] = parts["test"].with_columns(leaked=pl.lit(value=False))
    images = Images(ImageFiles(Path(), tuple(frame["id"])), side_px, pixels)
    return Dataset(tuple(sorted(classes)), **parts, fingerprint="abc", description={}, images=images)


def made_features(dataset: Dataset, rows: NDArray[np.int64], noise: float) -> Features:
    """One number a class, near one for the true class and near zero for the others."""
    generator = np.random.default_rng(2)
    train, validation, test = (
        np.stack([(frame["label"] == name).to_numpy() for name in dataset.classes], axis=1)
        + generator.normal(0, noise, (frame.height, len(dataset.classes)))
        for frame in (dataset.train[rows], dataset.validation, dataset.test)
    )
    return Features("a backbone", rows, *(part.astype(np.float32) for part in (train, validation, test)))


@pytest.mark.parametrize("side_px", [4, 8, 20, 32])
@pytest.mark.parametrize("classes", [2, 3])
def test_colour_alone_tells_the_class(side_px: int, classes: int, tmp_path: Path) -> None:
    dataset = made_images(dict(list(COLOURS.items())[:classes]), side_px)
    baselines = fit_baselines(dataset, 1)
    assert list(baselines) == ["majority", "linear"]
    for tables in baselines.values():
        assert list(tables) == ["validation", "test"]
        for split, table in tables.items():
            assert table.ids.to_list() == getattr(dataset, split)["id"].to_list()
            assert ("leaked" in table.frame.columns) == (split == "test")
            np.testing.assert_allclose(table.probabilities.sum(axis=1), 1.0, atol=1e-5)
            write(table, tmp_path / "baseline.parquet")
            assert read(tmp_path / "baseline.parquet").metadata == table.metadata
    table = baselines["linear"]["test"]
    assert (table.predicted == table.labels).mean() > 0.95
    assert table.metadata["baseline"] == "pixels"
    assert table.metadata["training_rows"] == 120
    assert table.metadata["chosen_on"] == "validation"


def test_it_is_scikit_learns_regression_on_the_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "STRENGTHS", (0.01,))
    dataset = made_images(COLOURS, 4)
    assert dataset.images is not None
    assert dataset.images.stored is not None
    train, test = (
        dataset.images.stored[frame["row"].to_numpy()].reshape(frame.height, -1) / 255
        for frame in (dataset.train, dataset.test)
    )
    scaler = StandardScaler().fit(train)
    model = LogisticRegression(C=0.01, max_iter=500).fit(scaler.transform(train), dataset.train["label"].to_list())
    expected = model.predict_proba(scaler.transform(test))
    np.testing.assert_allclose(fit_baselines(dataset, 1)["linear"]["test"].probabilities, expected, atol=1e-3)


@pytest.mark.parametrize(("noise", "better"), [(0.05, "a backbone"), (5.0, "pixels")])
def test_what_does_better_on_validation_is_the_baseline(noise: float, better: str) -> None:
    dataset = made_images(COLOURS, 8, noise=120.0)
    rows = np.arange(0, 120, 2)
    tables = fit_baselines(dataset, 1, made_features(dataset, rows, noise))["linear"]
    metadata, scores = tables["test"].metadata, tables["test"].metadata["validation_scores"]
    assert metadata["baseline"] == better
    assert metadata["training_rows"] == scores[better]["training_rows"]
    assert {name: each["training_rows"] for name, each in scores.items()} == {"pixels": 120, "a backbone": 60}
    assert {name: each["features"] for name, each in scores.items()} == {"pixels": 192, "a backbone": 3}
    accuracy = (tables["validation"].predicted == tables["validation"].labels).mean()
    assert accuracy == pytest.approx(scores[better]["accuracy"]) == max(each["accuracy"] for each in scores.values())


def test_the_better_size_of_the_pixels_is_kept() -> None:
    dataset = made_images(COLOURS, 32)
    assert dataset.images is not None
    assert dataset.images.stored is not None
    # Stripes of 2 pixels, upright or lying: at 8 pixels a side nothing is left of them.
    stripes = np.where(np.arange(32) // 2 % 2, 255, 0).astype(np.uint8)
    pixels = np.empty_like(dataset.images.stored)
    upright = np.isin(np.arange(len(pixels)), np.arange(0, len(pixels), 3))
    pixels[upright] = stripes[None, None, :, None]
    pixels[~upright] = stripes[None, :, None, None]
    frames = {
        split: getattr(dataset, split).with_columns(
            label=pl.when(pl.col("row") % 3 == 0).then(pl.lit("upright")).otherwise(pl.lit("lying"))
        )
        for split in SIZES
    }
    images = replace(dataset.images, stored=pixels)
    striped = replace(dataset, classes=("lying", "upright"), images=images, **frames)
    table = fit_baselines(striped, 1)["linear"]["test"]
    assert table.metadata["validation_scores"]["pixels"]["features"] == 16 * 16 * 3
    assert (table.predicted == table.labels).all()


def test_test_images_change_nothing() -> None:
    dataset = made_images(COLOURS, 8)
    changed = replace(dataset, test=dataset.test.with_columns(pl.col("row").reverse()))
    first, second = (fit_baselines(each, 1)["linear"] for each in (dataset, changed))
    assert first["validation"].frame.equals(second["validation"].frame)
    assert not first["test"].frame.equals(second["test"].frame)


def test_more_images_than_a_baseline_needs_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_linear, "MOST_WORK", 90)
    baselines = fit_baselines(made_images(COLOURS, 8), 1)
    assert baselines["linear"]["test"].metadata["training_rows"] == 30
    assert baselines["majority"]["test"].metadata["training_rows"] == 120


def test_grey_digits_of_8_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path))
    table = fit_baselines(load_dataset(Data(source="digits"), 1), 1)["linear"]["validation"]
    assert (table.predicted == table.labels).mean() > 0.94
