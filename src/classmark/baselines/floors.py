"""The baselines of a data set, as predictions tables like any model's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.baselines.linear import fit_linear
from classmark.baselines.majority import class_shares
from classmark.data.dataset import Dataset
from classmark.predictions import Predictions, build_predictions

# More rows move the floor by less than a point, and it has to stay a matter of seconds.
MOST_TRAINING_ROWS = 100_000


def fit_floors(dataset: Dataset, seed: int) -> dict[str, dict[str, Predictions]]:
    """For `majority` and `linear`, the predictions on `validation` and `test`.

    Both are fitted on the training split, the linear one on at most 100,000 rows of it, drawn by `seed`; what
    there is to choose is chosen on validation.
    """
    train = _sample(dataset.train, seed) if dataset.train.height > MOST_TRAINING_ROWS else dataset.train
    shares = class_shares(_class_indices(dataset.train, dataset), dataset.classes)
    linear = fit_linear(
        train["text"].to_list(),
        _class_indices(train, dataset),
        dataset.validation["text"].to_list(),
        _class_indices(dataset.validation, dataset),
        len(dataset.classes),
    )
    about_majority = {"floor": "majority", "training_rows": dataset.train.height}
    about_linear = {
        "floor": linear.method,
        "training_rows": train.height,
        "chosen_on": "validation",
        "validation_scores": linear.scores,
    }
    floors: dict[str, dict[str, Predictions]] = {"majority": {}, "linear": {}}
    for split, frame in (("validation", dataset.validation), ("test", dataset.test)):
        constant = np.tile(shares, (frame.height, 1))
        floors["majority"][split] = _table(frame, constant, dataset, {"split": split, **about_majority})
        predicted = linear.probabilities(frame["text"].to_list())
        floors["linear"][split] = _table(frame, predicted, dataset, {"split": split, **about_linear})
    return floors


def _sample(train: pl.DataFrame, seed: int) -> pl.DataFrame:
    """As many random rows as a floor needs, one of each class among them."""
    order = pl.Series(np.random.default_rng((seed, 5)).permutation(train.height))
    first = train[order]["label"].is_first_distinct()
    drawn = pl.concat([order.filter(first), order.filter(~first)])[:MOST_TRAINING_ROWS]
    return train[drawn.sort()]


def _class_indices(frame: pl.DataFrame, dataset: Dataset) -> NDArray[np.int64]:
    numbers = {name: index for index, name in enumerate(dataset.classes)}
    return frame["label"].replace_strict(numbers, return_dtype=pl.Int64).to_numpy()


def _table(
    frame: pl.DataFrame, probabilities: NDArray[np.float64], dataset: Dataset, metadata: Mapping[str, Any]
) -> Predictions:
    """A predictions table without the texts, which the model's own table holds."""
    kept = frame.select(name for name in ("group", "leaked") if name in frame.columns)
    return build_predictions(
        frame["id"],
        frame["label"],
        probabilities.astype(np.float32),
        dataset.classes,
        columns=kept if kept.width else None,
        metadata={**metadata, "data_fingerprint": dataset.fingerprint},
        source=f"baseline {metadata['floor']}, {metadata['split']}",
    )
