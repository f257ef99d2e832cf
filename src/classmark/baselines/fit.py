"""The baselines of a data set, as predictions tables like any model's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.baselines.image_linear import Features, Labels, fit_image_linear
from classmark.baselines.linear import fit_linear
from classmark.baselines.majority import class_shares
from classmark.baselines.sample import sampled_rows
from classmark.baselines.saved import save_linear
from classmark.data.dataset import Dataset
from classmark.data.labels import class_indices
from classmark.predictions import Predictions, build_predictions

# More rows move the baseline by less than a point, and it has to stay a matter of seconds.
MOST_TRAINING_ROWS = 100_000

Probabilities = Mapping[str, NDArray[np.float64]]


def fit_baselines(
    dataset: Dataset, seed: int, features: Features | None = None, keep: Path | None = None
) -> dict[str, dict[str, Predictions]]:
    """For `majority` and `linear`, the predictions on `validation` and `test`.

    Both are fitted on the training split, the linear one on at most 100,000 rows of it, drawn by `seed`
    (fewer where images have more than 200 classes); what
    there is to choose is chosen on validation.

    Args:
        dataset: of texts or images.
        seed: draws rows where there are too many.
        features: of images, on which the linear baseline is fitted too; it is the better one of these and the pixels.
        keep: the folder of a model, into which the linear baseline of texts is saved; None to save nothing.
    """
    labels = {
        split: class_indices(getattr(dataset, split), dataset.classes) for split in ("train", "validation", "test")
    }
    shares = class_shares(labels["train"], dataset.classes)
    constant = {split: np.tile(shares, (len(labels[split]), 1)) for split in ("validation", "test")}
    about = {"baseline": "majority", "training_rows": dataset.train.height}
    if dataset.images is None:
        predicted, about_linear = _of_texts(dataset, labels, seed, keep)
    else:
        predicted, about_linear = _of_images(dataset, labels, seed, features)
    return {"majority": _tables(dataset, constant, about), "linear": _tables(dataset, predicted, about_linear)}


def _of_texts(dataset: Dataset, labels: Labels, seed: int, keep: Path | None) -> tuple[Probabilities, dict[str, Any]]:
    rows = sampled_rows(dataset.train["label"], MOST_TRAINING_ROWS, seed)
    texts = {split: getattr(dataset, split)["text"].to_list() for split in ("validation", "test")}
    linear = fit_linear(
        dataset.train["text"][rows].to_list(),
        labels["train"][rows],
        texts["validation"],
        labels["validation"],
        len(dataset.classes),
    )
    if keep is not None:
        save_linear(linear, dataset.classes, keep)
    about = {"training_rows": len(rows), "chosen_on": "validation", "validation_scores": linear.scores}
    predicted = {split: linear.probabilities(given) for split, given in texts.items()}
    return predicted, {"baseline": linear.method, **about}


def _of_images(
    dataset: Dataset, labels: Labels, seed: int, features: Features | None
) -> tuple[Probabilities, dict[str, Any]]:
    linear = fit_image_linear(dataset, labels, seed, features)
    about = {
        "training_rows": linear.scores[linear.method]["training_rows"],
        "chosen_on": "validation",
        "validation_scores": linear.scores,
    }
    return linear.probabilities, {"baseline": linear.method, **about}


def _tables(dataset: Dataset, probabilities: Probabilities, about: Mapping[str, Any]) -> dict[str, Predictions]:
    return {
        split: _table(getattr(dataset, split), found, dataset, {"split": split, **about})
        for split, found in probabilities.items()
    }


def _table(
    frame: pl.DataFrame, probabilities: NDArray[np.float64], dataset: Dataset, metadata: Mapping[str, Any]
) -> Predictions:
    """A predictions table without the texts or images, which the model's own table holds."""
    kept = frame.select(name for name in ("group", "leaked") if name in frame.columns)
    return build_predictions(
        frame["id"],
        frame["label"],
        probabilities.astype(np.float32),
        dataset.classes,
        columns=kept if kept.width else None,
        metadata={**metadata, "data_fingerprint": dataset.fingerprint},
        source=f"baseline {metadata['baseline']}, {metadata['split']}",
    )
