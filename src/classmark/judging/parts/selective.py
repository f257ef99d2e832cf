"""Selective prediction: how the error falls where a model answers only the rows that it is surest of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from classmark.judging.parts.calibration import confidences
from classmark.judging.parts.guarantees import Guarantee, guaranteed_share
from classmark.judging.parts.thresholds import fewest_behind
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
            with at most this error, or with a `guarantee` that promises it on new rows; None where none does.
        validation_coverage, validation_error: share of validation rows kept, and of these, wrong.
        coverage, test_error: the same on test rows; None without a threshold.
        rows: validation rows kept; None without a threshold.
        missing: why there is no threshold.
        guarantee: of the error on new rows; its `bound` is the upper limit of the error. None where no confidence was
            asked for.
        asked: whether a user asked for this error.
    """

    error: float
    threshold: float | None = None
    validation_coverage: float | None = None
    validation_error: float | None = None
    coverage: Estimate | None = None
    test_error: Estimate | None = None
    rows: int | None = None
    missing: str | None = None
    guarantee: Guarantee | None = None
    asked: bool = False


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


def select(
    test: Scored,
    validation: Scored | None,
    groups: Groups = None,
    errors: Sequence[float] = (),
    confidence: float | None = None,
) -> Selective:
    """The curve on test rows, with thresholds from validation rows.

    A row's confidence is its largest probability, as given; right is where that class is.

    Args:
        test: rows with probabilities.
        validation: other rows of the same model; without them no threshold is chosen.
        groups: group number of each test row.
        errors: that a user asks for, beside 0.01 and 0.05.
        confidence: with which these are to hold on new rows.

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
        targets=None if validation is None else _targets(test, validation, groups, errors, confidence),
    )


def _targets(
    test: Scored, validation: Scored, groups: Groups, errors: Sequence[float], confidence: float | None
) -> tuple[Target, ...]:
    """The usual targets and those that were asked for, by their error; of these, with the confidence that was asked for."""
    asked = dict.fromkeys(TARGETS) | dict.fromkeys(errors, confidence)
    found = (_target(error, test, validation, groups, asked[error]) for error in sorted(asked))
    return tuple(replace(one, asked=one.error in errors) for one in found)


def _risks(scored: Scored) -> Floats:
    """The error among the k surest rows, shape (N,) for k = 1 … N; rows of one confidence share their errors evenly."""
    _, place, counts = np.unique(-confidences(scored), return_inverse=True, return_counts=True)
    wrong = np.bincount(place, weights=scored.surest != scored.labels)
    found: Floats = np.cumsum(np.repeat(wrong / counts, counts)) / np.arange(1, len(scored) + 1)
    return found


def choose_threshold(validation: Scored, error: float) -> float | None:
    """The confidence from which on most validation rows are kept with at most this share wrong; None where none is.

    It keeps at least 30 rows, and so many that one of them may be wrong, since among fewer a share that small is seen by
    luck alone. Where all rows can be kept it is 0.
    """
    values, place, counts = np.unique(-confidences(validation), return_inverse=True, return_counts=True)
    kept = np.cumsum(counts)
    wrong = np.cumsum(np.bincount(place, weights=validation.surest != validation.labels))
    good = np.flatnonzero((wrong <= error * kept) & (kept >= fewest_behind(1 - error)))
    if len(good) == 0:
        return None
    return 0.0 if good[-1] == len(values) - 1 else float(-values[good[-1]])


def _target(error: float, test: Scored, validation: Scored, groups: Groups, confidence: float | None) -> Target:
    found = Target(error)
    missed = validation.surest != validation.labels
    if confidence is None:
        threshold = choose_threshold(validation, error)
        few = f"no threshold keeps {100 * error:g} % on at least {fewest_behind(1 - error):,} validation rows"
        found = replace(found, threshold=threshold, missing=few if threshold is None else None)
    else:
        kept = guaranteed_share(confidences(validation), ~missed, 1 - error, confidence)
        kept = kept.with_reason("answered validation rows", of_errors=True)
        promise = replace(kept, bound=None if kept.bound is None else 1 - kept.bound)
        found = replace(found, threshold=kept.threshold, missing=kept.missing, guarantee=promise)
    if found.threshold is None:
        return found
    seen = confidences(validation) >= found.threshold
    kept_rows, wrong = confidences(test) >= found.threshold, test.surest != test.labels
    return replace(
        found,
        rows=int(seen.sum()),
        validation_coverage=float(seen.mean()),
        validation_error=float(missed[seen].mean()),
        coverage=share_interval(kept_rows, groups),
        test_error=share_interval(wrong[kept_rows], None if groups is None else groups[kept_rows]),
    )
