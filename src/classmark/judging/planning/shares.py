"""How many rows a share of rows needs: accuracy, or recall and precision of a class."""

from __future__ import annotations

import math

import numpy as np

from classmark.judging.planning.grouping import (
    Grouping,
    deviation_of_mean,
    least_count,
    power_of_t,
    quantile,
)
from classmark.judging.statistics.level import normal_quantile

MOST_EXACT = 2_000_000  # rows; above, the binomial's steps are far below a thousandth


def width_of_share(share: float, rows: int, grouping: Grouping | None = None) -> float:
    """How wide the interval of a share is if that share of the rows is right: Wilson's, of groups the t interval.

    Args:
        share: from 0 to 1.
        rows: that count for it.
        grouping: of the rows; None if they are independent.

    Source: Wilson 1927, the difference of both ends; Liang & Zeger 1986 for groups.
    """
    if grouping is not None:
        width = 2 * quantile(rows, grouping) * deviation_of_mean(share * (1 - share), rows, grouping)
        return max(width, width_of_share(share, max(1, int(rows / grouping.effect))))
    z = normal_quantile()
    spread = share * (1 - share) / rows + z**2 / (4 * rows**2)
    return 2 * z * math.sqrt(spread) / (1 + z**2 / rows)


def rows_for_width(share: float, width: float, grouping: Grouping | None = None) -> int | None:
    """The least number of rows whose interval is as narrow as this."""
    return least_count(lambda rows: width_of_share(share, rows, grouping) <= width)


def power_above(share: float, minimum: float, rows: int, grouping: Grouping | None = None) -> float:
    """How often the lower end of the interval lies above the minimum, with the true share above it.

    Exact for independent rows: Wilson's lower end is above p₀ where more than n p₀ + z √(n p₀ (1 − p₀)) rows are right.
    """
    if grouping is not None:
        return _power_of_groups(share, minimum, rows, grouping)
    return float(_exact_powers(share, minimum, np.array([rows]))[0])


def rows_for_minimum(share: float, minimum: float, power: float, grouping: Grouping | None = None) -> int | None:
    """The least number of rows for which the lower end lies above the minimum with this probability.

    Of independent rows the power goes up and down by the steps of the binomial, so it is to be reached at this number and,
    on average, around it.
    """
    if grouping is not None:
        return least_count(lambda rows: power_above(share, minimum, rows, grouping) >= power)
    from scipy.special import ndtri

    spread = normal_quantile() * math.sqrt(minimum * (1 - minimum))
    spread += float(ndtri(power)) * math.sqrt(share * (1 - share))
    about = math.ceil((spread / (share - minimum)) ** 2)
    if about > MOST_EXACT:
        return about
    step = round(1 / max(1e-3, min(minimum, 1 - minimum)))  # rows between two jumps of the least number of hits
    rows = np.arange(2, 2 * about + 3 * step + 50)
    powers = _exact_powers(share, minimum, rows)
    around = np.convolve(powers, np.full(step, 1 / step), mode="valid")
    here = powers[step // 2 :][: len(around)]
    reached = np.flatnonzero((here >= power) & (around >= power))
    return int(rows[step // 2 + reached[0]]) if len(reached) else None


def _power_of_groups(share: float, minimum: float, rows: int, grouping: Grouping) -> float:
    """The power of the t interval, whose deviation grows as the share that is seen falls towards a half.

    It touches the minimum p₀ where the share seen is the larger root of (p − p₀)² = t² d p (1 − p) / n, d the design effect.
    """
    if share in (0.0, 1.0):  # groups that are all alike have no t interval: as so many independent rows
        return float(_exact_powers(share, minimum, np.array([max(1, int(rows / grouping.effect))]))[0])
    spread = quantile(rows, grouping) ** 2 * grouping.effect / rows
    if not math.isfinite(spread):
        return 0.0
    half = minimum + spread / 2
    edge = min(1.0, (half + math.sqrt(half**2 - (1 + spread) * minimum**2)) / (1 + spread))
    own = deviation_of_mean(share * (1 - share), rows, grouping)
    stretch = math.sqrt(edge * (1 - edge) / (share * (1 - share)))
    return power_of_t(share - minimum, own, grouping.groups(rows) - 1, stretch)


def _exact_powers(share: float, minimum: float, rows: np.ndarray) -> np.ndarray:
    from scipy.special import bdtrc

    edge = np.floor(rows * minimum + normal_quantile() * np.sqrt(rows * minimum * (1 - minimum)))
    return np.where(edge >= rows, 0.0, bdtrc(np.minimum(edge, rows), rows, share))
