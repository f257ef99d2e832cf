"""An arm of a study against the reference: the verdict, what stands beside it, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from classmark.judging.statistics.intervals import Estimate
from classmark.judging.statistics.level import level
from classmark.judging.studies.arms import shared_names, tempered_names, values_of
from classmark.judging.studies.learning import FirstThere, curve_differences, first_there, mean_accuracy
from classmark.judging.studies.missing import WorstCase
from classmark.judging.studies.outcomes import Outcome
from classmark.judging.studies.pairs import Sides, better_direction, claimed_direction
from classmark.judging.studies.resplits import Resplit, are_resplits, resplit, shared_variance
from classmark.judging.studies.ruling import Ruling, rule
from classmark.judging.studies.seeds import SeedDifference, paired_over_seeds, probability_better
from classmark.judging.studies.variance import VarianceSplit, probability_over_both, split_variance
from classmark.judging.studies.verdicts import SeedsNeeded, Verdict
from classmark.recipes.study_schema import STEPS, Study


@dataclass(frozen=True)
class RowPart:
    """What test rows add to the luck of seeds, for a metric that is a mean over rows."""

    split: VarianceSplit
    better: Estimate


@dataclass(frozen=True)
class ArmComparison:
    """An arm against the reference; every difference is the arm less the reference, paired by seed.

    Attributes:
        verdict: on the primary metric, by `primary`; `not settled` also while runs are missing.
        primary: at a confidence of 1 − (1 − level) / k for k comparisons, so that all k intervals hold together (Bonferroni).
        p_holm: `p_margin`, corrected by Holm's method.
        missing: pairs that the study asks for and that there are not; a sequential study asks for none beyond its verdict.
        waiting: of these, pairs that are still to run.
        needed: seeds that a new study needs for a verdict; None where there is one or nothing can be reckoned.
        metrics: each metric's difference at the level, for itself alone.
        better: the probability that a run of the arm is better than one of the reference, over seeds.
        rows: the same over seeds and test rows, and where the variance comes from.
        tempered: differences after temperature scaling.
        curve: steps → difference in validation accuracy.
        mean_accuracy: the difference in mean height of the learning curve.
        first: who reached the target first; None where the study names none.
        p_margin: two-sided, of a difference that is exactly the margin, in the claimed direction: what the verdict tests.
        opposite: all of `primary` lies on the other side of zero than claimed; never while runs are missing.
        equivalent: all of `equivalence` lies within ± the margin; never while runs are missing.
        equivalence: the interval of two one-sided tests: at 90 % where `primary` is at 95 %.
        needed_equivalent: seeds that a new study needs to show the arms equivalent.
        worst: what the missing runs could change; None where none is missing.
        settled_at: the seed at which a sequential study reached the verdict.
        resplit: what the study says about other data, where every seed splits one data set anew.
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
    p_margin: float | None = None
    opposite: bool = False
    equivalent: bool = False
    equivalence: SeedDifference | None = None
    needed_equivalent: SeedsNeeded | None = None
    worst: WorstCase | None = None
    settled_at: int | None = None
    resplit: Resplit | None = None


def compare_arms(study: Study, sides: Sides, comparisons: int) -> ArmComparison:
    """One of so many comparisons of a study; its p value is not corrected yet."""
    a, b = sides.runs()
    metrics = shared_names([*a, *b])
    named = [*metrics, *([STEPS] if sides.limit is not None and a else [])]
    confidence = 1 - (1 - level()) / comparisons
    ruling = rule(study, sides, confidence)
    there = sides.there()
    return ArmComparison(
        arm=sides.arm,
        reference=sides.reference,
        p_holm=None,
        metrics={name: paired_over_seeds(*sides.values(name)) for name in named},
        better={name: probability_better(*sides.values(name), better_direction(name)) for name in named},
        rows=_row_parts(sides.pairs),
        tempered={
            name: paired_over_seeds(values_of(a, "tempered", name), values_of(b, "tempered", name))
            for name in tempered_names([*a, *b])
        },
        curve=curve_differences([one.curve for one in a], [one.curve for one in b]) if a else [],
        mean_accuracy=_mean_accuracy(a, b) if a and all(one.curve for one in (*a, *b)) else None,
        first=first_there(*there, sides.limit) if sides.limit is not None and a else None,
        resplit=_resplit(study, a, ruling),
        **vars(ruling),
    )


def _resplit(study: Study, runs: Sequence[Outcome], ruling: Ruling) -> Resplit | None:
    """What the study says about other data; without a verdict where it has none itself because runs are missing."""
    found = resplit(runs, ruling.primary, study.margin, claimed_direction(study), study.metric != STEPS)
    return replace(found, verdict="not settled") if found is not None and ruling.missing else found


def _row_parts(pairs: Sequence[tuple[Outcome, Outcome]]) -> dict[str, RowPart]:
    """The split of each metric that is a mean over rows; none where a pair is not on the same rows, or with one pair."""
    if len(pairs) < 2 or any(a.ids != b.ids for a, b in pairs):
        return {}
    if len({len(a.ids) for a, _ in pairs}) > 1 or len(pairs[0][0].ids) < 2:
        return {}
    first = [a for a, _ in pairs]
    same_rows, shared = not are_resplits(first), shared_variance(first)
    orders = [np.argsort(a.ids, kind="stable") for a in first]
    found = {}
    for name in pairs[0][0].terms:
        differences = np.array(
            [(b.terms[name] - a.terms[name])[order] for (a, b), order in zip(pairs, orders, strict=True)]
        )
        split, direction = split_variance(differences, same_rows, shared), better_direction(name)
        means = differences.mean(axis=1)
        better = probability_better(np.zeros_like(means), means, direction)
        found[name] = RowPart(split, probability_over_both(split, better, direction))
    return found


def _mean_accuracy(a: Sequence[Outcome], b: Sequence[Outcome]) -> SeedDifference:
    """The curves of both sides over the steps that all of them share."""
    heights = mean_accuracy([one.curve for one in (*a, *b)])
    return paired_over_seeds(heights[: len(a)], heights[len(a) :])
