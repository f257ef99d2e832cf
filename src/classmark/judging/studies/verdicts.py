"""The verdict of a study's interval, what holds beside it, the p value that belongs to it, and how many seeds it needs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from classmark.judging.statistics.p_values import t_p
from classmark.judging.statistics.power import POWER, Z_POWER
from classmark.judging.statistics.student import t_quantile
from classmark.judging.studies.seeds import Direction, SeedDifference

Verdict = Literal["supported", "not by the margin", "not settled"]
MOST_SEEDS = 10_000
EVEN = 0.5


@dataclass(frozen=True)
class SeedsNeeded:
    """How many seeds in all a new study needs, if mean and deviation of the differences are as they were in this one.

    Attributes:
        towards: the verdict that it would give, or `equivalent`.
        distance: of the mean from the margin; for `equivalent` from the nearer end of ± margin.
        even: the least n with about an even chance; None stands for more than 10,000.
        likely: the least n with a chance of about 80 of 100.
    """

    towards: str
    distance: float
    even: int | None
    likely: int | None


def settle(low: float | None, high: float | None, margin: float, direction: Direction) -> Verdict:
    """The verdict of an interval of B − A on the claim that B is higher, or lower, by more than the margin.

    Supported: it lies wholly beyond the margin, on the claimed side. Not by the margin: it lies wholly on the other side
    of the margin, whether B is ahead by less, level or behind. Else not settled, as without an interval.
    """
    if low is None or high is None:
        return "not settled"
    if direction == "lower":
        low, high = -high, -low
    if low > margin:
        return "supported"
    return "not by the margin" if high < margin else "not settled"


def is_opposite(low: float | None, high: float | None, direction: Direction) -> bool:
    """Whether the interval lies wholly on the other side of zero than what is claimed."""
    if low is None or high is None:
        return False
    return high < 0 if direction == "higher" else low > 0


def is_equivalent(low: float | None, high: float | None, margin: float) -> bool:
    """Whether the interval lies wholly within ± margin.

    Source: Schuirmann 1987: two one-sided tests at α are the interval at 1 − 2α within the margins.
    """
    return low is not None and high is not None and -margin < low and high < margin


def p_of_margin(difference: SeedDifference, margin: float, direction: Direction) -> float | None:
    """The two-sided p value of "B − A is exactly the margin, on the claimed side"; None without a spread.

    It is below one less the interval's confidence exactly where the interval gives a verdict.
    """
    if difference.value is None or not difference.deviation:
        return None
    gap = difference.value - (margin if direction == "higher" else -margin)
    return t_p(gap / (difference.deviation / math.sqrt(difference.pairs)), difference.pairs - 1)


def seeds_needed(
    difference: SeedDifference,
    margin: float,
    direction: Direction,
    quantile: Callable[[int, float], float] = lambda pairs, confidence: t_quantile(pairs - 1, confidence),
) -> SeedsNeeded | None:
    """How many seeds a study needs for a verdict; None where the differences have no spread to reckon with.

    With n pairs the interval is the mean ± q(n) s / √n. It settles once that is below the mean's distance from the
    margin, which has an even chance at the least n with q(n) s / √n below it, and 80 of 100 with (q(n) + 0.842) s / √n.

    Args:
        difference: of the study so far.
        margin: of the claim, in the metric's units.
        direction: of the claim.
        quantile: half the interval's width in units of s / √n, of a number of pairs and a confidence.
    """
    if difference.value is None or not difference.deviation:
        return None
    value, spread = difference.value if direction == "higher" else -difference.value, difference.deviation
    towards: Verdict = "supported" if value > margin else "not by the margin"
    distance = abs(value - margin)

    def least(extra: float) -> int | None:
        return _least(lambda n: (quantile(n, difference.confidence) + extra) * spread / math.sqrt(n) < distance)

    even, likely = (least(extra) if distance > 0 else None for extra in (0.0, Z_POWER))
    return SeedsNeeded(towards, distance, even, likely)


def seeds_for_equivalence(difference: SeedDifference, margin: float) -> SeedsNeeded | None:
    """How many seeds a study needs to show the arms equivalent; None where the mean is outside ± margin, or no spread.

    The chance that both one-sided tests reject at mean d is Φ((m − d) √n / s − t) + Φ((m + d) √n / s − t) − 1. At d = 0 it
    is 80 of 100 at a deviate of 1.282 and a half at 0.674, not at 0.842 and 0 as for one test.

    Args:
        difference: with the confidence 1 − 2α of the interval by which equivalence is judged.
        margin: in the metric's units.

    Source: Schuirmann 1987; Julious 2004, section 5 (the sample size of two one-sided tests).
    """
    if difference.value is None or not difference.deviation or abs(difference.value) >= margin:
        return None
    value, spread, normal = abs(difference.value), difference.deviation, NormalDist()

    def chance(n: int) -> float:
        t, scale = t_quantile(n - 1, difference.confidence), math.sqrt(n) / spread
        return normal.cdf((margin - value) * scale - t) + normal.cdf((margin + value) * scale - t) - 1

    even, likely = (_least(lambda n, wanted=wanted: chance(n) >= wanted) for wanted in (EVEN, POWER))  # type: ignore[misc]
    return SeedsNeeded("equivalent", margin - value, even, likely)


def _least(enough: Callable[[int], bool]) -> int | None:
    """The least number of seeds, two or more, that is enough, by bisection; None above 10,000."""
    low, high = 1, 2
    while not enough(high):
        low, high = high, 2 * high
        if low > MOST_SEEDS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high if high <= MOST_SEEDS else None
