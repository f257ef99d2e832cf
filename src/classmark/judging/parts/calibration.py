"""How far the largest probability can be read as a share of rows that are right."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from classmark.judging.parts.brier import BrierParts, class_bins
from classmark.judging.parts.kernel_calibration import KernelError, kernel_error
from classmark.judging.scored import Scored
from classmark.judging.statistics.intervals import Floats, wilson
from classmark.judging.statistics.level import normal_quantile
from classmark.judging.statistics.resampling import Groups

BINS = 15


@dataclass(frozen=True)
class Bin:
    """The rows whose confidence is above `low` and at most `high`.

    Attributes:
        low, high: the edges.
        rows: how many.
        confidence: mean of the largest probability.
        accuracy, accuracy_low, accuracy_high: share of rows whose likeliest class is right, with its Wilson interval.
    """

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True)
class BinnedCalibration:
    """The calibration error over one set of bins.

    Attributes:
        bins: those with rows, by rising confidence.
        ece: mean gap between confidence and accuracy, the bins weighted by rows; plug-in estimate, biased upwards.
        ece_debiased: less a part of the bias (of a calibrated model at 1,000 rows about 40 %), at least 0.
        ece_by_chance, ece_by_chance_high: the plug-in estimate that rows with these confidences would give on average,
            and in 97.5 of 100 cases at most (at a level of 95 %), if the model were calibrated and rows independent.
        mce: the largest gap of a bin; a maximum over bins, so biased upwards more than `ece`.
        mce_by_chance: what a calibrated model would show there on average.
    """

    bins: tuple[Bin, ...]
    ece: float
    ece_debiased: float
    ece_by_chance: float | None = None
    ece_by_chance_high: float | None = None
    mce: float | None = None
    mce_by_chance: float | None = None


@dataclass(frozen=True)
class Calibration(BinnedCalibration):
    """The calibration of the largest probability over 15 bins of equal width, and of every class's probability.

    Attributes:
        equal_mass: over 15 bins with about equally many rows.
        confidence, accuracy: mean of the largest probability, and the share of rows whose likeliest class is right.
        classwise_ece: mean over the classes of the plug-in error of that class's probability; of two, the positive's.
        brier: the parts of the Brier score over equal-width bins.
        kernel: the error of all classes' probabilities without bins, unbiased, with its test.
    """

    equal_mass: BinnedCalibration | None = None
    confidence: float | None = None
    accuracy: float | None = None
    classwise_ece: float | None = None
    brier: BrierParts | None = None
    kernel: KernelError | None = None


def calibrate(scored: Scored, groups: Groups = None) -> Calibration:
    """The calibration of rows with probabilities; with groups there is no kernel error."""
    confidence, classes = confidences(scored), class_bins(scored, width_edges())
    return Calibration(
        **vars(binned_error(scored, width_edges())),
        equal_mass=binned_error(scored, mass_edges(confidence)),
        confidence=float(confidence.mean()),
        accuracy=float((scored.surest == scored.labels).mean()),
        classwise_ece=classes.calibration_error(),
        brier=classes.brier_parts(),
        kernel=kernel_error(scored, groups),
    )


def confidences(scored: Scored) -> Floats:
    """Each row's largest probability, shape (N,)."""
    assert scored.probabilities is not None
    found: Floats = scored.probabilities[np.arange(len(scored)), scored.surest]
    return found


def width_edges() -> Floats:
    """The edges of 15 bins of equal width."""
    return np.linspace(0.0, 1.0, BINS + 1)


def mass_edges(confidence: Floats) -> Floats:
    """The edges of at most 15 bins with about equally many rows; rows of one confidence share a bin."""
    places = np.ceil(np.arange(1, BINS) * len(confidence) / BINS).astype(np.int64) - 1
    inner = np.sort(confidence)[np.maximum(places, 0)]
    return np.unique(np.concatenate([[0.0], inner, [max(1.0, float(confidence.max()))]]))


def binned_error(scored: Scored, edges: Floats) -> BinnedCalibration:
    """The calibration error of the largest probability over bins that are closed on the right.

    Source: Naeini, Cooper, Hauskrecht 2015 (expected and maximum calibration error); Guo et al. 2017 for the predicted
    class; Nguyen & O'Connor 2015 for bins with equally many rows.
    """
    confidence, count = confidences(scored), len(edges) - 1
    place = np.searchsorted(edges[1:-1], confidence, side="left")
    rows = np.bincount(place, minlength=count).astype(np.float64)
    right = (scored.surest == scored.labels).astype(np.float64)
    hits = np.bincount(place, weights=right, minlength=count)
    sums = np.bincount(place, weights=confidence, minlength=count)
    variances = np.bincount(place, weights=confidence * (1 - confidence), minlength=count)
    there = rows > 0
    bins = tuple(
        _bin(float(edges[index]), float(edges[index + 1]), int(rows[index]), float(hits[index]), float(sums[index]))
        for index in np.flatnonzero(there)
    )
    shares, gaps = rows[there] / len(scored), np.abs(hits - sums)[there] / rows[there]
    # With each row right with the probability that it states, a bin's gap is near a normal of this deviation about 0.
    deviations = np.sqrt(np.maximum(variances[there], 0)) / rows[there]
    chance = float((shares * deviations).sum()) * math.sqrt(2 / math.pi)
    spread = math.sqrt(float(((shares * deviations) ** 2).sum()) * (1 - 2 / math.pi))
    return BinnedCalibration(
        bins=bins,
        ece=float((shares * gaps).sum()),
        ece_debiased=_debiased(bins),
        ece_by_chance=chance,
        ece_by_chance_high=chance + normal_quantile() * spread,
        mce=float(gaps.max()),
        mce_by_chance=_largest_by_chance(deviations),
    )


def _bin(low: float, high: float, rows: int, hits: float, confidences: float) -> Bin:
    share = wilson(hits, rows)
    assert share.value is not None
    assert share.low is not None
    assert share.high is not None
    return Bin(low, high, rows, confidences / rows, share.value, share.low, share.high)


def _debiased(bins: tuple[Bin, ...]) -> float:
    """The calibration error less a part of its bias, at least 0.

    Of a calibrated model at 1,000 rows it takes about 40 % of the bias away, not all of it: the gaps that were seen stand
    for the true ones, and they are too large by chance themselves.

    Source: Kumar, Liang, Ma 2019, section 5 (l1 form): twice the plug-in error less its expectation when each bin's
    accuracy is drawn from a normal about what was seen; here that expectation is the folded normal's mean, not a draw.
    """
    gaps: Floats = np.array([part.accuracy - part.confidence for part in bins])
    shares = np.array([part.rows for part in bins]) / sum(part.rows for part in bins)
    deviations = [math.sqrt(part.accuracy * (1 - part.accuracy) / part.rows) for part in bins]
    expected = [_folded_mean(gap, deviation) for gap, deviation in zip(gaps, deviations, strict=True)]
    return max(0.0, float((shares * (2 * np.abs(gaps) - np.array(expected))).sum()))


def _folded_mean(mean: float, deviation: float) -> float:
    """The expected absolute value of a normal variable (Leone, Nelson, Nottingham 1961)."""
    if deviation == 0:
        return abs(mean)
    ratio = mean / deviation
    return deviation * math.sqrt(2 / math.pi) * math.exp(-(ratio**2) / 2) + mean * math.erf(ratio / math.sqrt(2))


def _largest_by_chance(deviations: Floats) -> float:
    """The expected largest of independent |normal| variables about 0: the integral of the chance that one is beyond x.

    A gap cannot exceed 1, so the integral ends there.
    """
    grid = np.linspace(0.0, min(1.0, 8 * float(deviations.max())), 401)
    spreads = [float(deviation) for deviation in deviations if deviation > 0]
    inside = [math.prod(math.erf(x / (spread * math.sqrt(2))) for spread in spreads) for x in grid]
    return float(np.trapezoid(1 - np.array(inside), grid)) if spreads else 0.0
