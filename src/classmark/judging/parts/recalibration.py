"""Probabilities made better on validation rows, and what that changes on test rows.

A temperature for any number of classes, one number by which the logits are divided; for two also isotonic regression.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classmark.judging.comparisons.paired import Difference, mean_difference
from classmark.judging.parts.calibration import BinnedCalibration, binned_error, width_edges
from classmark.judging.rows import scored_rows
from classmark.judging.scored import LOG_LOSS_CLIP, Scored
from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.resampling import Groups
from classmark.predictions import Predictions

HIGHEST_TEMPERATURE = 100.0
LOWEST_TEMPERATURE = 1 / HIGHEST_TEMPERATURE
LIMITS = {  # a temperature at an end of the range → why it is no advice
    HIGHEST_TEMPERATURE: "the log loss falls as far as the temperature rises, so the probabilities tell nothing of the classes, "
    "or the opposite",
    LOWEST_TEMPERATURE: "the log loss falls as far as the temperature does, as every validation row is right, so these rows "
    "cannot say how sure the model should be",
}
BLOCK_VALUES = 1 << 20  # logits that are worked on at once, which bounds memory
MOST_STEPS = 100


@dataclass(frozen=True)
class Recalibrated:
    """The test rows after recalibration.

    Attributes:
        metrics: `log_loss` and `brier`: A as given, B recalibrated, with the paired difference.
        error: the calibration error of the recalibrated largest probability, over bins of equal width.
        moved: rows whose likeliest class is another than before; none by a temperature.
        certain: rows whose true class has probability 0 after recalibration, which log loss counts as 2.2e-16.
    """

    metrics: dict[str, Difference]
    error: BinnedCalibration
    moved: int
    certain: int


@dataclass(frozen=True)
class Recalibration:
    """What was fitted on validation rows, shown on test rows.

    Attributes:
        rows: validation rows.
        temperature: above 1 the model was surer than it should be, below 1 less sure; None where none is best.
        at_limit: no temperature from 0.01 to 100 is best.
        tempered: the test rows with their logits divided by it; None without one.
        isotonic: the test rows after isotonic regression; None for more than two classes.
        withheld: why there is no temperature.
    """

    rows: int
    temperature: float | None
    at_limit: bool
    tempered: Recalibrated | None
    isotonic: Recalibrated | None
    withheld: str | None = None


def recalibrate(test: Predictions, validation: Predictions, positive: int, groups: Groups = None) -> Recalibration:
    """What a temperature, and for two classes isotonic regression, fitted on validation rows change on test rows.

    Args:
        test: labelled rows with probabilities.
        validation: labelled rows with probabilities, classes in the same order.
        positive: of two classes, whose probability isotonic regression is fitted to.
        groups: group number of each test row.
    """
    logits = table_logits(test)
    temperature = fit_temperature(table_logits(validation), validation.labels)
    given = scored_rows(test, positive)
    isotonic = None
    if given.classes == 2:
        fitted = fit_isotonic(validation.probabilities[:, positive], validation.labels == positive)
        probabilities = np.empty_like(test.probabilities)
        probabilities[:, positive] = fitted.apply(test.probabilities[:, positive])
        probabilities[:, 1 - positive] = 1 - probabilities[:, positive]
        isotonic = _shown(given, probabilities, np.argmax(probabilities, axis=1).astype(np.int64), groups)
    withheld = LIMITS.get(temperature)
    return Recalibration(
        rows=len(validation),
        temperature=None if withheld else temperature,
        at_limit=withheld is not None,
        tempered=None if withheld else _shown(given, tempered(logits, temperature), given.surest, groups),
        isotonic=isotonic,
        withheld=withheld,
    )


def _shown(given: Scored, probabilities: Floats, likeliest: NDArray[np.int64], groups: Groups) -> Recalibrated:
    after = Scored(given.labels, likeliest, probabilities, given.classes, given.positive)
    true = probabilities[np.arange(len(after)), after.labels]
    return Recalibrated(
        metrics={
            "log_loss": mean_difference(given.log_losses, after.log_losses, groups),
            "brier": mean_difference(given.brier_terms, after.brier_terms, groups),
        },
        error=binned_error(after, width_edges()),
        moved=int((likeliest != given.surest).sum()),
        certain=int((true == 0).sum()),
    )


def table_logits(table: Predictions) -> Floats:
    """The table's logits, shape (N, C), or the logarithms of its probabilities, clipped at 2.2e-16."""
    if table.logits is not None:
        return table.logits
    logarithms: Floats = np.log(np.maximum(table.probabilities, LOG_LOSS_CLIP))
    return logarithms


def fit_temperature(logits: Floats, labels: NDArray[np.int64]) -> float:
    """The temperature T with the smallest mean log loss of softmax(logits / T), from 0.01 to 100.

    That loss is convex in 1/T. Its minimum is found by Newton's method, kept inside a bracket by bisection; where no
    finite T is best (every row right, or the logits no better than none), the end of the range comes back.

    Args:
        logits: shape (N, C), of a table's labelled rows as `table_logits` gives them.
        labels: class index, shape (N,).

    Source: Guo, Pleiss, Sun, Weinberger 2017, section 4.2.
    """
    low, high = 1 / HIGHEST_TEMPERATURE, 1 / LOWEST_TEMPERATURE
    if _slope(logits, labels, low)[0] >= 0:
        return HIGHEST_TEMPERATURE
    if _slope(logits, labels, high)[0] <= 0:
        return LOWEST_TEMPERATURE
    inverse = 1.0
    for _ in range(MOST_STEPS):
        slope, curvature = _slope(logits, labels, inverse)
        low, high = (inverse, high) if slope < 0 else (low, inverse)
        step = inverse - slope / curvature if curvature > 0 else low
        following = step if low < step < high else (low + high) / 2
        if abs(following - inverse) <= 1e-12 * inverse:
            break
        inverse = following
    return float(1 / inverse)


def tempered(logits: Floats, temperature: float) -> Floats:
    """The probabilities softmax(logits / temperature), shape (N, C)."""
    scaled: Floats = (logits - logits.max(axis=1, keepdims=True)) / temperature
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=1, keepdims=True)
    return scaled


def _slope(logits: Floats, labels: NDArray[np.int64], inverse: float) -> tuple[float, float]:
    """The first and second derivative of the mean log loss by 1/T: the mean of E[z] − z_y and of Var[z]."""
    slope = curvature = 0.0
    for block in _blocks(logits):
        part = logits[block] - logits[block].max(axis=1, keepdims=True)
        probabilities = tempered(part, 1 / inverse)
        mean = (probabilities * part).sum(axis=1)
        slope += float((mean - part[np.arange(len(part)), labels[block]]).sum())
        curvature += float((probabilities * (part - mean[:, None]) ** 2).sum())
    return slope / len(labels), curvature / len(labels)


def _blocks(logits: Floats) -> Iterator[slice]:
    rows = max(1, BLOCK_VALUES // logits.shape[1])
    return (slice(start, start + rows) for start in range(0, len(logits), rows))


@dataclass(frozen=True)
class Isotonic:
    """A rising function: straight between its points, level beyond them.

    Attributes:
        scores, shares: of its points, each rising, each of shape (K,).
    """

    scores: Floats
    shares: Floats

    def apply(self, scores: Floats) -> Floats:
        """The share at each score, of the same shape."""
        found: Floats = np.interp(scores, self.scores, self.shares)
        return found


def fit_isotonic(scores: Floats, hits: NDArray[np.bool_]) -> Isotonic:
    """The rising function of the scores with the smallest squared distance to the hits.

    Neighbours that fall are pooled until none does. Our own, as scikit-learn's takes seconds to load.

    Args:
        scores: shape (N,).
        hits: whether the row has the class, shape (N,).

    Source: Zadrozny & Elkan 2002; pool adjacent violators as in Robertson, Wright, Dykstra 1988, section 1.2.
    """
    distinct, place = np.unique(scores, return_inverse=True)
    rows = np.bincount(place).tolist()
    sums = np.bincount(place, weights=hits.astype(np.float64)).tolist()
    pooled: list[tuple[float, int, int]] = []  # hits, rows, scores of each block
    for hit, count in zip(sums, rows, strict=True):
        block = (hit, count, 1)
        while pooled and pooled[-1][0] * block[1] >= block[0] * pooled[-1][1]:
            before = pooled.pop()
            block = (before[0] + block[0], before[1] + block[1], before[2] + block[2])
        pooled.append(block)
    shares = np.repeat([hit / count for hit, count, _ in pooled], [width for _, _, width in pooled])
    return Isotonic(distinct, shares)
