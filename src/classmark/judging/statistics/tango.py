"""The difference of two shares of the same rows, by the score test."""

from __future__ import annotations

import math

METHOD = "Tango's score interval, paired independent rows"


def tango_interval(gained: int, lost: int, rows: int, z: float) -> tuple[float, float]:
    """The interval of (gained − lost) / rows that the score test does not reject.

    Each end solves T(δ) = ± z, and T falls with δ, so that bisection finds it. The interval has a width even where the two
    never disagree, and reaches its level near the margin where Wald's does not.

    Args:
        gained: rows that only the second gets right.
        lost: rows that only the first gets right.
        rows: all of them, at least one.
        z: the normal quantile of the two-sided interval.

    Source: Tango 1998, equations 9 to 11; recommended by Fagerland, Lydersen, Laake 2014. Of 20 to 10,000 rows it covered
    94 to 96 % (of 50 rows with one disagreement on average, more).
    """
    return tuple(_root(gained, lost, rows, sign * z) for sign in (1, -1))  # type: ignore[return-value]


def _root(gained: int, lost: int, rows: int, wanted: float) -> float:
    """Where the statistic equals `wanted`."""
    value = (gained - lost) / rows
    low, high = (-1.0, value) if wanted > 0 else (value, 1.0)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _statistic(gained, lost, rows, middle) > wanted else (low, middle)
    return (low + high) / 2


def _statistic(gained: int, lost: int, rows: int, difference: float) -> float:
    """T: how many of its own standard errors the difference seen lies above this one."""
    above = gained - lost - rows * difference
    b = -gained - lost + (2 * rows - gained + lost) * difference
    c = -lost * difference * (1 - difference)
    share = (math.sqrt(max(0.0, b * b - 8 * rows * c)) - b) / (4 * rows)  # of rows that only the first gets right
    variance = rows * (2 * share + difference * (1 - difference))
    if variance <= 0:
        return 0.0 if above == 0 else math.copysign(math.inf, above)
    return above / math.sqrt(variance)
