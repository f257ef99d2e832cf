"""What runs with several seeds say: means, paired differences, and how often one arm is the better one.

A pair is two runs of the same seed, so that split, initial weights and order are shared. Every interval here is over
seeds: what another seed would give on the same test rows, or with another split of the same data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from classmark.judging.metric import METRICS
from classmark.judging.statistics.exact import lower_limit, upper_limit
from classmark.judging.statistics.intervals import Estimate, Floats, t_quantile
from classmark.judging.statistics.level import level, tail
from classmark.judging.statistics.p_values import t_p

Direction = Literal["higher", "lower"]
Range = tuple[float, float]
ANY: Range = (-math.inf, math.inf)
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


def metric_range(metric: str) -> Range:
    """The least and the largest value that a metric can have; steps and whatever has no bound go to infinity."""
    low, high = METRICS[metric].bounds if metric in METRICS else (0.0, None)
    return low, math.inf if high is None else high


def over_seeds(values: Floats, within: Range = ANY) -> Estimate:
    """The mean over runs with its t interval, cut to what the metric can be.

    Args:
        values: one a run, shape (S,).
        within: the range of the metric. The true mean lies there, so cutting loses no coverage.

    Source: Student 1908: mean ± t(S − 1) s / √S.
    """
    runs = len(values)
    if runs == 0:
        return Estimate(None, None, None, "undefined: no run has it")
    value = float(values.mean())
    if runs < 2:
        return Estimate(value, None, None, "none: a single run")
    if alike(values):
        return Estimate(value, None, None, "none: the same in every run")
    half = t_quantile(runs - 1) * float(values.std(ddof=1)) / math.sqrt(runs)
    return Estimate(value, max(within[0], value - half), min(within[1], value + half), f"t over {runs} seeds")


def spread_over_seeds(values: Floats) -> Spread | None:
    """How far the values of runs, shape (S,), lie apart; None for fewer than two."""
    if len(values) < 2:
        return None
    return Spread(float(values.std(ddof=1)), float(values.min()), float(values.max()))


def paired_over_seeds(a: Floats, b: Floats, confidence: float | None = None) -> SeedDifference:
    """B − A with the paired-t interval over seeds.

    Where the differences are all the same there is no interval: their spread is then below what was resolved, not zero.

    Args:
        a: values of the runs of one arm, shape (S,).
        b: of the other, the same seeds in the same order.
        confidence: of the interval; without it, the level.

    Source: Student 1908, on the S differences.
    """
    confidence = level() if confidence is None else confidence
    differences = b - a
    pairs = len(differences)
    if pairs < 2:
        value = float(differences[0]) if pairs else None
        return SeedDifference(pairs, value, None, None, None, confidence, None, "none: fewer than two pairs of runs")
    value, deviation = float(differences.mean()), float(differences.std(ddof=1))
    if alike(differences, float(np.abs([a, b]).max())):
        why = "none: every pair differs by the same amount, so the spread over seeds is not resolved"
        return SeedDifference(pairs, value, 0.0, None, None, confidence, None, why)
    error = deviation / math.sqrt(pairs)
    half = t_quantile(pairs - 1, confidence) * error
    method = f"paired t over {pairs} seeds, at {100 * confidence:.4g} %"
    return SeedDifference(
        pairs, value, deviation, value - half, value + half, confidence, t_p(value / error, pairs - 1), method
    )


def probability_better(a: Floats, b: Floats, direction: Direction) -> Estimate:
    """How often B is better than A in a pair of runs, ties as half, with its exact interval over seeds.

    With so few pairs Wilson's interval covers less than 90 % where B is nearly always better; this one is conservative.

    Source: Bouthillier et al. 2021, section 4.1: P(A > B) of paired runs; Clopper & Pearson 1934 in place of their
    bootstrap, which says 1 to 1 where every pair agrees.
    """
    gains = (b - a) if direction == "higher" else (a - b)
    pairs, each = len(gains), tail()
    if pairs == 0:
        return Estimate(None, None, None, "undefined: no pair of runs")
    better = float((gains > 0).sum()) + float((gains == 0).sum()) / 2
    low, high = lower_limit(better, pairs, each), upper_limit(better, pairs, each)
    return Estimate(better / pairs, low, high, f"Clopper-Pearson over {pairs} seeds, ties as half, conservative")


def alike(values: Floats, size: float = 0.0) -> bool:
    """Whether values differ by no more than rounding; `size` is that of what they were made from."""
    return float(np.ptp(values)) <= ALIKE * max(1e-300, size, float(np.abs(values).max()))
