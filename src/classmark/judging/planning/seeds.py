"""How many seeds a study needs."""

from __future__ import annotations

import math

from classmark.judging.planning.grouping import least_count, power_of_t

SURE = 0.8  # how often the upper limit of a pilot's deviation is to hold the true one


def upper_deviation(deviation: float, runs: int) -> float:
    """The one-sided 80 % upper limit of a standard deviation, from that of a few runs.

    Planned with the deviation itself, a study has less power than wanted in more than half of all cases.

    Source: Browne 1995: s √((k − 1) / χ²), with the 20 % quantile of χ² at k − 1 degrees of freedom.
    """
    from scipy.special import chdtri

    return deviation * math.sqrt((runs - 1) / float(chdtri(runs - 1, SURE)))


def power_over_seeds(pairs: int, distance: float, deviation: float) -> float:
    """How often the paired t interval over seeds lies wholly beyond a bound, the true difference this far beyond it."""
    return power_of_t(distance, deviation / math.sqrt(pairs), pairs - 1)


def seeds_for_difference(distance: float, deviation: float, power: float) -> int | None:
    """The least number of pairs of runs for this power.

    Args:
        distance: of the true difference from the bound that is to be excluded.
        deviation: of the difference between pairs of runs of one seed.
        power: as a share.
    """
    return least_count(lambda pairs: power_over_seeds(pairs, distance, deviation) >= power)
