"""ROC and precision-recall of one score: areas for any row weights from one sorted order, DeLong's variance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from classmark.judging.intervals import Estimate, Floats, logit_interval, t_quantile


@dataclass(frozen=True)
class Ranking:
    """Rows sorted by falling score, with equal scores as one step.

    Attributes:
        order: row numbers by falling score, shape (N,).
        positive: whether the sorted row is positive, as 0.0 and 1.0, shape (N,).
        ends: the last place of each run of equal scores, shape (S,).
    """

    order: NDArray[np.int64]
    positive: Floats
    ends: NDArray[np.int64]

    @cached_property
    def steps(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """What the areas need: the starts of steps, which of them have positives, their starts among positives.

        Runs without a positive that follow one another are one step: neither area depends on where they part.
        """
        found = np.cumsum(self.positive)[self.ends]
        has = np.diff(found, prepend=0.0) > 0
        kept = has | np.append(has[1:], True)
        starts = np.append(0, self.ends[kept][:-1] + 1)
        return starts, np.flatnonzero(has[kept]), np.append(0, found[has][:-1]).astype(np.int64)


def rank(positive: NDArray[np.bool_], scores: Floats) -> Ranking:
    """The ranking of rows by score; `positive` and `scores` have shape (N,)."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(scores) - 1)
    return Ranking(order, positive[order].astype(np.float64), ends)


def counts_at_steps(ranking: Ranking) -> tuple[Floats, Floats]:
    """True and false positives with the threshold at each distinct score, each of shape (S,)."""
    hits = np.cumsum(ranking.positive)[ranking.ends].astype(np.float64)
    return hits, ranking.ends + 1.0 - hits


def areas(ranking: Ranking, weights: Floats) -> tuple[Floats, Floats]:
    """ROC area (trapezoids) and average precision (steps, not interpolated), each of shape (R,).

    NaN where a class has no weight. Source: Fawcett 2006, algorithm 3; average precision as in scikit-learn.

    Args:
        ranking: of the rows.
        weights: shape (N, R): how often each row counts.
    """
    starts, with_positives, positive_starts = ranking.steps
    ordered = weights[ranking.order]
    every = np.cumsum(np.add.reduceat(ordered, starts, axis=0), axis=0)
    gained = np.zeros_like(every)
    if len(with_positives):
        own = ordered[ranking.positive > 0]
        gained[with_positives] = np.add.reduceat(own, positive_starts, axis=0)
    hits = np.cumsum(gained, axis=0)
    misses = every - hits
    positives, negatives = hits[-1], misses[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        average = np.where(gained > 0, gained * hits / every, 0.0).sum(axis=0) / positives
        roc = (np.diff(misses, axis=0, prepend=0.0) * (hits - gained / 2)).sum(axis=0) / (positives * negatives)
    return np.where(negatives > 0, roc, np.nan), np.where(positives > 0, average, np.nan)


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

    Source: DeLong et al. 1988; the logit transform as in Pepe 2003, section 5.2.4. Student's quantile, at the degrees
    of freedom of the rarer class, instead of the normal one: with 20 positives it covers 93 % instead of 91 %.
    """
    if positive.all() or not positive.any():
        return Estimate(None, None, None, "undefined: rows of one class only")
    above, below = placements(positive, scores)
    area = float(above.mean())
    if min(len(above), len(below)) < 2:
        return Estimate(area, None, None, "none: a single row of a class")
    deviation = math.sqrt(above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below))
    if area in (0.0, 1.0):
        return Estimate(area, None, None, "none: the scores separate the classes completely")
    if deviation == 0:
        return Estimate(area, None, None, "none: every row has the same score")
    low, high = logit_interval(area, t_quantile(min(len(above), len(below)) - 1) * deviation)
    return Estimate(area, low, high, "DeLong on the logit scale, independent rows")


def roc_area_difference(positive: NDArray[np.bool_], a: Floats, b: Floats) -> tuple[float, float] | None:
    """The difference of two ROC areas on the same rows, B − A, and its standard deviation.

    None where a class has fewer than two rows. Source: DeLong et al. 1988, equation 7.
    """
    if min(int(positive.sum()), int((~positive).sum())) < 2:
        return None
    (above_a, below_a), (above_b, below_b) = placements(positive, a), placements(positive, b)
    above, below = above_b - above_a, below_b - below_a
    return float(above.mean()), math.sqrt(above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below))
