"""Quantiles of the normal and of Student's t distribution.

They come from `statistics.NormalDist` and a series of our own, as scipy takes a second to load.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from classmark.judging.statistics.level import level


def t_quantile(degrees: float, confidence: float | None = None) -> float:
    """What |T| stays below with this probability, of Student's T: at 95 % its 97.5 % quantile.

    Between whole degrees of freedom it is interpolated in their reciprocal: never too small, and within 0.1 % from 4
    degrees on.

    Args:
        degrees: of freedom.
        confidence: without it, the level that holds.

    Source: the distribution function of Abramowitz & Stegun 1964, 26.7.3 and 26.7.4 (exact for whole degrees of
    freedom) inverted by bisection; beyond 200 degrees their expansion 26.7.5.
    """
    confidence = level() if confidence is None else confidence
    if degrees > 200:
        z = NormalDist().inv_cdf(0.5 + confidence / 2)
        g1 = (z**3 + z) / 4
        g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
        g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
        return z + g1 / degrees + g2 / degrees**2 + g3 / degrees**3
    below = math.floor(degrees)
    if below != degrees:
        part = (1 / below - 1 / degrees) * below * (below + 1)
        return (1 - part) * t_quantile(below, confidence) + part * t_quantile(below + 1, confidence)
    low, high = 0.0, 700.0
    while _t_inside(high, below) < confidence:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_inside(middle, below) < confidence else (low, middle)
    return (low + high) / 2


def _t_inside(t: float, degrees: int) -> float:
    """The probability that |T| < t, for whole degrees of freedom."""
    angle = math.atan2(t, math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    if degrees == 1:
        return 2 * angle / math.pi
    odd = degrees % 2
    total = term = cosine if odd else 1.0
    for k in range(3 if odd else 2, degrees - 1, 2):
        term *= cosine**2 * (k - 1) / k
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total
