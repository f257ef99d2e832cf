"""How many rows a ROC area needs."""

from __future__ import annotations

import math

from classmark.judging.planning.grouping import least_count
from classmark.judging.statistics.intervals import logit_interval
from classmark.judging.statistics.level import level


def area_variance(area: float, positives: float, negatives: float) -> float:
    """The variance of a ROC area if the scores of both classes are normal with the same spread.

    Source: Hanley & McNeil 1982, equation 1, with Q₁ = Q₂ = A − 2 T(Φ⁻¹(A), 1/√3) (Owen's T) for two normal classes in
    place of their exponential ones: the chance that two rows of one class both lie on the right side of a third.
    """
    from scipy.special import ndtri, owens_t

    both = area - 2 * float(owens_t(float(ndtri(area)), 1 / math.sqrt(3)))
    spread = both - area**2
    pairs = positives * negatives
    return (area * (1 - area) + (positives + negatives - 2) * spread) / pairs


def width_of_area(area: float, prevalence: float, rows: int, spread: float | None = None) -> float:
    """How wide the interval of a ROC area is: DeLong's, on the logit scale, as `judge` makes it.

    Args:
        area: between 0 and 1.
        prevalence: the share of positive rows.
        rows: of both classes.
        spread: of a pilot, rows × the variance of the area; None for normal scores.
    """
    from scipy.special import stdtrit

    positives, negatives = rows * prevalence, rows * (1 - prevalence)
    degrees = int(min(positives, negatives)) - 1
    if degrees < 1:
        return math.inf
    variance = area_variance(area, positives, negatives) if spread is None else spread / rows
    half = float(stdtrit(degrees, 0.5 + level() / 2)) * math.sqrt(variance)
    low, high = logit_interval(area, half)
    return high - low


def rows_for_area(area: float, prevalence: float, width: float, spread: float | None = None) -> int | None:
    """The least number of rows whose interval of the ROC area is as narrow as this."""
    return least_count(lambda rows: width_of_area(area, prevalence, rows, spread) <= width)
