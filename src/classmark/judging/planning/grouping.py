"""What rows of groups are worth, and the least number that is enough."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from classmark.judging.statistics.level import level, normal_quantile

MOST = 1_000_000_000


@dataclass(frozen=True)
class Grouping:
    """How rows belong together.

    Attributes:
        size: mean number of rows per group.
        effect: the design effect, the variance of a mean over that of as many independent rows.
    """

    size: float
    effect: float

    def groups(self, rows: int) -> int:
        """How many groups so many rows are."""
        return int(rows / self.size)


def design_effect(size: float, correlation: float) -> float:
    """The design effect of groups of one size.

    Args:
        size: rows per group.
        correlation: within groups, the intra-class correlation of what is averaged.

    Source: Kish 1965, section 5.4: 1 + (m − 1) ρ.
    """
    return 1 + (size - 1) * correlation


def deviation_of_mean(variance: float, rows: int, grouping: Grouping | None) -> float:
    """The standard deviation of a mean over rows, each of this variance."""
    return math.sqrt(variance * (1 if grouping is None else grouping.effect) / rows)


def quantile(rows: int, grouping: Grouping | None) -> float:
    """What an interval multiplies the deviation by: the normal quantile, of groups Student's at one less than these."""
    if grouping is None:
        return normal_quantile()
    from scipy.special import stdtrit

    groups = grouping.groups(rows)
    return math.inf if groups < 2 else float(stdtrit(groups - 1, 0.5 + level() / 2))


def power_of_t(distance: float, deviation: float, degrees: int, stretch: float = 1.0) -> float:
    """The probability that a t interval lies wholly above a bound, with the true value this distance above it.

    Args:
        distance: of the true value from the bound.
        deviation: of the estimate.
        degrees: of freedom of the interval.
        stretch: how much larger the estimated deviation is where the interval just touches the bound.

    Source: the noncentral t distribution (Owen 1968), upper tail alone.
    """
    from scipy.special import nctdtr, stdtrit

    if degrees < 1 or distance <= 0:
        return 0.0
    shift = distance / deviation if deviation > 0 else math.inf
    if shift > 30:
        return 1.0
    edge = stretch * float(stdtrit(degrees, 0.5 + level() / 2))
    return 1 - float(nctdtr(degrees, shift, edge))


def least_count(enough: Callable[[int], bool], first: int = 2) -> int | None:
    """The least whole number that is enough, by doubling and bisection; None above a thousand million.

    Args:
        enough: true from some number on.
        first: where to begin.
    """
    low, high = first - 1, first
    while not enough(high):
        if high >= MOST:
            return None
        low, high = high, min(MOST, 2 * high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
