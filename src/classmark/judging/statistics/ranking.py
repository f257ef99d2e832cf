"""ROC and precision-recall of one score: areas for any row weights from one sorted order, DeLong's variance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classmark.judging.statistics.intervals import Estimate, Floats, logit_interval, t_quantile
from classmark.judging.statistics.level import normal_quantile

Weights = NDArray[np.uint8] | Floats
FEWEST_OF_A_CLASS = 3  # rows, of a difference of two ROC areas

ENOUGH_ROWS = 20  # of equal share in what is lost of the area, (Σ)² / Σ²; of fewer DeLong covers too rarely near 1


@dataclass(frozen=True)
class Ranking:
    """Rows sorted by falling score, with equal scores as one step. Six bytes a row, as there is one for each class.

    Attributes:
        order: row numbers by falling score, shape (N,).
        positive: whether the sorted row is positive, shape (N,).
        closes: whether the sorted row is the last of those with its score, shape (N,).
    """

    order: NDArray[np.int32]
    positive: NDArray[np.bool_]
    closes: NDArray[np.bool_]

    @cached_property
    def steps(self) -> Steps:
        """The steps that have positives: neither area depends on how the negatives between them are ordered."""
        positives = np.flatnonzero(self.positive).astype(np.int32)
        ends = np.flatnonzero(self.closes).astype(np.int32)
        which = np.searchsorted(ends, positives)
        closing = np.flatnonzero(np.diff(which, append=-1)).astype(np.int32)
        kept = which[closing]
        last = ends[kept]
        before = np.where(kept > 0, ends[kept - 1], -1).astype(np.int32)
        tied = np.flatnonzero(last - before > np.diff(closing, prepend=-1))
        return Steps(positives, closing, last, tied, before[tied] + 1)


class Steps(NamedTuple):
    """Where the areas look: positions among the sorted rows, steps without a positive left out.

    Attributes:
        positives: of the P positive rows.
        closing: which of these is the last of its step, shape (S,).
        last: of the last row of each step, shape (S,).
        tied: which steps have negatives too, shape (M,).
        tied_first: of the first row of these steps, shape (M,).
    """

    positives: NDArray[np.int32]
    closing: NDArray[np.int32]
    last: NDArray[np.int32]
    tied: NDArray[np.int64]
    tied_first: NDArray[np.int32]


def rank(positive: NDArray[np.bool_], scores: Floats) -> Ranking:
    """The ranking of rows by score; `positive` and `scores` have shape (N,)."""
    order = np.argsort(-scores).astype(np.int32)  # how equal scores are ordered changes nothing
    closes = np.append(np.diff(scores[order]) != 0, True)
    return Ranking(order, positive[order], closes)


def counts_at_steps(ranking: Ranking) -> tuple[Floats, Floats]:
    """True and false positives with the threshold at each distinct score, each of shape (S,)."""
    ends = np.flatnonzero(ranking.closes)
    hits = np.cumsum(ranking.positive)[ends].astype(np.float64)
    return hits, ends + 1.0 - hits


def areas(ranking: Ranking, weights: Weights) -> tuple[Floats, Floats]:
    """ROC area (trapezoids) and average precision (steps, not interpolated), each of shape (R,).

    NaN where a class has no weight. Source: Fawcett 2006, algorithm 3; average precision as in scikit-learn.

    Args:
        ranking: of the rows.
        weights: shape (R, N): how often each row counts.
    """
    steps = ranking.steps
    ordered: NDArray[Any] = np.take(weights, ranking.order, axis=1)
    every = _running(ordered)
    hits = _running(np.take(ordered, steps.positives, axis=1))
    if hits.shape[1] == 0:
        return np.full(len(weights), np.nan), np.full(len(weights), np.nan)
    positives = hits[:, -1].astype(np.float64)
    negatives = every[:, -1] - positives
    found = np.take(hits, steps.closing, axis=1).astype(np.float64)
    reached = np.take(every, steps.last, axis=1).astype(np.float64)
    gained = np.diff(found, axis=1, prepend=0.0)
    below = gained * (negatives[:, None] - (reached - found))
    if len(steps.tied):
        opened = every[:, steps.tied_first] - ordered[:, steps.tied_first]
        own = gained[:, steps.tied]
        below[:, steps.tied] += own * (reached[:, steps.tied] - opened - own) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        roc = below.sum(axis=1) / (positives * negatives)
        reached += reached == 0  # nothing is gained there
        average = (gained * found / reached).sum(axis=1) / positives
    return np.where((negatives > 0) & (positives > 0), roc, np.nan), np.where(positives > 0, average, np.nan)


def _running(weights: NDArray[Any]) -> NDArray[Any]:
    """Running sums of each draw; counts are summed as whole numbers, which is faster and exact."""
    sums: NDArray[Any] = np.cumsum(weights, axis=1, dtype=np.int32 if weights.dtype == np.uint8 else np.float64)
    return sums


def placements(positive: NDArray[np.bool_], scores: Floats) -> tuple[Floats, Floats]:
    """DeLong's structural components, shape (number of positives,) and (number of negatives,).

    For each positive row the share of negatives below it (ties half), for each negative row the share of positives
    above it.

    Source: DeLong, DeLong, Clarke-Pearson 1988, equations 1 to 6; by midranks as Sun & Xu 2014.
    """
    own = [midranks(scores[positive]), midranks(scores[~positive])]
    together = midranks(scores)
    positives, negatives = len(own[0]), len(own[1])
    return (together[positive] - own[0]) / negatives, 1 - (together[~positive] - own[1]) / positives


def midranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle: Floats = (last - (counts - 1) / 2)[inverse]
    return middle


def roc_area(positive: NDArray[np.bool_], scores: Floats) -> Estimate:
    """The area under the ROC curve with DeLong's interval, made on the logit scale so that it stays inside (0, 1).

    Where a few rows lose most of the area, their number is too uncertain for DeLong's variance: at areas from 0.98 on it
    covers 43 to 95 %. There each end is the wider one of it and of Newcombe's interval, which covers 93 to 100 %.

    Source: DeLong et al. 1988; the logit transform as in Pepe 2003, section 5.2.4. Student's quantile, at the degrees
    of freedom of the rarer class, instead of the normal one: with 20 positives it covers 93 % instead of 91 %.
    Newcombe 2006, method 5 (score interval with the variance of Hanley & McNeil 1982), which alone is left at 0 and 1.
    """
    if positive.all() or not positive.any():
        return Estimate(None, None, None, "undefined: rows of one class only")
    above, below = placements(positive, scores)
    area = float(above.mean())
    if min(len(above), len(below)) < 2:
        return Estimate(area, None, None, "none: a single row of a class")
    deviation = math.sqrt(above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below))
    if area in (0.0, 1.0):
        low, high = newcombe_ends(area, len(above), len(below))
        return Estimate(area, low, high, "Newcombe's score interval (method 5), conservative, independent rows")
    if deviation == 0:
        return Estimate(area, None, None, "none: every row has the same score")
    low, high = logit_interval(area, t_quantile(min(len(above), len(below)) - 1) * deviation)
    sides = (above, below) if area < 0.5 else (1 - above, 1 - below)
    if min(float(side.sum()) ** 2 / float((side**2).sum()) for side in sides) >= ENOUGH_ROWS:
        return Estimate(area, low, high, "DeLong on the logit scale, independent rows")
    ends = newcombe_ends(area, len(above), len(below))
    method = "wider of DeLong on the logit scale and Newcombe's score interval, conservative, independent rows"
    return Estimate(area, min(low, ends[0]), max(high, ends[1]), method)


def newcombe_ends(area: float, positives: int, negatives: int) -> tuple[float, float]:
    """Both ends of Newcombe's score interval of a ROC area: where it lies a normal quantile of deviations from the area.

    Source: Newcombe 2006, part 2, method 5.
    """
    more = (positives + negatives) / 2 - 1

    def distance(true: float) -> float:
        variance = true * (1 - true) * (1 + more * (1 - true) / (2 - true) + more * true / (1 + true))
        return abs(true - area) - normal_quantile() * math.sqrt(variance / (positives * negatives))

    ends = []
    for bound in (0.0, 1.0):
        outside, inside = bound, area
        for _ in range(60):
            middle = (outside + inside) / 2
            outside, inside = (middle, inside) if distance(middle) > 0 else (outside, middle)
        ends.append(inside)
    return ends[0], ends[1]


class AreaDifference(NamedTuple):
    """The difference of two ROC areas on the same rows, B − A, its standard deviation and the degrees of freedom of that."""

    value: float
    deviation: float
    degrees: float


def roc_area_difference(positive: NDArray[np.bool_], a: Floats, b: Floats) -> AreaDifference | None:
    """The difference of two ROC areas on the same rows; None where a class has fewer than three rows.

    Source: DeLong et al. 1988, equation 7; Satterthwaite's degrees of freedom of the two variances, as Brunner & Munzel
    2000 and, for paired ranks, Konietschke & Pauly 2012. The type I error at 5 %, of 4,000 repetitions with 300 negatives:
    with the normal quantile 15 % at 3 positives, 12 % at 5 and 8 % at 10; with Student's t at most 4, 4 and 5 %, and still 9 %
    at 2, which is why three are asked for.
    """
    if min(int(positive.sum()), int((~positive).sum())) < FEWEST_OF_A_CLASS:
        return None
    (above_a, below_a), (above_b, below_b) = placements(positive, a), placements(positive, b)
    above, below = above_b - above_a, below_b - below_a
    parts = above.var(ddof=1) / len(above), below.var(ddof=1) / len(below)
    variance = float(sum(parts))
    spread = parts[0] ** 2 / (len(above) - 1) + parts[1] ** 2 / (len(below) - 1)
    degrees = variance**2 / spread if spread > 0 else float(len(positive) - 2)
    return AreaDifference(float(above.mean()), math.sqrt(variance), float(degrees))
