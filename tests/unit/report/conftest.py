from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
import pytest

from classmark.judging.judge import judge
from classmark.judging.judgement import Judgement
from classmark.predictions import Predictions, build_predictions

# Small enough to judge by hand: two errors, at the confidences 0.62 and 0.64.
LABELS = ("no", "no", "no", "no", "yes", "yes", "yes", "yes", "yes", "yes")
SCORES = (0.12, 0.23, 0.31, 0.62, 0.36, 0.71, 0.77, 0.84, 0.91, 0.97)


@pytest.fixture(scope="session")
def make_table() -> Callable[..., Predictions]:
    """Builds a predictions table of two classes from the probabilities of the second."""

    def build(
        labels: Sequence[str] = LABELS,
        scores: Sequence[float] = SCORES,
        classes: tuple[str, str] = ("no", "yes"),
        texts: Sequence[str] | None = None,
        ids: Sequence[str] | None = None,
    ) -> Predictions:
        second = np.array(scores)
        columns = pl.DataFrame({"text": texts}) if texts is not None else None
        names = ids or [f"row-{row}" for row in range(len(labels))]
        return build_predictions(names, labels, np.column_stack([1 - second, second]), classes, columns=columns)

    return build


@pytest.fixture(scope="session")
def predictions(make_table: Callable[..., Predictions]) -> Predictions:
    return make_table()


@pytest.fixture(scope="session")
def judgement(predictions: Predictions) -> Judgement:
    return judge(predictions, draws=100)
