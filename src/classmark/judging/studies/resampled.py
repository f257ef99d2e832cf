"""The t test of models trained and tested on parts of one data set, corrected for the training rows that they share."""

from __future__ import annotations

import math
from dataclasses import dataclass

from classmark.judging.statistics.intervals import Floats, t_quantile
from classmark.judging.statistics.p_values import t_p
from classmark.judging.studies.seeds import alike


@dataclass(frozen=True)
class Folds:
    """How rows were resampled: repeated k-fold cross-validation.

    Attributes:
        folds: k; each row is tested in one fold of each repetition.
        repetitions: how often all rows were put into folds anew.
        test_rows, training_rows: of a fold, means over folds.
    """

    folds: int
    repetitions: int
    test_rows: float
    training_rows: float

    @property
    def ratio(self) -> float:
        """Test rows per training row, 1 / (k − 1) with equal folds, as of folds that are not known yet."""
        return self.test_rows / self.training_rows if self.training_rows else 1 / (self.folds - 1)


@dataclass(frozen=True)
class ResampledMean:
    """A mean over J folds.

    Attributes:
        value: None without folds.
        deviation: between folds; None with fewer than two.
        low, high, p: the interval and the two-sided p of a mean of zero; None where the folds do not vary.
    """

    value: float | None
    deviation: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None


def resampled_mean(values: Floats, folds: Folds, confidence: float | None = None, size: float = 0.0) -> ResampledMean:
    """The mean of J values of J folds, with the interval of the corrected resampled t test.

    Folds share training rows, so their values are correlated and s² / J is too small a variance of their mean. It is
    s² (1/J + n_test/n_train), with J − 1 degrees of freedom.

    Args:
        values: one per fold and repetition, shape (J,): a metric, or the difference of two models on the same fold.
        folds: how the rows were resampled.
        confidence: of the interval; without it, the level.
        size: of what the values are differences of; what varies less than rounding at this size has no interval.

    Source: Nadeau & Bengio 2003, equation 8 and section 4.2; of repeated cross-validation Bouckaert & Frank 2004.
    """
    count = len(values)
    if count < 2:
        return ResampledMean(float(values[0]) if count else None, None)
    value, deviation = float(values.mean()), float(values.std(ddof=1))
    if alike(values, size):
        return ResampledMean(value, 0.0)
    error = deviation * math.sqrt(1 / count + folds.ratio)
    half = t_quantile(count - 1, confidence) * error
    return ResampledMean(value, deviation, value - half, value + half, t_p(value / error, count - 1))
