"""The answers of a study: from the outcomes of its runs to verdicts, and to what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from classmark.judging.findings.judgement import Finding
from classmark.judging.findings.study import find_in_study
from classmark.judging.metric import LOWER_IS_BETTER, METRICS
from classmark.judging.statistics.intervals import CONFIDENCE, Estimate, Floats
from classmark.judging.statistics.p_values import holm
from classmark.judging.studies.choice import Choice, choose
from classmark.judging.studies.learning import (
    CurvePoint,
    FirstThere,
    Reached,
    StepsToTarget,
    curve_differences,
    curve_points,
    first_there,
    horizon,
    mean_accuracy,
    reach,
    restricted_steps,
    steps_to_target,
)
from classmark.judging.studies.outcomes import Outcome
from classmark.judging.studies.resampled import Folds
from classmark.judging.studies.seeds import (
    Direction,
    SeedDifference,
    SeedsNeeded,
    Spread,
    Verdict,
    over_seeds,
    paired_over_seeds,
    probability_better,
    seeds_needed,
    settle,
    spread_over_seeds,
)
from classmark.judging.studies.variance import VarianceSplit, probability_over_both, split_variance
from classmark.recipes.study_schema import STEPS, Study

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


@dataclass(frozen=True)
class RowPart:
    """What test rows add to the luck of seeds, for a metric that is a mean over rows."""

    split: VarianceSplit
    better: Estimate


@dataclass(frozen=True)
class ArmComparison:
    """An arm against the reference; every difference is the arm less the reference, paired by seed.

    Attributes:
        verdict: on the primary metric, by `primary`.
        primary: at a confidence of 1 − 0.05 / k for k comparisons, so that all k intervals hold together (Bonferroni).
        p_holm: the p value of `primary`, corrected by Holm's method.
        missing: pairs that the study asks for and that there are not.
        waiting: of these, pairs that are still to run; until then there is no verdict.
        needed: seeds that would settle it; None where it is settled or nothing can be reckoned.
        metrics: each metric's difference at 95 %, for itself alone.
        better: the probability that a run of the arm is better than one of the reference, over seeds.
        rows: the same over seeds and test rows, and where the variance comes from.
        tempered: differences after temperature scaling.
        curve: steps → difference in validation accuracy.
        mean_accuracy: the difference in mean height of the learning curve.
        first: who reached the target first; None where the study names none.
    """

    arm: str
    reference: str
    verdict: Verdict
    primary: SeedDifference
    p_holm: float | None
    missing: int
    waiting: int
    needed: SeedsNeeded | None
    metrics: dict[str, SeedDifference]
    better: dict[str, Estimate]
    rows: dict[str, RowPart]
    tempered: dict[str, SeedDifference]
    curve: list[tuple[int, SeedDifference]]
    mean_accuracy: SeedDifference | None
    first: FirstThere | None


@dataclass(frozen=True)
class Answers:
    """What a study found.

    Attributes:
        study: as it was resolved before the first run.
        outcomes: every run that the study asks for, with its state.
        limit: the step up to which steps to the target are counted; None without a target or a run.
        table: the file that lists the runs; None where the study ran them.
        folds: how test rows were put into folds; None where each run is of a seed of its own.
    """

    study: Study
    outcomes: tuple[Outcome, ...]
    arms: dict[str, ArmSummary]
    comparisons: tuple[ArmComparison, ...]
    limit: int | None
    findings: tuple[Finding, ...] = ()
    table: str | None = None
    folds: Folds | None = None

    @cached_property
    def choice(self) -> Choice | None:
        """The arm that validation chooses; None where the study does not ask for it, or runs are missing."""
        return choose(self.study, self.outcomes, self.folds) if self.study.choose_by else None

    def to_json(self) -> dict[str, Any]:
        study = self.study
        stated = ("name", "question", "metric", "direction", "margin", "target_accuracy")
        return {
            **{name: getattr(study, name) for name in stated},
            "reference": study.reference,
            "seeds": study.seed_list,
            "comparisons": [asdict(one) for one in self.comparisons],
            "arms": {name: asdict(one) for name, one in self.arms.items()},
            "steps_limit": self.limit,
            "findings": [asdict(one) for one in self.findings],
            "runs": [self._run_json(one) for one in self.outcomes],
            **({} if self.choice is None else {"choose_by": study.choose_by, "choice": asdict(self.choice)}),
            **({} if self.table is None else {"table": self.table}),
            **({} if self.folds is None else {"folds": asdict(self.folds)}),
        }

    def _run_json(self, one: Outcome) -> dict[str, Any]:
        target = self.study.target_accuracy
        reached = asdict(reach(one.curve, target)) if target is not None and one.curve else None
        stated = ("arm", "seed", "state", "message", "seconds")
        return {
            **{name: getattr(one, name) for name in stated},
            **({} if one.fold is None else {"fold": one.fold}),
            "metrics": dict(one.metrics),
            "tempered": dict(one.tempered),
            STEPS: reached,
            "curve": [[step, one.curve[step]] for step in sorted(one.curve)],
        }


def answer(study: Study, outcomes: Sequence[Outcome]) -> Answers:
    """The answers of a resolved study, as far as its runs are done.

    Args:
        study: as it was written before the first run.
        outcomes: one for each arm and seed.
    """
    target = study.target_accuracy
    reached = {(one.arm, one.seed): reach(one.curve, target) for one in outcomes if one.curve and target is not None}
    limit = horizon(list(reached.values())) if reached else None
    by_arm = {name: [one for one in outcomes if one.arm == name and one.done] for name in study.arms}
    arms = {name: _summary(runs, reached, limit) for name, runs in by_arm.items()}
    others = [name for name in study.arms if name != study.reference]
    compared = [_compare(study, name, outcomes, reached, limit, len(others)) for name in others]
    tested = [one for one in compared if one.primary.p is not None]
    corrected = dict(
        zip(
            [one.arm for one in tested],
            holm([one.primary.p for one in tested if one.primary.p is not None]),
            strict=True,
        )
    )
    comparisons = tuple(ArmComparison(**{**one.__dict__, "p_holm": corrected.get(one.arm)}) for one in compared)
    found = Answers(study, tuple(outcomes), arms, comparisons, limit)
    return Answers(**{**found.__dict__, "findings": find_in_study(found)})


def pairs_of(outcomes: Sequence[Outcome], reference: str, arm: str) -> list[tuple[Outcome, Outcome]]:
    """The finished runs of two arms that have a seed in common, in the order of the seeds."""
    sides = [{one.seed: one for one in outcomes if one.arm == name and one.done} for name in (reference, arm)]
    return [(sides[0][seed], sides[1][seed]) for seed in sides[0] if seed in sides[1]]


def _summary(runs: Sequence[Outcome], reached: Mapping[tuple[str, int], Reached], limit: int | None) -> ArmSummary:
    there = [reached[one.arm, one.seed] for one in runs if (one.arm, one.seed) in reached]
    values = {name: _values(runs, "metrics", name) for name in _shared(runs, "metrics", METRICS)}
    return ArmSummary(
        runs=len(runs),
        metrics={name: over_seeds(each) for name, each in values.items()},
        spread={name: found for name, each in values.items() if (found := spread_over_seeds(each)) is not None},
        tempered={
            name: over_seeds(_values(runs, "tempered", name))
            for name in _shared(runs, "tempered", ("temperature", *TEMPERED))
        },
        curve=curve_points([one.curve for one in runs]),
        steps=steps_to_target(there, limit) if there and limit is not None else None,
    )


def _compare(
    study: Study,
    arm: str,
    outcomes: Sequence[Outcome],
    reached: Mapping[tuple[str, int], Reached],
    limit: int | None,
    comparisons: int,
) -> ArmComparison:
    pairs = pairs_of(outcomes, study.reference, arm)
    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    both = [*sides[0], *sides[1]]
    there = [[reached[one.arm, one.seed] for one in side if (one.arm, one.seed) in reached] for side in sides]
    steps = [restricted_steps(side, limit) for side in there] if limit is not None and both else None

    def sides_of(metric: str) -> tuple[Floats, Floats]:
        if metric == STEPS and steps is not None:
            return steps[0], steps[1]
        if metric not in _shared(both, "metrics", METRICS):
            return np.empty(0), np.empty(0)
        return _values(sides[0], "metrics", metric), _values(sides[1], "metrics", metric)

    metrics = list(_shared(both, "metrics", METRICS))
    primary = paired_over_seeds(*sides_of(study.metric), confidence=1 - (1 - CONFIDENCE) / comparisons)
    direction = _claimed(study)
    seeds = study.seed_list
    over = {one.seed for one in outcomes if one.arm in (study.reference, arm) and one.state == "failed"}
    waiting = len(seeds) - len({pair[0].seed for pair in pairs} | over)
    verdict = settle(primary.low, primary.high, study.margin, direction) if waiting == 0 else "not settled"
    named = [*metrics, *([STEPS] if steps is not None else [])]
    return ArmComparison(
        arm=arm,
        reference=study.reference,
        verdict=verdict,
        primary=primary,
        p_holm=None,
        missing=len(seeds) - len(pairs),
        waiting=waiting,
        needed=seeds_needed(primary, study.margin, direction) if verdict == "not settled" else None,
        metrics={name: paired_over_seeds(*sides_of(name)) for name in named},
        better={name: probability_better(*sides_of(name), better_direction(name)) for name in named},
        rows=_row_parts(pairs),
        tempered={
            name: paired_over_seeds(_values(sides[0], "tempered", name), _values(sides[1], "tempered", name))
            for name in _shared(both, "tempered", TEMPERED)
        },
        curve=curve_differences([one.curve for one in sides[0]], [one.curve for one in sides[1]]) if pairs else [],
        mean_accuracy=_mean_accuracy(sides) if pairs and all(one.curve for one in both) else None,
        first=first_there(there[0], there[1], limit) if limit is not None and pairs else None,
    )


def better_direction(metric: str) -> Direction:
    """Which values of a metric are the better ones."""
    return "lower" if metric in (STEPS, *LOWER_IS_BETTER) else "higher"


def _claimed(study: Study) -> Direction:
    return study.direction or better_direction(study.metric)


def _row_parts(pairs: Sequence[tuple[Outcome, Outcome]]) -> dict[str, RowPart]:
    """The split of each metric that is a mean over rows; none where a pair is not on the same rows, or with one pair."""
    if len(pairs) < 2 or any(a.ids != b.ids for a, b in pairs):
        return {}
    same_rows = all(a.ids == pairs[0][0].ids for a, _ in pairs)
    if len({len(a.ids) for a, _ in pairs}) > 1 or len(pairs[0][0].ids) < 2:
        return {}
    found = {}
    for name in pairs[0][0].terms:
        differences = np.array([b.terms[name] - a.terms[name] for a, b in pairs])
        found[name] = RowPart(
            split_variance(differences, same_rows),
            probability_over_both(differences, same_rows, better_direction(name)),
        )
    return found


def _mean_accuracy(sides: Sequence[Sequence[Outcome]]) -> SeedDifference:
    """The curves of both sides over the steps that all of them share."""
    count = len(sides[0])
    heights = mean_accuracy([one.curve for side in sides for one in side])
    return paired_over_seeds(heights[:count], heights[count:])


def _shared(runs: Sequence[Outcome], part: str, order: Iterable[str]) -> list[str]:
    """The names that all runs have a value for."""
    return [name for name in order if runs and all(name in getattr(one, part) for one in runs)]


def _values(runs: Sequence[Outcome], part: str, name: str) -> Floats:
    return np.array([getattr(one, part)[name] for one in runs], dtype=np.float64)
