"""Two-sided p values of paired differences: McNemar's test, Student's t, a normal deviate; Holm's correction of many.

Of our own, as scipy takes a second to load.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

SMALLEST = 1e-300  # stands for zero in the continued fraction
MOST_TERMS = 500


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of equal accuracy, from the rows that only one of the two gets right."""

    p_exact: float
    p_midp: float
    only_a_right: int
    only_b_right: int


@dataclass(frozen=True)
class Discordant:
    """The same counts of rows with weights, for which McNemar's test is not made."""

    only_a_right: int
    only_b_right: int
    p_exact: None = None
    p_midp: None = None


def mcnemar(only_a_right: int, only_b_right: int) -> McNemar:
    """McNemar's exact test and its mid-p form, two-sided.

    Source: McNemar 1947; Fagerland, Lydersen, Laake 2013: mid-p = exact p less the probability of the split seen, of an
    even split less half of that. Whole numbers throughout, so the p of many rows neither underflows nor loses digits.
    """
    discordant, fewer = only_a_right + only_b_right, min(only_a_right, only_b_right)
    term = total = 1
    for k in range(1, fewer + 1):
        term = term * (discordant - k + 1) // k
        total += term
    every = 2**discordant
    if only_a_right == only_b_right:
        return McNemar(1.0, 1 - term / (2 * every) if discordant else 1.0, only_a_right, only_b_right)
    return McNemar(min(1.0, 2 * total / every), (2 * total - term) / every, only_a_right, only_b_right)


def normal_p(deviate: float) -> float:
    """The probability that a standard normal deviate is as far from 0, to full precision in the tail."""
    return math.erfc(abs(deviate) / math.sqrt(2))


def t_p(t: float, degrees: int) -> float:
    """The probability that Student's T is as far from 0, to full precision in the tail.

    Source: Abramowitz & Stegun 1964, 26.7.1: the regularised incomplete beta function at ν / (ν + t²), with ν / 2, 1/2.
    """
    return _incomplete_beta(degrees / (degrees + t * t), degrees / 2, 0.5)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values, adjusted so that the chance of a single false one among them stays at the level.

    Source: Holm 1979, the step-down method, in the form of adjusted p values (Wright 1992).
    """
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """I_x(a, b) by its continued fraction, on the side where that converges fast.

    Source: Abramowitz & Stegun 1964, 26.5.8, by the method of Lentz 1976.
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    above, below, value = 1.0, 0.0, 1.0
    for term in range(MOST_TERMS):
        half = term // 2
        if term == 0:
            factor = 1.0
        elif term % 2:
            factor = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            factor = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        below = 1 / _apart(1 + factor * below)
        above = _apart(1 + factor / above)
        step = above * below
        value *= step
        if term and abs(step - 1) < 1e-15:
            break
    return math.exp(front) / a * (value - 1)


def _apart(value: float) -> float:
    return value if abs(value) > SMALLEST else SMALLEST
