"""How many rows or seeds show that two models are equivalent: that they differ by less than a margin."""

from __future__ import annotations

import math

import numpy as np

from classmark.judging.planning.grouping import Grouping, deviation_of_mean, least_count
from classmark.judging.planning.pairs import variance_at_bound
from classmark.judging.statistics.level import level

PLACES = (np.arange(400) + 0.5) / 400  # at which the distribution of a deviation is read


def power_within(difference: float, margin: float, deviation: float, degrees: int) -> float:
    """How often the t interval of two one-sided tests, each at the level, of a mean difference lies within ± the margin.

    Args:
        difference: the true one.
        margin: above 0.
        deviation: of the estimate.
        degrees: of freedom of the interval.

    Source: Schuirmann 1987 (two one-sided tests); Phillips 1990 (their exact power, here with the distribution of the
    deviation in 400 steps of equal chance).
    """
    from scipy.special import chdtri, ndtr, stdtrit

    if degrees < 1:
        return 0.0
    if deviation <= 0:
        return float(abs(difference) < margin)
    seen = float(stdtrit(degrees, level())) * np.sqrt(chdtri(degrees, PLACES) / degrees)
    above, below = (margin - difference) / deviation - seen, (-margin - difference) / deviation + seen
    return float(np.maximum(0.0, ndtr(above) - ndtr(below)).mean())


def power_of_equivalence(
    rows: int, difference: float, disagreement: float, margin: float, grouping: Grouping | None = None
) -> float:
    """How often the interval of two one-sided tests of a difference in accuracy lies within ± the margin: Tango's, or by groups.

    Args:
        rows: that both predict.
        difference: the true one, B − A.
        disagreement: the share of rows that only one of the two gets right.
        margin: as a share, above 0.
        grouping: of the rows; its effect is that of the differences.

    Source: Tango 1998 and Nam 1997, both one-sided tests by their normal approximation.
    """
    from scipy.special import ndtr, ndtri

    if grouping is not None:
        deviation = deviation_of_mean(disagreement - difference**2, rows, grouping)
        return power_within(difference, margin, deviation, grouping.groups(rows) - 1)
    own = math.sqrt(max(0.0, disagreement - difference**2))
    z, root = float(ndtri(level())), math.sqrt(rows)
    ends = []
    for towards in (difference, -difference):  # the lower end above −m, and as it stands mirrored the upper one below m
        reach = root * (towards + margin) - z * math.sqrt(variance_at_bound(towards, disagreement, -margin))
        ends.append(float(ndtr(reach / own)) if own > 0 else float(reach > 0))
    return max(0.0, sum(ends) - 1)


def rows_for_equivalence(
    difference: float, disagreement: float, power: float, margin: float, grouping: Grouping | None = None
) -> int | None:
    """The least number of rows that shows the two equivalent with this probability."""
    return least_count(
        lambda rows: power_of_equivalence(rows, difference, disagreement, margin, grouping) >= power, first=5
    )


def power_of_equal_seeds(pairs: int, difference: float, deviation: float, margin: float) -> float:
    """How often the paired t interval over seeds, of two one-sided tests, lies within ± the margin."""
    return power_within(difference, margin, deviation / math.sqrt(pairs), pairs - 1)


def seeds_for_equivalence(difference: float, deviation: float, power: float, margin: float) -> int | None:
    """The least number of pairs of runs that shows the arms equivalent with this probability."""
    return least_count(lambda pairs: power_of_equal_seeds(pairs, difference, deviation, margin) >= power)
