"""How many rows a difference between two models needs, both predicting the same rows."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from classmark.judging.planning.grouping import Grouping, deviation_of_mean, least_count, power_of_t
from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.level import normal_quantile, risk

MOST_DISCORDANT = 20_000  # expected; above, the exact power and Connor's agree to a thousandth


def power_of_difference(
    rows: int, difference: float, disagreement: float, bound: float = 0.0, grouping: Grouping | None = None
) -> float:
    """How often the difference B − A of two accuracies is shown to lie above a bound, at the level.

    Bound 0: McNemar's test in its mid-p form, exact. Another bound: Tango's score test, by its normal approximation.
    Groups: the t interval by group sums.

    Args:
        rows: that both predict.
        difference: the true one.
        disagreement: the share of rows that only one of the two gets right.
        bound: 0 for "better", −m for "not worse by more than m", m for "better by more than m".
        grouping: of the rows; its effect is that of the differences.

    Source: Connor 1987; Fagerland, Lydersen, Laake 2013 (mid-p); Tango 1998 and Nam 1997 (a bound).
    """
    if grouping is not None:
        deviation = deviation_of_mean(disagreement - difference**2, rows, grouping)
        return power_of_t(difference - bound, deviation, grouping.groups(rows) - 1)
    if bound == 0 and rows * disagreement <= MOST_DISCORDANT:
        return _exact_power(rows, (disagreement + difference) / 2, (disagreement - difference) / 2)
    from scipy.special import ndtr

    at_bound = math.sqrt(variance_at_bound(difference, disagreement, bound))
    own = math.sqrt(disagreement - difference**2)
    reach = math.sqrt(rows) * (difference - bound) - normal_quantile() * at_bound
    return float(ndtr(reach / own)) if own > 0 else float(reach > 0)


def rows_for_difference(
    difference: float, disagreement: float, power: float, bound: float = 0.0, grouping: Grouping | None = None
) -> int | None:
    """The least number of rows that shows the difference above the bound with this probability."""
    return least_count(
        lambda rows: power_of_difference(rows, difference, disagreement, bound, grouping) >= power, first=5
    )


def variance_at_bound(difference: float, disagreement: float, bound: float) -> float:
    """The variance of a row's difference where the true difference is the bound, as far as these figures allow.

    Source: Tango 1998: with q the larger root of 2 q² + (−ψ + (2 − δ) Δ) q − r Δ (1 − Δ) = 0, it is 2 q + Δ (1 − Δ), where
    ψ is the disagreement, δ the difference, Δ the bound and r the share that only A gets right. For Δ = 0 it is ψ.
    """
    only_a = (disagreement - difference) / 2
    middle = -disagreement + (2 - difference) * bound
    last = -only_a * bound * (1 - bound)
    root = (math.sqrt(max(0.0, middle**2 - 8 * last)) - middle) / 4
    return max(0.0, 2 * root + bound * (1 - bound))


def disagreement_if_independent(accuracy: float, difference: float) -> float:
    """The share of rows that only one of the two gets right, if their errors are independent."""
    other = accuracy + difference
    return accuracy * (1 - other) + other * (1 - accuracy)


def _exact_power(rows: int, only_b: float, only_a: float) -> float:
    """The sum over the number of rows on which one alone is right, of how often few enough of these are A's."""
    from scipy.special import bdtr, gammaln, xlog1py, xlogy

    share = only_a + only_b
    middle, spread = rows * share, math.sqrt(rows * share * (1 - share))
    counts = np.arange(max(0, int(middle - 9 * spread) - 9), min(rows, int(middle + 9 * spread) + 9) + 1)
    chance = np.exp(
        gammaln(rows + 1) - gammaln(counts + 1) - gammaln(rows - counts + 1)
        + xlogy(counts, share) + xlog1py(rows - counts, -share)
    )  # fmt: skip
    most = _most_against(counts)
    found = np.where(most < 0, 0.0, bdtr(np.maximum(most, 0), counts, only_a / share))
    return float((chance * found).sum())


def _most_against(counts: NDArray[np.int64]) -> Floats:
    """The most rows, of so many that one alone gets right, that may be A's for a small enough mid-p; −1 where none may."""
    from scipy.special import bdtr

    def midp(fewer: Floats) -> Floats:
        at = np.where(fewer < 0, 0.0, bdtr(np.maximum(fewer, 0), counts, 0.5))
        before = np.where(fewer < 1, 0.0, bdtr(np.maximum(fewer - 1, 0), counts, 0.5))
        return at + before

    low, high = np.full(len(counts), -1.0), np.floor(counts / 2)
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        small = midp(middle) < risk()
        low, high = np.where(small, middle, low), np.where(small, high, middle)
    return low
