"""A baseline's probabilities as a predictions table."""

from __future__ import annotations

from typing import Any

import polars as pl
from numpy.typing import ArrayLike

from classmark.data.dataset import Dataset
from classmark.predictions import Predictions, build_predictions


def floor_table(
    dataset: Dataset, split: str, frame: pl.DataFrame, probabilities: ArrayLike, facts: dict[str, Any]
) -> Predictions:
    """The table of one split; `facts` join its metadata and hold at least `floor`, the baseline's name."""
    kept = [name for name in ("group", "leaked") if name in frame.columns]
    return build_predictions(
        frame["id"],
        frame["label"],
        probabilities,
        dataset.classes,
        columns=frame.select(kept),
        metadata={"split": split, "data_fingerprint": dataset.fingerprint, **facts},
        source=str(facts["floor"]),
    )
