"""Two-sided p values of paired differences: McNemar's test, Student's t and its quantiles; Holm's correction of many.

Of our own, as scipy takes a second to load.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

EXACT_TOSSES = 1_000  # up to so many, whole numbers are as fast
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
    even split 1 less half of that.
    """
    discordant, fewer = only_a_right + only_b_right, min(only_a_right, only_b_right)
    if discordant == 0:
        return McNemar(1.0, 1.0, only_a_right, only_b_right)
    seen = fair_probability(fewer, discordant)
    if only_a_right == only_b_right:
        return McNemar(1.0, 1 - seen / 2, only_a_right, only_b_right)
    tail = seen * _tail_over_seen(fewer, discordant)
    return McNemar(min(1.0, 2 * tail), min(1.0, 2 * tail - seen), only_a_right, only_b_right)


def fair_probability(heads: int, tosses: int) -> float:
    """The probability of so many heads in tosses of a fair coin, to 14 digits: of few in whole numbers, of many by deviance.

    Source: Loader 2000, Fast and accurate computation of binomial probabilities, whose terms do not cancel.
    """
    if tosses <= EXACT_TOSSES:
        return math.comb(tosses, heads) / (1 << tosses)
    others = tosses - heads
    if min(heads, others) == 0:
        return 0.5**tosses
    log = _stirling_error(tosses) - _stirling_error(heads) - _stirling_error(others)
    log -= _deviance(heads, tosses / 2) + _deviance(others, tosses / 2)
    return math.exp(log) * math.sqrt(tosses / (2 * math.pi * heads * others))


def _tail_over_seen(fewer: int, discordant: int) -> float:
    """The probability of `fewer` or less over that of `fewer` alone: the sum of products of the ratios of neighbours.

    The terms fall at least as those of a normal curve do, so that five times √discordant of them are all that counts.
    """
    steps = np.arange(min(fewer, 50 + 5 * math.isqrt(discordant)), dtype=np.float64)
    return 1.0 + float(np.cumprod((fewer - steps) / (discordant - fewer + 1 + steps)).sum())


def _stirling_error(n: int) -> float:
    """The logarithm of n! less that of Stirling's √(2πn) (n/e)ⁿ."""
    if n < 16:
        return math.lgamma(n + 1) - (n + 0.5) * math.log(n) + n - 0.5 * math.log(2 * math.pi)
    square = n * n
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / n


def _deviance(count: float, mean: float) -> float:
    """The term count · log(count / mean) + mean − count, without loss of digits where both are near."""
    if abs(count - mean) >= 0.1 * (count + mean):
        return count * math.log(count / mean) + mean - count
    v = (count - mean) / (count + mean)
    total, term = (count - mean) * v, 2 * count * v
    for power in range(3, 41, 2):
        term *= v * v
        total += term / power
    return total


def t_p(t: float, degrees: float) -> float:
    """The probability that Student's T is as far from 0, to full precision in the tail; degrees need not be whole.

    Source: Abramowitz & Stegun 1964, 26.7.1: the regularised incomplete beta function at ν / (ν + t²), with ν / 2, 1/2.
    """
    return _incomplete_beta(degrees / (degrees + t * t), degrees / 2, 0.5)


@lru_cache(maxsize=256)
def deviate(confidence: float, degrees: float | None = None) -> float:
    """What |T| stays below with this probability: Student's T of these degrees of freedom, a normal one without.

    By bisection of `t_p`, so that degrees need not be whole.
    """
    if degrees is None:
        return NormalDist().inv_cdf((1 + confidence) / 2)
    low, high = 0.0, 2.0
    while t_p(high, degrees) > 1 - confidence:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if t_p(middle, degrees) > 1 - confidence else (low, middle)
    return (low + high) / 2


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
