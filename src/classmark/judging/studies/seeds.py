"""What runs with several seeds say: means, paired differences, a verdict, and how many more seeds would give one.

A pair is two runs of the same seed, so that split, initial weights and order are shared. Every interval here is over
seeds: what another seed would give on the same test rows, where these are the same in every seed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from classmark.judging.statistics.intervals import CONFIDENCE, Estimate, Floats, t_quantile, wilson
from classmark.judging.statistics.p_values import t_p
from classmark.judging.statistics.power import Z_POWER

Verdict = Literal["supported", "refuted", "not settled"]
Direction = Literal["higher", "lower"]
MOST_SEEDS = 10_000
ALIKE = 1e-12  # differences that vary less than this, relative to their size, are the same


@dataclass(frozen=True)
class SeedDifference:
    """B − A over pairs of runs.

    Attributes:
        pairs: seeds that both arms finished.
        value: the mean difference; None without pairs.
        deviation: of the differences between seeds; None with fewer than two pairs.
        low, high: the interval at `confidence`, None where there is none.
        p: two-sided, of no difference, uncorrected.
        method: how the interval is made, or why there is none.
    """

    pairs: int
    value: float | None
    deviation: float | None
    low: float | None
    high: float | None
    confidence: float
    p: float | None
    method: str


@dataclass(frozen=True)
class Spread:
    """How far the runs of an arm lie apart.

    Attributes:
        deviation: the standard deviation over runs.
        lowest, highest: of the runs.
    """

    deviation: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class SeedsNeeded:
    """How many seeds in all would settle the question, if mean and deviation of the differences stay as they are.

    With n pairs the interval is the mean ± t(n − 1) s / √n. It settles once that half-width is below `distance`, which is
    the mean's distance from the nearest bound of a verdict; None stands for more than 10,000.

    Attributes:
        towards: the verdict that it would be.
        even: the least n with t(n − 1) s / √n < distance: about an even chance.
        likely: the least n with (t(n − 1) + 0.842) s / √n < distance: about 80 of 100.
    """

    towards: Verdict
    distance: float
    even: int | None
    likely: int | None


def over_seeds(values: Floats) -> Estimate:
    """The mean over runs with its t interval.

    Args:
        values: one a run, shape (S,).

    Source: Student 1908: mean ± t(S − 1) s / √S.
    """
    runs = len(values)
    if runs == 0:
        return Estimate(None, None, None, "undefined: no run has it")
    value = float(values.mean())
    if runs < 2:
        return Estimate(value, None, None, "none: a single run")
    if _alike(values):
        return Estimate(value, None, None, "none: the same in every run")
    half = t_quantile(runs - 1) * float(values.std(ddof=1)) / math.sqrt(runs)
    return Estimate(value, value - half, value + half, f"t over {runs} seeds")


def spread_over_seeds(values: Floats) -> Spread | None:
    """How far the values of runs, shape (S,), lie apart; None for fewer than two."""
    if len(values) < 2:
        return None
    return Spread(float(values.std(ddof=1)), float(values.min()), float(values.max()))


def paired_over_seeds(a: Floats, b: Floats, confidence: float = CONFIDENCE) -> SeedDifference:
    """B − A with the paired-t interval over seeds.

    Where the differences are all the same there is no interval: their spread is then below what was resolved, not zero.

    Args:
        a: values of the runs of one arm, shape (S,).
        b: of the other, the same seeds in the same order.
        confidence: of the interval.

    Source: Student 1908, on the S differences.
    """
    differences = b - a
    pairs = len(differences)
    if pairs < 2:
        value = float(differences[0]) if pairs else None
        return SeedDifference(pairs, value, None, None, None, confidence, None, "none: fewer than two pairs of runs")
    value, deviation = float(differences.mean()), float(differences.std(ddof=1))
    if _alike(differences, float(np.abs([a, b]).max())):
        why = "none: every pair differs by the same amount, so the spread over seeds is not resolved"
        return SeedDifference(pairs, value, 0.0, None, None, confidence, None, why)
    error = deviation / math.sqrt(pairs)
    half = quantile_of_t(pairs - 1, confidence) * error
    method = f"paired t over {pairs} seeds, at {100 * confidence:.4g} %"
    return SeedDifference(
        pairs, value, deviation, value - half, value + half, confidence, t_p(value / error, pairs - 1), method
    )


def settle(low: float | None, high: float | None, margin: float, direction: Direction) -> Verdict:
    """The verdict of an interval of B − A on the claim that B is higher, or lower, by more than the margin.

    Supported: it lies wholly beyond the margin, on the claimed side. Refuted: wholly on the other side of zero, or wholly
    inside ± margin, where a difference does not matter. Else not settled, as without an interval.
    """
    if low is None or high is None:
        return "not settled"
    if direction == "lower":
        low, high = -high, -low
    if low > margin:
        return "supported"
    return "refuted" if high < 0 or (low > -margin and high < margin) else "not settled"


def seeds_needed(difference: SeedDifference, margin: float, direction: Direction) -> SeedsNeeded | None:
    """How many seeds would settle it; None where the differences have no spread to reckon with."""
    if difference.value is None or not difference.deviation:
        return None
    value = difference.value if direction == "higher" else -difference.value
    distances: dict[Verdict, float] = {"supported": value - margin, "refuted": max(-value, margin - abs(value))}
    towards = max(distances, key=distances.__getitem__)
    distance, spread = distances[towards], difference.deviation
    even, likely = (_least(spread, distance, difference.confidence, extra) for extra in (0.0, Z_POWER))
    return SeedsNeeded(towards, distance, even, likely)


def probability_better(a: Floats, b: Floats, direction: Direction) -> Estimate:
    """How often B is better than A in a pair of runs, ties as half, with Wilson's interval over seeds.

    Source: Bouthillier et al. 2021, section 4.1: P(A > B) of paired runs; Wilson's interval in place of their bootstrap.
    """
    gains = (b - a) if direction == "higher" else (a - b)
    better = float((gains > 0).sum()) + float((gains == 0).sum()) / 2
    return wilson(better, len(gains), f"Wilson over {len(gains)} seeds, ties as half")


def quantile_of_t(degrees: int, confidence: float) -> float:
    """The t for which |T| stays below it with this probability."""
    if confidence == CONFIDENCE:
        return t_quantile(degrees)
    low, high = 0.0, 1e6
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if t_p(middle, degrees) > 1 - confidence else (low, middle)
    return (low + high) / 2


def _alike(values: Floats, size: float = 0.0) -> bool:
    """Whether values differ by no more than rounding; `size` is that of what they were made from."""
    return float(np.ptp(values)) <= ALIKE * max(1e-300, size, float(np.abs(values).max()))


def _least(deviation: float, distance: float, confidence: float, extra: float) -> int | None:
    """The least n with (t(n − 1) + extra) s / √n below the distance, which falls in n; by bisection."""
    if distance <= 0:
        return None

    def settles(n: int) -> bool:
        return (quantile_of_t(n - 1, confidence) + extra) * deviation / math.sqrt(n) < distance

    low, high = 1, 2
    while not settles(high):
        low, high = high, 2 * high
        if low > MOST_SEEDS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if settles(middle) else (middle, high)
    return high if high <= MOST_SEEDS else None
