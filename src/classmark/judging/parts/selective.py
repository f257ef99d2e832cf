"""Selective prediction: how the error falls where a model answers only the rows that it is surest of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from classmark.judging.parts.calibration import confidences
from classmark.judging.scored import Scored
from classmark.judging.statistics.intervals import Estimate, Floats, share_interval
from classmark.judging.statistics.resampling import Groups

TARGETS = (0.01, 0.05)
CURVE_POINTS = 200


@dataclass(frozen=True)
class Target:
    """An error that is not to be exceeded, and what its threshold keeps.

    Attributes:
        error: the aim, a share of the rows that are kept.
        threshold: the confidence from which on a row is kept, chosen on validation: the one that keeps most rows there
            with at most this error; None where none does.
        validation_coverage, validation_error: share of validation rows kept, and of these, wrong.
        coverage, test_error: the same on test rows; None without a threshold.
    """

    error: float
    threshold: float | None = None
    validation_coverage: float | None = None
    validation_error: float | None = None
    coverage: Estimate | None = None
    test_error: Estimate | None = None


@dataclass(frozen=True)
class Selective:
    """Error against coverage on test rows, the surest first.

    Attributes:
        coverage, risk: the curve: share of rows answered, and share of these that are wrong.
        area: AURC, the mean error over all coverages; lower is better.
        best_area: what the same number of errors would give if they were the least sure rows.
        targets: thresholds chosen on validation; None where there was none.
    """

    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    area: float
    best_area: float
    targets: tuple[Target, ...] | None


def select(test: Scored, validation: Scored | None, groups: Groups = None) -> Selective:
    """The curve on test rows, with thresholds from validation rows.

    A row's confidence is its largest probability, as given; right is where that class is.

    Args:
        test: rows with probabilities.
        validation: other rows of the same model; without them no threshold is chosen.
        groups: group number of each test row.

    Source: Geifman & El-Yaniv 2017 (softmax response); Geifman, Uziel, El-Yaniv 2019, section 3 (AURC and its best).
    """
    risks = _risks(test)
    rows, wrong = len(test), int((test.surest != test.labels).sum())
    best = np.maximum(0, np.arange(1, rows + 1) - (rows - wrong)) / np.arange(1, rows + 1)
    shown = np.unique(np.linspace(0, rows - 1, min(rows, CURVE_POINTS)).round().astype(np.int64))
    return Selective(
        coverage=tuple(((shown + 1) / rows).tolist()),
        risk=tuple(risks[shown].tolist()),
        area=float(risks.mean()),
        best_area=float(best.mean()),
        targets=None if validation is None else tuple(_target(error, test, validation, groups) for error in TARGETS),
    )


def _risks(scored: Scored) -> Floats:
    """The error among the k surest rows, shape (N,) for k = 1 … N; rows of one confidence share their errors evenly."""
    _, place, counts = np.unique(-confidences(scored), return_inverse=True, return_counts=True)
    wrong = np.bincount(place, weights=scored.surest != scored.labels)
    found: Floats = np.cumsum(np.repeat(wrong / counts, counts)) / np.arange(1, len(scored) + 1)
    return found


def choose_threshold(validation: Scored, error: float) -> float | None:
    """The confidence from which on most validation rows are kept with at most this share wrong; None where none is.

    It keeps at least 1 / error rows, since among fewer a share that small is seen by luck alone. Where all rows can be
    kept it is 0.
    """
    values, place, counts = np.unique(-confidences(validation), return_inverse=True, return_counts=True)
    kept = np.cumsum(counts)
    wrong = np.cumsum(np.bincount(place, weights=validation.surest != validation.labels))
    good = np.flatnonzero((wrong <= error * kept) & (kept >= 1 / error))
    if len(good) == 0:
        return None
    return 0.0 if good[-1] == len(values) - 1 else float(-values[good[-1]])


def _target(error: float, test: Scored, validation: Scored, groups: Groups) -> Target:
    threshold = choose_threshold(validation, error)
    if threshold is None:
        return Target(error)
    seen = confidences(validation) >= threshold
    kept, wrong = confidences(test) >= threshold, test.surest != test.labels
    return Target(
        error=error,
        threshold=threshold,
        validation_coverage=float(seen.mean()),
        validation_error=float((validation.surest != validation.labels)[seen].mean()),
        coverage=share_interval(kept, groups),
        test_error=share_interval(wrong[kept], None if groups is None else groups[kept]),
    )
