"""Exact one-sided limits of a share of rows, for those parts that may load scipy."""

from __future__ import annotations


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
