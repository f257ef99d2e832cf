"""What the finished runs of one arm say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from classmark.judging.metric import METRICS
from classmark.judging.statistics.intervals import Estimate, Floats
from classmark.judging.studies.learning import CurvePoint, Reached, StepsToTarget, curve_points, steps_to_target
from classmark.judging.studies.outcomes import Outcome
from classmark.judging.studies.seeds import Spread, metric_range, over_seeds, spread_over_seeds

TEMPERED = ("log_loss", "brier", "ece")


@dataclass(frozen=True)
class ArmSummary:
    """The finished runs of an arm.

    Attributes:
        runs: how many are done.
        metrics: on test rows, means over seeds.
        spread: of the same, over seeds; empty with fewer than two runs.
        tempered: `temperature`, and `log_loss`, `brier` and `ece` with it, means over seeds.
        curve: validation accuracy at each step that all its runs were evaluated at.
        steps: to the target; None where the study names none.
    """

    runs: int
    metrics: dict[str, Estimate]
    spread: dict[str, Spread]
    tempered: dict[str, Estimate]
    curve: list[CurvePoint]
    steps: StepsToTarget | None


def summarise(runs: Sequence[Outcome], reached: Mapping[tuple[str, int], Reached], limit: int | None) -> ArmSummary:
    """The means, the spread and the learning curve of an arm's finished runs.

    Args:
        runs: the finished ones.
        reached: arm and seed → when that run reached the target.
        limit: the step up to which steps are counted; None without a target or a run.
    """
    there = [reached[one.arm, one.seed] for one in runs if (one.arm, one.seed) in reached]
    values = {name: values_of(runs, "metrics", name) for name in shared_names(runs)}
    tempered = {name: values_of(runs, "tempered", name) for name in tempered_names(runs, "temperature")}
    return ArmSummary(
        runs=len(runs),
        metrics={name: over_seeds(each, metric_range(name)) for name, each in values.items()},
        spread={name: found for name, each in values.items() if (found := spread_over_seeds(each)) is not None},
        tempered={
            name: over_seeds(each, (0.0, np.inf) if name == "temperature" else metric_range(name))
            for name, each in tempered.items()
        },
        curve=curve_points([one.curve for one in runs]),
        steps=steps_to_target(there, limit) if there and limit is not None else None,
    )


def shared_names(runs: Sequence[Outcome]) -> list[str]:
    """The metrics that all runs have a value for."""
    return [name for name in METRICS if runs and all(name in one.metrics for one in runs)]


def tempered_names(runs: Sequence[Outcome], *others: str) -> list[str]:
    """What all runs have after a temperature; nothing where one has none, as the means would be of the others alone."""
    return [name for name in (*others, *TEMPERED) if runs and all(name in one.tempered for one in runs)]


def values_of(runs: Sequence[Outcome], part: str, name: str) -> Floats:
    """One value a run, shape (S,), of its `metrics` or `tempered`."""
    return np.array([getattr(one, part)[name] for one in runs], dtype=np.float64)
