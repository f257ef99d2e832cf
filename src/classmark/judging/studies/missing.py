"""What runs that are missing could change: the interval of a difference at every value that they may have had."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from classmark.judging.statistics.intervals import Floats, t_quantile
from classmark.judging.studies.seeds import Direction, Range
from classmark.judging.studies.verdicts import Verdict, settle

MOST_MISSING = 10  # 1,024 corners
STEPS_BETWEEN = 1_001


@dataclass(frozen=True)
class WorstCase:
    """The bounds that a metric's range puts on the whole study, whatever its missing runs give.

    Attributes:
        low, high: the lowest and the highest end that the interval could have; None where there is no bound.
        verdicts: those that the whole study could still come to.
        method: how, or why there are none.
    """

    low: float | None
    high: float | None
    verdicts: tuple[Verdict, ...]
    method: str


def worst_case(
    a: Mapping[int, float],
    b: Mapping[int, float],
    seeds: Sequence[int],
    within: Range,
    claim: tuple[float, Direction, float],
) -> WorstCase:
    """What the verdict could be if the missing runs were there, each anywhere in the metric's range.

    The low end of the interval, mean − t s / √n, is concave in the missing differences. So its least value is at a corner
    of what they can be, and its largest where all of them have the same value, as far as their bounds allow that; the
    high end mirrors it.

    Args:
        a: seed → value, of the runs of one arm that are done.
        b: of the other.
        seeds: of the study.
        within: the range of the metric.
        claim: its margin, its direction, and the confidence of the interval.

    Source: Manski 2003, chapter 1 (bounds that no assumption about what is missing goes into), for a t interval.
    """
    margin, direction, confidence = claim
    known = np.array([b[seed] - a[seed] for seed in seeds if seed in a and seed in b])
    ranges = [_difference_range(a.get(seed), b.get(seed), within) for seed in seeds if seed not in a or seed not in b]
    if not all(math.isfinite(end) for ends in ranges for end in ends):
        return WorstCase(None, None, (), "none: the metric has no bound")
    if len(ranges) > MOST_MISSING or not len(known):
        return WorstCase(None, None, (), "none: too many runs are missing")
    corners = np.array(list(itertools.product(*ranges)))
    lows, highs = np.array(ranges).T
    level = np.clip(np.linspace(lows.min(), highs.max(), STEPS_BETWEEN)[:, None], lows, highs)
    outer, inner = (_ends(known, filled, confidence) for filled in (corners, level))
    lowest, highest = float(outer[0].min()), float(outer[1].max())
    sides: list[tuple[float, float]] = [
        (lowest, highest),  # neither end settles it, if it can be not settled at all
        (float(inner[0].max()), math.inf),
        (-math.inf, float(inner[1].min())),
    ]
    surest = settle(lowest, highest, margin, direction)
    possible = {settle(low, high, margin, direction) for low, high in sides} if surest == "not settled" else {surest}
    order: tuple[Verdict, ...] = ("supported", "not by the margin", "not settled")
    method = f"every value from {within[0]:g} to {within[1]:g} of {len(ranges)} missing pairs"
    return WorstCase(lowest, highest, tuple(verdict for verdict in order if verdict in possible), method)


def _difference_range(a: float | None, b: float | None, within: Range) -> Range:
    """What B − A can be where one of the two is not known, or neither."""
    lows = (within if b is None else (b, b))[0] - (within if a is None else (a, a))[1]
    highs = (within if b is None else (b, b))[1] - (within if a is None else (a, a))[0]
    return lows, highs


def _ends(known: Floats, filled: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Both ends of the t interval for each way to fill in what is missing, shape (W, M)."""
    whole = np.hstack([np.broadcast_to(known, (len(filled), len(known))), filled])
    count = whole.shape[1]
    half = t_quantile(count - 1, confidence) * whole.std(axis=1, ddof=1) / math.sqrt(count)
    mean = whole.mean(axis=1)
    return mean - half, mean + half
