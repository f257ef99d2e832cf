"""Simultaneous bands of ROC and precision-recall curves: the whole curve lies inside, at the level or more often."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.level import normal_quantile, risk
from classmark.judging.statistics.ranking import Ranking, counts_at_steps
from classmark.judging.statistics.resampling import Groups

SIDE = 2  # times the risk: of so many draws the scores of either class may leave their band, the curve far fewer
THRESHOLDS, GROUPED_THRESHOLDS = 300, 60
MOST_DRAWS = 400
FEWEST_GROUPS = 20
# A cubic in ln n for the 90 % quantile of n · sup KL(F_n, F), from 40,000 simulated samples of 1 to 100,000 rows.
QUANTILE = (0.00144, -0.04008, 0.50271, 3.04)
PREVALENCE_QUANTILE = 3.689  # −ln(0.05 / 2), Chernoff's bound at 95 %
STEPS = 40  # of bisection


@dataclass(frozen=True)
class Band:
    """What is known of both score distributions at once.

    Attributes:
        hits_low, hits_high: bounds of the true positive rate at K falling thresholds, shape (K,).
        misses_low, misses_high: of the false positive rate there, shape (K,).
        prevalence: bounds of the share of positive rows.
        method: how they were made.
    """

    hits_low: Floats
    hits_high: Floats
    misses_low: Floats
    misses_high: Floats
    prevalence: tuple[float, float]
    method: str

    def roc(self, rates: Floats) -> tuple[Floats, Floats]:
        """Lower and upper bound of the true positive rate at false positive rates, each of shape (P,)."""
        return (
            _step(self.hits_low, np.searchsorted(self.misses_high, rates, side="right") - 1, 0.0),
            _step(self.hits_high, np.searchsorted(self.misses_low, rates, side="left"), 1.0),
        )

    def precision(self, recalls: Floats) -> tuple[Floats, Floats]:
        """Lower and upper bound of the precision at recalls, each of shape (P,)."""
        most = _step(self.misses_high, np.searchsorted(self.hits_low, recalls, side="left"), 1.0)
        fewest = _step(self.misses_low, np.searchsorted(self.hits_high, recalls, side="right") - 1, 0.0)
        bounds = []
        for share, misses, empty in zip(self.prevalence, (most, fewest), (0.0, 1.0), strict=True):
            hits = share * recalls
            called = hits + (1 - share) * misses
            bounds.append(np.divide(hits, called, out=np.full(len(recalls), empty), where=called > 0))
        return np.where(recalls > 0, bounds[0], 0.0), np.where(recalls > 0, bounds[1], 1.0)


def curve_band(ranking: Ranking, groups: Groups = None, draws: int = MOST_DRAWS, seed: int = 0) -> Band | None:
    """The band of one score; None where a class has no rows or groups are too few.

    The scores of either class have a likelihood band: all distributions F with n · KL(F_n(t), F(t)) below a bound at every
    threshold t, in 90 of 100 draws at a level of 95 %. What both allow at each threshold is the band of the curve. The
    curve leaves it only where both classes err in the directions that add up, so it is conservative: at 95 % it held the
    whole curve in 96 to 100 of 100 draws (docs/coverage-sets.md). With groups the bounds come from a bootstrap of whole
    groups, and are never less than those of independent rows.

    Args:
        ranking: of the rows.
        groups: group number of each row of the table.
        draws: of the bootstrap of groups, at most 400 of which are used.
        seed: of that bootstrap.

    Source: Owen 1995 with the quantiles that Jager & Wellner 2005 corrected (bands of a distribution function); Campbell
    1994 (bands of both classes joined at each threshold); Macskassy & Provost 2005 compare bands of ROC curves.
    """
    hits, misses = counts_at_steps(ranking)
    positives, negatives = hits[-1], misses[-1]
    if min(positives, negatives) == 0:
        return None
    places = _places(hits, misses, THRESHOLDS if groups is None else GROUPED_THRESHOLDS)
    rates = np.append(0.0, hits[places] / positives), np.append(0.0, misses[places] / negatives)
    share = positives / (positives + negatives)
    limits = [_quantile(count) / count for count in (positives, negatives)]
    prevalence = (PREVALENCE_QUANTILE + _from_95()) / (positives + negatives)
    method = (
        "likelihood bands of both classes' scores, joined (Owen 1995, Campbell 1994), independent rows; conservative"
    )
    if groups is not None:
        found = _grouped_limits(ranking, places, groups, min(draws, MOST_DRAWS), seed)
        if found is None:
            return None
        limits = [max(pair) for pair in zip(limits, found[:2], strict=True)]
        prevalence = max(prevalence, found[2])
        units = int(groups.max()) + 1
        method = f"likelihood bands of both classes' scores, joined, whole groups resampled ({units:,} groups)"
    bounds = [_inside(rate, limit) for rate, limit in zip(rates, limits, strict=True)]
    ends = _inside(np.array([share]), prevalence)
    return Band(*bounds[0], *bounds[1], (float(ends[0][0]), float(ends[1][0])), method)


def _step(values: Floats, places: NDArray[np.int64], outside: float) -> Floats:
    """The value at each place; `outside` before the first and beyond the last."""
    there = (places >= 0) & (places < len(values))
    return np.where(there, values[places.clip(0, len(values) - 1)], outside)


def _places(hits: Floats, misses: Floats, count: int) -> NDArray[np.int64]:
    """Steps at which thresholds are set: evenly in either rate, denser at both ends."""
    shares = np.sin(np.linspace(0, np.pi / 2, count)) ** 2
    return np.unique(np.concatenate([np.searchsorted(part, shares * part[-1]) for part in (hits, misses)]))


def _quantile(rows: float) -> float:
    """The quantile of n · sup KL(F_n, F) at one less `SIDE` times the risk.

    Its tail falls about as exp(−x), so that another risk moves it by the logarithm.
    """
    return float(np.polyval(QUANTILE, np.log(rows))) + _from_95()


def _from_95() -> float:
    return math.log(0.05 / risk())


def _divergence(seen: Floats, true: Floats) -> Floats:
    """KL(seen, true) of two shares."""
    with np.errstate(divide="ignore", invalid="ignore"):
        above = np.where(seen > 0, seen * np.log(seen / true), 0.0)
        below = np.where(seen < 1, (1 - seen) * np.log((1 - seen) / (1 - true)), 0.0)
    return above + below


def _inside(seen: Floats, limit: float) -> tuple[Floats, Floats]:
    """The smallest and the largest share whose divergence from the seen one is at most the limit, each of shape (K,)."""
    ends = []
    for bound in (0.0, 1.0):
        inside, outside = seen.copy(), np.full(len(seen), bound)
        for _ in range(STEPS):
            middle = (inside + outside) / 2
            near = _divergence(seen, middle) <= limit
            inside, outside = np.where(near, middle, inside), np.where(near, outside, middle)
        ends.append(np.where(seen == bound, bound, outside))
    return ends[0], ends[1]


def _grouped_limits(
    ranking: Ranking, places: NDArray[np.int64], groups: NDArray[np.int64], draws: int, seed: int
) -> tuple[float, float, float] | None:
    """The limits of both classes' divergences and of the share of positives, from draws of whole groups."""
    own, units = groups[ranking.order], int(groups.max()) + 1
    ends = np.flatnonzero(ranking.closes)[places]
    step = np.searchsorted(ends, np.arange(len(own)))  # the first threshold at which a row is called
    sides = [ranking.positive, ~ranking.positive]
    if min(len(np.unique(own[side])) for side in sides) < FEWEST_GROUPS:
        return None
    counts = []
    for side in sides:
        cells = own[side] * (len(places) + 1) + step[side]
        found = np.bincount(cells, minlength=units * (len(places) + 1)).reshape(units, -1)
        counts.append(np.cumsum(found, axis=1).astype(np.float64))
    rng = np.random.default_rng(seed)
    weights = np.stack([np.bincount(rng.integers(0, units, units), minlength=units) for _ in range(draws)])
    drawn = [weights @ part for part in counts]
    limits = []
    for part, seen in zip(drawn, counts, strict=True):
        rates = np.divide(part, part[:, -1:], out=np.zeros_like(part), where=part[:, -1:] > 0)
        whole = seen.sum(axis=0) / seen[:, -1].sum()
        largest = _divergence(rates, whole).max(axis=1)
        limits.append(float(np.quantile(largest, 1 - SIDE * risk())) * units / (units - 1))
    shares = drawn[0][:, -1] / (drawn[0][:, -1] + drawn[1][:, -1])
    spread = float(shares.var(ddof=1)) * units / (units - 1)
    middle = float(ranking.positive.mean())
    return limits[0], limits[1], normal_quantile() ** 2 * spread / (2 * middle * (1 - middle))
