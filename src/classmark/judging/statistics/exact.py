"""Exact limits of a share of rows: one-sided ones for those parts that may load scipy, and both of few hits without it."""

from __future__ import annotations

import math


def lower_limit(hits: float, rows: float, risk: float) -> float:
    """The one-sided lower Clopper-Pearson limit of a share, missed with a probability of at most `risk`.

    Args:
        hits: of the rows; ties may count as half.
        rows: how many.
        risk: between 0 and 1.

    Source: Clopper & Pearson 1934, as a quantile of the beta distribution.
    """
    from scipy.special import betaincinv

    return float(betaincinv(hits, rows - hits + 1, risk)) if hits > 0 else 0.0


def upper_limit(hits: float, rows: float, risk: float) -> float:
    """The upper one, which a share exceeds with a probability of at most `risk`; arguments as for `lower_limit`."""
    from scipy.special import betaincinv

    return float(betaincinv(hits + 1, rows - hits, 1 - risk)) if hits < rows else 1.0


def limits_of_few(hits: int, rows: int, risk: float) -> tuple[float, float]:
    """Both Clopper-Pearson limits of a share with few hits, each missed with a probability of at most `risk`.

    Args:
        hits: few, as their binomial probabilities are summed.
        rows: at least one.
        risk: between 0 and 1.

    Source: Clopper & Pearson 1934.
    """
    below = _share_that_gives(hits - 1, rows, 1 - risk) if hits else 0.0
    return below, _share_that_gives(hits, rows, risk) if hits < rows else 1.0


def _share_that_gives(most: int, rows: int, wanted: float) -> float:
    """The share with which at most so many hits have the wanted probability, by bisection."""
    ways = [math.log(math.comb(rows, hits)) for hits in range(most + 1)]
    low, high = 0.0, 1.0
    for _ in range(60):
        share = (low + high) / 2
        hit, miss = math.log(share), math.log1p(-share)
        within = sum(math.exp(way + hits * hit + (rows - hits) * miss) for hits, way in enumerate(ways))
        low, high = (share, high) if within > wanted else (low, share)
    return (low + high) / 2
