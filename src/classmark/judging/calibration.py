"""How far the probability of the predicted class can be read as a share of rows that are right."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from classmark.judging.intervals import Floats, wilson
from classmark.judging.metrics import Scored

BINS = 15


@dataclass(frozen=True)
class Bin:
    """The rows whose confidence is above `low` and at most `high`.

    Attributes:
        low, high: the edges.
        rows: how many.
        confidence: mean probability of the predicted class.
        accuracy, accuracy_low, accuracy_high: share of right predictions with its Wilson interval.
    """

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True)
class Calibration:
    """The reliability diagram's bins (those with rows) and the calibration error over them.

    Attributes:
        bins: by rising confidence.
        ece: plug-in estimate, biased upwards.
        ece_debiased: less what rows that are perfectly calibrated but for chance would add.
    """

    bins: tuple[Bin, ...]
    ece: float
    ece_debiased: float

    def to_json(self) -> dict[str, Any]:
        return {"bins": [asdict(part) for part in self.bins], "ece": self.ece, "ece_debiased": self.ece_debiased}


def calibrate(scored: Scored) -> Calibration:
    """The calibration of the predicted class in 15 equal-width bins, closed on the right.

    Source: Naeini, Cooper, Hauskrecht 2015 (expected calibration error); Guo et al. 2017 for the predicted class.
    """
    assert scored.probabilities is not None
    confidence = scored.probabilities[np.arange(len(scored)), scored.predicted]
    right = (scored.predicted == scored.labels).astype(np.float64)
    edges = np.linspace(0.0, 1.0, BINS + 1)
    place = np.searchsorted(edges[1:-1], confidence, side="left")
    rows = np.bincount(place, minlength=BINS)
    hits = np.bincount(place, weights=right, minlength=BINS)
    sums = np.bincount(place, weights=confidence, minlength=BINS)
    bins = []
    for index in np.flatnonzero(rows):
        share = wilson(float(hits[index]), int(rows[index]))
        assert share.value is not None
        assert share.low is not None
        assert share.high is not None
        mean = float(sums[index] / rows[index])
        low, high = float(edges[index]), float(edges[index + 1])
        bins.append(Bin(low, high, int(rows[index]), mean, share.value, share.low, share.high))
    return Calibration(tuple(bins), float(np.abs(hits - sums).sum() / len(scored)), _debiased(bins))


def _debiased(bins: list[Bin]) -> float:
    """The calibration error less its bias, at least 0.

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
