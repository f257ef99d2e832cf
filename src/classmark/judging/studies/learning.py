"""How fast runs learn: validation accuracy at equal steps, and the steps to reach a given one.

Never a loss in its own units: two losses have different scales by construction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from classmark.judging.statistics.intervals import Estimate, Floats
from classmark.judging.statistics.p_values import mcnemar
from classmark.judging.studies.seeds import SeedDifference, metric_range, over_seeds, paired_over_seeds

Curve = Mapping[int, float]  # optimiser steps → validation accuracy


@dataclass(frozen=True)
class CurvePoint:
    """Validation accuracy of an arm after so many steps, over its runs.

    Attributes:
        lowest, highest: of any run.
    """

    step: int
    accuracy: Estimate
    lowest: float
    highest: float


@dataclass(frozen=True)
class Reached:
    """The steps after which a run first reached the target; None where it never did by its last evaluation."""

    step: int | None
    last: int


@dataclass(frozen=True)
class StepsToTarget:
    """When the runs of an arm reached the target.

    Attributes:
        runs: of the arm.
        reached: of these, how many reached it.
        median: the least step by which half of the runs had (Kaplan-Meier's median); None where fewer did.
        restricted: the mean of the steps to the target or to the end of training, whichever comes first, over seeds.
    """

    runs: int
    reached: int
    median: int | None
    restricted: Estimate


@dataclass(frozen=True)
class FirstThere:
    """In how many pairs of runs B reached the target first, A did, or neither was seen to, with the sign test."""

    b: int
    a: int
    ties: int
    p: float


def learning_curve(history: Sequence[Mapping[str, Any]]) -> dict[int, float]:
    """Steps → validation accuracy, from the rows of `history.jsonl`."""
    return {int(row["step"]): float(row["validation_accuracy"]) for row in history}


def curve_points(curves: Sequence[Curve]) -> list[CurvePoint]:
    """The mean curve of runs with its t interval at each step at which all of them were evaluated."""
    points = []
    for step in _shared_steps(curves):
        values = np.array([curve[step] for curve in curves])
        points.append(
            CurvePoint(step, over_seeds(values, metric_range("accuracy")), float(values.min()), float(values.max()))
        )
    return points


def curve_differences(a: Sequence[Curve], b: Sequence[Curve]) -> list[tuple[int, SeedDifference]]:
    """B − A in validation accuracy at each shared step, paired over seeds; each interval is for its step alone."""
    return [
        (step, paired_over_seeds(np.array([curve[step] for curve in a]), np.array([curve[step] for curve in b])))
        for step in _shared_steps([*a, *b])
    ]


def mean_accuracy(curves: Sequence[Curve]) -> Floats:
    """The mean height of each curve between the first and the last shared step, by trapezoids, shape (S,)."""
    steps = _shared_steps(curves)
    if len(steps) < 2:
        return np.array([curve[steps[0]] if steps else np.nan for curve in curves])
    heights = np.array([[curve[step] for step in steps] for curve in curves])
    found: Floats = np.trapezoid(heights, steps, axis=1) / (steps[-1] - steps[0])
    return found


def reach(curve: Curve, target: float) -> Reached:
    """When a run first reached the target; it is resolved to the distance between two evaluations."""
    there = [step for step in sorted(curve) if curve[step] >= target]
    return Reached(there[0] if there else None, max(curve))


def horizon(found: Sequence[Reached]) -> int:
    """The step up to which every run was followed or had reached the target: they are compared up to there."""
    followed = [one.last for one in found if one.step is None]
    return min(followed) if followed else max(one.step for one in found if one.step is not None)


def restricted_steps(found: Sequence[Reached], limit: int) -> Floats:
    """The steps to the target or to `limit`, whichever comes first, shape (S,).

    A run that never reaches the target is censored; its mean with the others exists up to a common limit only.

    Source: Royston & Parmar 2013, the restricted mean survival time.
    """
    return np.array([min(one.step, limit) if one.step is not None else limit for one in found], dtype=np.float64)


def steps_to_target(found: Sequence[Reached], limit: int) -> StepsToTarget:
    """When the runs of an arm reached the target, followed up to `limit`.

    Source: Kaplan & Meier 1958; with one common limit its median is the least step by which half have reached it.
    """
    times = sorted(one.step for one in found if one.step is not None and one.step <= limit)
    half = (len(found) + 1) // 2
    median = times[half - 1] if len(times) >= half else None
    return StepsToTarget(len(found), len(times), median, over_seeds(restricted_steps(found, limit), (0, limit)))


def first_there(a: Sequence[Reached], b: Sequence[Reached], limit: int) -> FirstThere:
    """Which of each pair reached the target first, with the exact sign test; a run that never did is later than any.

    Source: Gehan 1965, the scores of censored pairs; the sign test on the pairs that are not ties.
    """
    sides = [restricted_steps(side, limit) + [one.step is None or one.step > limit for one in side] for side in (a, b)]
    ahead, behind = int((sides[1] < sides[0]).sum()), int((sides[1] > sides[0]).sum())
    return FirstThere(ahead, behind, len(a) - ahead - behind, mcnemar(behind, ahead).p_exact)


def _shared_steps(curves: Sequence[Curve]) -> list[int]:
    return sorted(set.intersection(*(set(curve) for curve in curves))) if curves else []
