"""Macro F1 and Matthews' correlation of independent rows, with intervals from the confusion matrix alone.

Both depend on the counts smoothly, so that their deviation follows from the slope in each cell (the delta method:
the counts are multinomial, and as neither value changes when all counts are doubled, the slopes average to 0).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from classmark.judging.scored import class_counts, class_scores, confusion_metrics
from classmark.judging.statistics.intervals import Estimate, Floats, divided, logit_interval, wilson_ends
from classmark.judging.statistics.level import normal_quantile
from classmark.judging.statistics.macro import (
    BIAS_SHARE,
    FEWEST_OF_MANY,
    FEWEST_OF_TWO,
    TOO_FEW_OF_TWO,
    biased,
)

WIDER_F1 = (
    "wider of the delta method on the logit scale (Takahashi et al. 2022) and MOVER on the classes (Lam et al. 2023), "
    "independent rows"
)
WIDER_MCC = (
    "delta method on Fisher's z scale (Itaya et al. 2024), wider of it with and without rows added, independent rows"
)
ROWS_ADDED = 4.0  # over all cells
ONE_CLASS = "none: a single class is there or is predicted, the value is set to 0"


def macro_f1(confusion: NDArray[np.int64]) -> Estimate:
    """The mean F1 of the classes that have rows.

    The delta method gives a class without a hit no width. So each end is the wider one of that and of MOVER on the
    intervals of the classes. As F1 is a ratio, that of a class of few rows is too low on average, by about
    F1 (1 − F1) / (rows + predictions); of many such classes this outweighs the deviation, and the interval is withheld.

    Source: Takahashi, Yamamoto, Kuchiba, Koyama 2022 (delta method), here on the logit scale, which keeps the interval
    inside (0, 1): of 100 rows it then covers 95 % instead of 93 %; Lam, Gopal, Qian 2023 (interval of a class); Zou &
    Donner 2008 (MOVER); the bias is the second-order term of the ratio with Poisson counts.
    """
    counts = class_counts(confusion)
    value = float(confusion_metrics(counts, 1)["f1_macro"][0])
    true, claimed, hits = (part[0] for part in counts)
    present = true > 0
    if len(true) == 2 and true[present].min() < FEWEST_OF_TWO:
        return Estimate(value, None, None, TOO_FEW_OF_TWO)
    weights = divided(present / present.sum(), true + claimed)
    scores = class_scores(counts)[2][0]
    errors = weights * scores
    slopes = 2 * np.diag(weights) - errors[:, None] - errors[None, :]
    deviation = _deviation(confusion, slopes)
    bias = max(float((weights * scores * (1 - scores)).sum()), float((weights * value * (1 - value)).sum()))
    few = true[present].mean() < FEWEST_OF_MANY
    if len(true) > 2 and (few or bias > BIAS_SHARE * deviation):
        return Estimate(value, None, None, biased(bias, "F1 of classes of few rows is too low on average"))
    ends = _mover_f1(true[present], claimed[present], hits[present])
    low, high = logit_interval(value, normal_quantile() * deviation) if 0 < value < 1 else ends
    return Estimate(value, min(low, ends[0]), max(high, ends[1]), WIDER_F1)


def _mover_f1(true: Floats, claimed: Floats, hits: Floats) -> tuple[float, float]:
    """Both ends of the mean F1 from the intervals of the classes, each of shape (C,)."""
    shares, lows, highs = (2 * part / (1 + part) for part in wilson_ends(hits, true + claimed - hits))
    value, classes = float(shares.mean()), len(shares)
    low, high = (math.sqrt(float(((shares - part) ** 2).sum())) / classes for part in (lows, highs))
    return max(0.0, value - low), min(1.0, value + high)


def matthews(confusion: NDArray[np.int64]) -> Estimate:
    """Matthews' correlation, with the wider end on each side of the delta method with and without one row more per cell.

    (Of more than two classes four rows are spread over all cells.) A class with hardly a hit has too little width
    without: with 10 or 20 positives among 2,000 rows of which a tenth are found it covers 84 % instead of 98 %.

    Source: Itaya, Tamura, Hayashi, Yamamoto 2024 (delta method on Fisher's z scale); for more than two classes the
    same with the slopes of Gorodkin's 2004 form.
    """
    counts = class_counts(confusion)
    value = float(confusion_metrics(counts, 1)["mcc"][0])
    true = counts.true[0]
    if len(true) == 2 and 0 < true.min() < FEWEST_OF_TWO:
        return Estimate(value, None, None, TOO_FEW_OF_TWO)
    if min((part > 0).sum() for part in (counts.true[0], counts.claimed[0])) < 2:
        return Estimate(value, None, None, ONE_CLASS)
    cells = confusion.astype(np.float64)
    low, high = matthews_ends(cells + ROWS_ADDED / confusion.size)
    if abs(value) > 1 - 1e-12:
        return Estimate(value, min(low, value), max(high, value), WIDER_MCC)
    ends = matthews_ends(cells)
    return Estimate(value, min(low, ends[0]), max(high, ends[1]), WIDER_MCC)


def matthews_ends(cells: Floats) -> tuple[float, float]:
    """Both ends by the delta method on Fisher's z scale, for counts that need not be whole, shape (C, C)."""
    true, claimed, hits = cells.sum(axis=1), cells.sum(axis=0), np.diag(cells)
    rows = float(true.sum())
    spread_true, spread_claimed = (rows**2 - float((part**2).sum()) for part in (true, claimed))
    value = (float(hits.sum()) * rows - float((true * claimed).sum())) / math.sqrt(spread_true * spread_claimed)
    slopes = rows * np.eye(len(true)) + hits.sum() - claimed[:, None] - true[None, :]
    slopes = slopes / math.sqrt(spread_true * spread_claimed)
    slopes -= value * ((rows - true)[:, None] / spread_true + (rows - claimed)[None, :] / spread_claimed)
    # Fisher's z is half the logit of (1 + value) / 2.
    half = normal_quantile() * _deviation(cells, slopes) / 2
    low, high = (2 * end - 1 for end in logit_interval((1 + value) / 2, half))
    return low, high


def _deviation(confusion: NDArray[np.int64] | Floats, slopes: Floats) -> float:
    return math.sqrt(float((confusion * slopes**2).sum()))
