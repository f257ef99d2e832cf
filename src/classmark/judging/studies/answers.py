"""The answers of a study: from the outcomes of its runs to verdicts, and to what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from classmark.judging.findings.judgement import Finding
from classmark.judging.findings.study import find_in_study
from classmark.judging.parts.label_errors import LabelErrors
from classmark.judging.statistics.level import at_level, at_level_of
from classmark.judging.statistics.p_values import holm
from classmark.judging.studies.arms import ArmSummary, summarise
from classmark.judging.studies.choice import Choice, choose
from classmark.judging.studies.comparison import ArmComparison, compare_arms
from classmark.judging.studies.learning import horizon, reach
from classmark.judging.studies.outcomes import Outcome
from classmark.judging.studies.pairs import Sides
from classmark.judging.studies.resampled import Folds
from classmark.recipes.study_schema import STEPS, Study


@dataclass(frozen=True)
class Answers:
    """What a study found.

    Attributes:
        study: as it was resolved before the first run.
        outcomes: every run that the study asks for, with its state.
        limit: the step up to which steps to the target are counted; None without a target or a run.
        runs_table: the file that lists the runs; None where the study ran them.
        folds: how test rows were put into folds; None where each run is of a seed of its own.
        label_errors: of a cross-validation, labels that the models of all arms together disagree with.
    """

    study: Study
    outcomes: tuple[Outcome, ...]
    arms: dict[str, ArmSummary]
    comparisons: tuple[ArmComparison, ...]
    limit: int | None
    findings: tuple[Finding, ...] = ()
    runs_table: str | None = None
    folds: Folds | None = None
    label_errors: LabelErrors | None = None

    @cached_property
    def choice(self) -> Choice | None:
        """The arm that validation chooses; None where the study does not ask for it, or runs are missing."""
        with at_level(self.level):
            return choose(self.study, self.outcomes, self.folds) if self.study.choose_by else None

    @property
    def level(self) -> float:
        """The level of all intervals."""
        return self.study.level

    @property
    def settled(self) -> bool:
        """Whether every claim has a verdict."""
        return all(one.verdict != "not settled" for one in self.comparisons)

    def to_json(self) -> dict[str, Any]:
        study = self.study
        stated = ("name", "question", "metric", "direction", "margin", "target_accuracy", "sequential", "level")
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
            **({} if self.runs_table is None else {"table": self.runs_table}),
            **({} if self.folds is None else {"folds": asdict(self.folds)}),
            **({} if self.label_errors is None else {"label_errors": asdict(self.label_errors)}),
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
            **({} if one.untempered is None else {"untempered": one.untempered}),
            STEPS: reached,
            "curve": [[step, one.curve[step]] for step in sorted(one.curve)],
        }


@at_level_of("study")
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
    arms = {name: summarise(runs, reached, limit) for name, runs in by_arm.items()}
    others = [name for name in study.arms if name != study.reference]
    sides = [Sides(study.reference, name, tuple(outcomes), reached, limit) for name in others]
    compared = [compare_arms(study, one, len(others)) for one in sides]
    p_values = [one.p_margin for one in compared if one.p_margin is not None]
    corrected = iter(holm(p_values))
    comparisons = tuple(one if one.p_margin is None else replace(one, p_holm=next(corrected)) for one in compared)
    found = Answers(study, tuple(outcomes), arms, comparisons, limit)
    return replace(found, findings=find_in_study(found))
