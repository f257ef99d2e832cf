from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from classmark.predictions import Predictions, build_predictions

Make = Callable[..., Predictions]


@pytest.fixture
def make() -> Make:
    """Builds predictions of a given number of rows and classes; `quality` moves the scores towards the labels."""

    def build(
        rows: int = 300,
        classes: tuple[str, ...] = ("no", "yes"),
        *,
        quality: float = 1.5,
        seed: int = 0,
        columns: dict[str, Any] | None = None,
        labels: list[str | None] | None = None,
        source: str = "table",
    ) -> Predictions:
        drawn = np.random.default_rng(1).integers(0, len(classes), rows)
        scores = np.random.default_rng(seed).normal(size=(rows, len(classes)))
        scores[np.arange(rows), drawn] += quality
        probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        names = labels or [classes[index] for index in drawn]
        frame = pl.DataFrame(columns) if columns else None
        ids = [f"row-{row}" for row in range(rows)]
        return build_predictions(ids, names, probabilities, classes, columns=frame, source=source)

    return build
