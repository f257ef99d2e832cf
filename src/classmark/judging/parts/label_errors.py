"""Rows with whose label the model disagrees most, by confident learning; hard rows of a right label are among them.

Source: Northcutt, Jiang, Chuang, Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70, 2021: the
thresholds are equation 2, the confident joint equation 1, its calibration equation 3, the rows are "prune by noise
rate" of section 3.2. As in cleanlab, a row that the model predicts as it is labelled is never named.

The probabilities must come from a model that did not learn from these rows: validation or out-of-fold predictions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import InputError
from classmark.predictions import Predictions
from classmark.system.files import atomic_path

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_ROWS = 50
ROUNDING = 1e-6  # a row at its class's mean must not fall below it by the rounding of that mean


@dataclass(frozen=True)
class LabelError:
    """A row with whose label the model disagrees.

    Attributes:
        id: of the row.
        label: the class that it has.
        suggested: the class that the model gives it.
        confidence: probability of the suggested class.
        label_probability: probability of the label that it has.
    """

    id: str
    label: str
    suggested: str
    confidence: float
    label_probability: float


@dataclass(frozen=True)
class LabelErrors:
    """What the audit of labels found.

    Attributes:
        source: the audited table.
        audited: labelled rows that were looked at.
        count: rows with whose label the model disagrees.
        share: count over audited.
        estimated_share: of wrong labels, by the calibrated joint; more than `share` where the model agrees with labels
            that the estimate counts as wrong.
        rows: the likeliest, the lowest probability of their own label first.
    """

    source: str
    audited: int
    count: int
    share: float
    estimated_share: float
    rows: tuple[LabelError, ...]


def find_label_errors(predictions: Predictions) -> LabelErrors:
    """The audit of the labels of a table whose rows the model did not learn from; its first rows.

    Raises:
        InputError: the table has no probabilities.
    """
    labels, probabilities = _known(predictions)
    frame = label_error_frame(predictions)
    counts = calibrated_joint(confident_joint(labels, probabilities), labels)
    return LabelErrors(
        source=predictions.source,
        audited=len(labels),
        count=frame.height,
        share=frame.height / max(1, len(labels)),
        estimated_share=1 - float(np.trace(counts)) / max(1, len(labels)),
        rows=tuple(LabelError(**row) for row in frame.head(MOST_ROWS).iter_rows(named=True)),
    )


def label_error_frame(predictions: Predictions) -> pl.DataFrame:
    """All rows with whose label the model disagrees: id, label, suggested, confidence, label_probability.

    Raises:
        InputError: the table has no probabilities.
    """
    labels, probabilities = _known(predictions)
    rows = label_error_rows(labels, probabilities)
    suggested, names = np.argmax(probabilities, axis=1), np.asarray(predictions.classes, dtype=object)
    ids = predictions.ids.filter(pl.Series(predictions.labels >= 0))
    return pl.DataFrame(
        {
            "id": ids[rows],
            "label": pl.Series(names[labels[rows]].tolist(), dtype=pl.String),
            "suggested": pl.Series(names[suggested[rows]].tolist(), dtype=pl.String),
            "confidence": probabilities[rows, suggested[rows]],
            "label_probability": probabilities[rows, labels[rows]],
        }
    )


def write_label_errors(found: pl.DataFrame, predictions: Predictions, path: Path) -> None:
    """Write rows of `label_error_frame` with the text or path that the table has of them, as CSV or Parquet.

    Raises:
        InputError: the file's ending is neither .csv nor .parquet.
    """
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(
            f'{path}: a list of label errors is written as CSV or Parquet. End the name in ".csv" or ".parquet".'
        )
    shown = [name for name in ("text", "path", "group", "source") if name in predictions.frame.columns]
    rows = found.join(predictions.frame.select("id", *shown), on="id", how="left", maintain_order="left")
    with atomic_path(path) as temporary:
        rows.write_csv(temporary) if path.suffix.lower() == ".csv" else rows.write_parquet(temporary)


def label_error_rows(labels: Ints, probabilities: Floats) -> Ints:
    """The rows with whose label the model disagrees, the lowest probability of their own label first.

    For each pair of a given class i and another j, as many of i's rows as the calibrated joint counts there, those with
    the largest p(j) − p(i). Rows predicted as they are labelled, and the only row of a class, are left out.

    Args:
        labels: class indices, shape (N,).
        probabilities: shape (N, C).
    """
    counts = calibrated_joint(confident_joint(labels, probabilities), labels)
    np.fill_diagonal(counts, 0)
    chosen = np.zeros(len(labels), dtype=bool)
    for given in np.flatnonzero(counts.any(axis=1)):
        own = np.flatnonzero(labels == given)
        if len(own) < 2:
            continue
        margins = probabilities[own] - probabilities[own, given][:, None]
        for other in np.flatnonzero(counts[given]):
            chosen[own[np.argsort(-margins[:, other], kind="stable")[: counts[given, other]]]] = True
    chosen &= np.argmax(probabilities, axis=1) != labels
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(probabilities[rows, labels[rows]], kind="stable")]


def confident_thresholds(labels: Ints, probabilities: Floats) -> Floats:
    """The mean probability of each class over the rows labelled so, shape (C,); infinite for a class without rows."""
    classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=classes)
    own = probabilities[np.arange(len(labels)), labels]
    sums = np.bincount(labels, weights=own, minlength=classes)
    thresholds: Floats = np.divide(sums, counts, out=np.full(classes, np.inf), where=counts > 0)
    return thresholds


def confident_joint(labels: Ints, probabilities: Floats) -> Ints:
    """Rows by given class and by the class that they confidently belong to, shape (C, C).

    A row belongs to the most probable of the classes whose threshold it reaches, and to none where it reaches none.
    Each class counts at least one row as its own.
    """
    classes = probabilities.shape[1]
    reached = probabilities >= confident_thresholds(labels, probabilities) - ROUNDING
    confident = reached.any(axis=1)
    several = reached.sum(axis=1) > 1
    belongs = np.where(several, np.argmax(probabilities, axis=1), np.argmax(reached, axis=1))
    cells = labels[confident] * classes + belongs[confident]
    joint = np.bincount(cells, minlength=classes * classes).reshape(classes, classes).astype(np.int64)
    np.fill_diagonal(joint, np.maximum(joint.diagonal(), 1))
    return joint


def calibrated_joint(joint: Ints, labels: Ints) -> Ints:
    """The joint with each row scaled to the number of rows that have this label, in whole rows (largest remainders)."""
    counts = np.bincount(labels, minlength=len(joint))
    scaled = joint / joint.sum(axis=1, keepdims=True) * counts[:, None]
    whole = np.floor(scaled + 1e-9)
    missing = counts - whole.sum(axis=1)
    rank = np.argsort(np.argsort(whole - scaled, axis=1, kind="stable"), axis=1, kind="stable")
    rounded: Ints = (whole + (rank < missing[:, None])).astype(np.int64)
    return rounded


def _known(predictions: Predictions) -> tuple[Ints, Floats]:
    if not predictions.has_probabilities:
        raise InputError(
            f"{predictions.source}: predicted labels only; an audit of labels needs probabilities. "
            "Give the model's probabilities of all classes."
        )
    known = predictions.labels >= 0
    return predictions.labels[known], predictions.probabilities[known]
