"""Columns that follow from the label and the prediction, such as `error`: slices of them would be errors by error."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.judging.scored import Scored
from classmark.judging.statistics.intervals import Floats

MOST_VALUES = 20
ROUNDING = 1e-5
TRIED_ROWS = 1_000  # before all are
FEWEST_NUMBERS = 10  # distinct ones, of which a monotone function is no chance
NAMES = {
    *("error", "errors", "is_error", "correct", "is_correct", "correctness", "incorrect", "is_incorrect", "wrong"),
    *("hit", "hits", "is_hit", "miss", "match", "is_match", "mismatch", "misclassified", "tp", "fp", "tn", "fn"),
    *("loss", "losses", "nll", "log_loss", "logloss", "cross_entropy", "crossentropy", "ce_loss", "brier"),
    *("confidence", "conf", "certainty", "uncertainty", "margin", "residual", "residuals", "entropy"),
    *("logit", "logits", "decision_function", "raw_score", "prediction_score", "pred_proba", "pred_prob"),
    *("max_prob", "max_probability", "p_true", "prob_true"),
}
BY_NAME = "its name says that it follows from label and prediction"
BY_CELL = "it follows from label and prediction"
BY_NUMBER = "it follows from the probabilities: it is a monotone function of {}"


def derived(column: pl.Series, scored: Scored) -> str | None:
    """Why a column follows from label and prediction, or None where it does not.

    Args:
        column: of the same rows.
        scored: with or without probabilities.
    """
    if _plain(column.name) in NAMES:
        return BY_NAME
    column = column.fill_nan(None) if column.dtype.is_float() else column
    if _by_cell(column, scored):
        return BY_CELL
    return _by_number(column, scored) if column.dtype.is_numeric() else None


def _plain(name: str) -> str:
    """`Is Correct`, `isCorrect` and `is-correct` as `is_correct`."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


def _by_cell(column: pl.Series, scored: Scored) -> bool:
    """Whether few values are a function of (label, predicted): one in each cell, and some cell has two rows.

    A column that puts classes together by the label alone is no such one: it says what kind of class a row has.
    """
    count = column.n_unique()
    if not 2 <= count <= max(MOST_VALUES, scored.classes) + 1 or (codes := _codes(column)) is None:
        return False
    cells = scored.labels * scored.classes + scored.predicted
    if len(np.unique(cells)) == len(cells) or not _follows(codes, cells):
        return False
    return not (_follows(codes, scored.labels) and count < len(np.unique(scored.labels)))


def _codes(column: pl.Series) -> NDArray[np.int64] | None:
    """The number of each row's value, 0 where there is none; None for values that make no slices."""
    if column.dtype == pl.Boolean or isinstance(column.dtype, pl.Enum | pl.Categorical):
        column = column.cast(pl.String)
    if not column.dtype.is_numeric() and column.dtype != pl.String:
        return None
    return column.rank("dense").fill_null(0).to_numpy().astype(np.int64)


def _follows(codes: NDArray[np.int64], cells: NDArray[np.int64]) -> bool:
    """Whether each cell has one code."""
    return len(np.unique(cells * (int(codes.max()) + 1) + codes)) == len(np.unique(cells))


def _by_number(column: pl.Series, scored: Scored) -> str | None:
    """Whether a number with many values is a monotone function of a probability that the judgement knows."""
    known = column.cast(pl.Float64)
    values, there = known.drop_nulls().to_numpy(), known.is_not_null().to_numpy()
    if scored.probabilities is None or len(np.unique(values)) < FEWEST_NUMBERS:
        return None
    for what, scores in _probabilities(scored).items():
        ranked = scores[there]
        if _monotone(values[:TRIED_ROWS], ranked[:TRIED_ROWS]) and _monotone(values, ranked):
            return BY_NUMBER.format(what)
    return None


def _probabilities(scored: Scored) -> dict[str, Floats]:
    assert scored.probabilities is not None
    rows = np.arange(len(scored))
    found = {
        "the probability of the true class": scored.probabilities[rows, scored.labels],
        "the probability of the predicted class": scored.probabilities[rows, scored.predicted],
        "the largest probability": scored.probabilities[rows, scored.surest],
    }
    if scored.classes == 2:
        found["the probability of a class"] = scored.probabilities[:, scored.positive]
    return found


def _monotone(values: Floats, scores: Floats) -> bool:
    """Whether the values rise, or fall, with the score throughout, but for rounding on either side.

    Rows that are tied in one may differ in the other.
    """
    if np.ptp(scores) == 0:
        return False
    for signed in (values, -values):
        along = signed[np.lexsort((signed, scores))]
        if float((np.maximum.accumulate(along) - along).max()) <= ROUNDING * float(np.ptp(along)):
            return True
    return False
