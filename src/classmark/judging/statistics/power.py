"""How large a difference in accuracy must be for a paired test to show it in 80 of 100 tests."""

from __future__ import annotations

import math
from statistics import NormalDist

from classmark.judging.statistics.level import normal_quantile, risk

POWER = 0.80
Z_POWER = NormalDist().inv_cdf(POWER)


def minimum_detectable_difference(rows: int, discordant: int) -> float | None:
    """The difference δ of two accuracies on independent rows that McNemar's test at one less the level shows with 80 % power.

    n δ² = (z√ψ + z′√(ψ − δ²))², with n rows, the share ψ of rows that only one model gets right, z = 1.960 for 5 %
    two-sided and z′ = 0.842 for 80 %, solved for δ. No δ exceeds ψ: where the equation asks for more than the share
    seen, ψ = δ, as if all disagreement favoured one model. Shares are fractions from 0 to 1.

    Args:
        rows: labelled rows that both predict.
        discordant: rows that only one of the two gets right.

    Returns:
        None where the rows are so few that no difference would be shown.

    Source: Connor 1987 (the sample size of McNemar's test), solved for the difference; Lachin 1992 compares it with
    exact power.
    """
    if 0.5**rows >= risk():  # McNemar's mid-p is never less, so none falls below
        return None
    share = discordant / rows
    z = normal_quantile()
    inside = rows + Z_POWER**2 - z**2
    found = math.sqrt(share) * (z * math.sqrt(rows) + Z_POWER * math.sqrt(inside)) / (rows + Z_POWER**2)
    if found >= share:
        found = _one_sided(rows)
    return found


def detectable_by_deviation(deviation: float, quantile: float) -> float | None:
    """The difference that an interval of value ± quantile × deviation excludes 0 from with 80 % power.

    Source: Bloom 1995: the minimum detectable effect is (t + z′) deviations, here with whole groups in the deviation.
    """
    found = (quantile + Z_POWER) * deviation
    return found if 0 < found <= 1 else None


def _one_sided(rows: int) -> float:
    """δ where every disagreement favours one model, ψ = δ: n δ = (z + z′√(1 − δ))², by bisection."""
    low, high = 0.0, 2.0
    for _ in range(60):
        middle = (low + high) / 2
        needed = (normal_quantile() + Z_POWER * math.sqrt(max(0.0, 1 - middle))) ** 2
        low, high = (low, middle) if rows * middle >= needed else (middle, high)
    return high
