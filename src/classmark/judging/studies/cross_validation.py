"""The answers of a cross-validation: each run is one fold, and all intervals are corrected for what folds share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from classmark.judging.findings.judgement import Finding
from classmark.judging.findings.study import untempered
from classmark.judging.statistics.intervals import Estimate, Floats
from classmark.judging.statistics.level import at_level_of, level
from classmark.judging.statistics.p_values import holm
from classmark.judging.studies.answers import Answers
from classmark.judging.studies.arms import ArmSummary, shared_names, tempered_names, values_of
from classmark.judging.studies.comparison import ArmComparison
from classmark.judging.studies.outcomes import Outcome
from classmark.judging.studies.pairs import better_direction, claimed_direction
from classmark.judging.studies.resampled import Folds, resampled_mean
from classmark.judging.studies.seeds import SeedDifference, metric_range, spread_over_seeds
from classmark.judging.studies.verdicts import is_equivalent, is_opposite, settle
from classmark.recipes.study_schema import Study
from classmark.runs.status import DONE, FAILED

SAME = "none: the same in every fold, so the spread over folds is not resolved"
FEW_FOLDS = 10
FEW_ROWS = 200  # tested more than once: with fewer the correction is too small for nearest neighbours


@at_level_of("study")
def answer_folds(study: Study, outcomes: Sequence[Outcome], folds: Folds) -> Answers:
    """The answers of arms that were all trained and tested on the same folds.

    Args:
        study: the question; its seeds are the repetitions.
        outcomes: one for each arm, repetition and fold; those of a fold have the same test rows in every arm.
        folds: how the rows were resampled.
    """
    runs = {arm: [one for one in outcomes if one.arm == arm] for arm in study.arms}
    others = [arm for arm in study.arms if arm != study.reference]
    compared = [
        replace(
            _compare(study, arm, _paired(runs[study.reference], runs[arm]), len(others), folds),
            waiting=_waiting(runs[study.reference], runs[arm]),
        )
        for arm in others
    ]
    p_values = iter(holm([one.p_margin for one in compared if one.p_margin is not None]))
    found = Answers(
        study,
        tuple(outcomes),
        {arm: _summary([one for one in each if one.done], folds) for arm, each in runs.items()},
        tuple(one if one.p_margin is None else replace(one, p_holm=next(p_values)) for one in compared),
        limit=None,
        folds=folds,
    )
    return replace(found, findings=tuple(_findings(found)))


def over_folds(values: Floats, folds: Folds) -> Estimate:
    """The mean over folds, shape (J,), with the interval of the corrected resampled t test."""
    found = resampled_mean(values, folds)
    if found.value is None:
        return Estimate(None, None, None, "undefined: no fold has it")
    if found.low is None:
        return Estimate(found.value, None, None, "none: a single fold" if found.deviation is None else SAME)
    return Estimate(found.value, found.low, found.high, _method(len(values), folds))


def mean_over_folds(values: Floats, folds: Folds, metric: str) -> Estimate:
    """The same with the interval cut to the values that the metric can have."""
    found = over_folds(values, folds)
    if found.low is None or found.high is None:
        return found
    lowest, highest = metric_range(metric)
    return Estimate(found.value, max(lowest, found.low), min(highest, found.high), found.method)


def paired_over_folds(a: Floats, b: Floats, folds: Folds, confidence: float | None = None) -> SeedDifference:
    """B − A over folds, each of shape (J,), with the interval and p of the corrected resampled t test."""
    confidence = level() if confidence is None else confidence
    found = resampled_mean(b - a, folds, confidence, float(np.abs([a, b]).max(initial=0.0)))
    method = f"{_method(len(a), folds)}, at {100 * confidence:.4g} %"
    if found.low is None:
        method = "none: fewer than two pairs of runs" if found.deviation is None else SAME
    return SeedDifference(len(a), found.value, found.deviation, found.low, found.high, confidence, found.p, method)


def _method(count: int, folds: Folds) -> str:
    return (
        f"corrected resampled t over {count} folds ({folds.repetitions} × {folds.folds}), variance × (1/{count} + "
        f"{folds.ratio:.4g}) for the training rows that folds share"
    )


def _summary(runs: Sequence[Outcome], folds: Folds) -> ArmSummary:
    values = {name: values_of(runs, "metrics", name) for name in shared_names(runs)}
    return ArmSummary(
        runs=len(runs),
        metrics={name: mean_over_folds(each, folds, name) for name, each in values.items()},
        spread={name: found for name, each in values.items() if (found := spread_over_seeds(each)) is not None},
        tempered={
            name: over_folds(values_of(runs, "tempered", name), folds) for name in tempered_names(runs, "temperature")
        },
        curve=[],
        steps=None,
    )


def _compare(
    study: Study, arm: str, pairs: list[tuple[Outcome, Outcome]], comparisons: int, folds: Folds
) -> ArmComparison:
    a, b = [one for one, _ in pairs], [one for _, one in pairs]
    metrics = shared_names([*a, *b])

    def difference(part: str, name: str, confidence: float | None = None) -> SeedDifference:
        return paired_over_folds(values_of(a, part, name), values_of(b, part, name), folds, confidence)

    def primary(confidence: float) -> SeedDifference:
        if study.metric in metrics:
            return difference("metrics", study.metric, confidence)
        return paired_over_folds(np.empty(0), np.empty(0), folds, confidence)

    confidence, direction = 1 - (1 - level()) / comparisons, claimed_direction(study)
    found, equivalence = primary(confidence), primary(1 - 2 * (1 - confidence))
    missing = folds.folds * folds.repetitions - len(pairs)
    return ArmComparison(
        arm=arm,
        reference=study.reference,
        verdict="not settled" if missing else settle(found.low, found.high, study.margin, direction),
        primary=found,
        p_holm=None,
        missing=missing,
        waiting=0,
        needed=None,
        metrics={name: difference("metrics", name) for name in metrics},
        better={name: _share_better(a, b, name) for name in metrics},
        rows={},
        tempered={name: difference("tempered", name) for name in tempered_names([*a, *b])},
        curve=[],
        mean_accuracy=None,
        first=None,
        p_margin=_p_of_margin(a, b, study, folds) if study.metric in metrics else None,
        opposite=not missing and is_opposite(found.low, found.high, direction),
        equivalent=not missing and is_equivalent(equivalence.low, equivalence.high, study.margin),
        equivalence=equivalence,
    )


def _p_of_margin(a: Sequence[Outcome], b: Sequence[Outcome], study: Study, folds: Folds) -> float | None:
    """The two-sided p of a difference that is exactly the margin, in the claimed direction."""
    margin = study.margin if claimed_direction(study) == "higher" else -study.margin
    values = [values_of(side, "metrics", study.metric) for side in (a, b)]
    return resampled_mean(values[1] - values[0] - margin, folds, size=float(np.abs(values).max(initial=0.0))).p


def _share_better(a: Sequence[Outcome], b: Sequence[Outcome], name: str) -> Estimate:
    """The share of folds in which B is better, ties as half."""
    gains = values_of(b, "metrics", name) - values_of(a, "metrics", name)
    gains = gains if better_direction(name) == "higher" else -gains
    share = float(((gains > 0) + 0.5 * (gains == 0)).mean())
    return Estimate(share, None, None, "none: folds share training rows, so they are not independent")


def _paired(a: Sequence[Outcome], b: Sequence[Outcome]) -> list[tuple[Outcome, Outcome]]:
    """The finished runs of two arms on the same fold."""
    there = {(one.seed, one.fold): one for one in b if one.done}
    return [(one, there[one.seed, one.fold]) for one in a if one.done and (one.seed, one.fold) in there]


def _waiting(a: Sequence[Outcome], b: Sequence[Outcome]) -> int:
    """The folds that are still to be run; a run that failed is not waited for."""
    states: dict[tuple[int, int | None], set[str]] = {}
    for one in (*a, *b):
        states.setdefault((one.seed, one.fold), set()).add(one.state)
    return sum(FAILED not in each and each != {DONE} for each in states.values())


def _findings(answers: Answers) -> list[Finding]:
    failed = [one for one in answers.outcomes if one.state == FAILED]
    waiting = sum(not one.done for one in answers.outcomes) - len(failed)
    found = []
    if failed:
        named = ", ".join(f"{one.arm} seed {one.seed} fold {one.fold}" for one in failed)
        message = f"{len(failed)} of {len(answers.outcomes)} runs failed: {named}. There is no verdict without them."
        found.append(Finding("failed_runs", "problem", message))
    if waiting:
        message = f"{waiting} of {len(answers.outcomes)} runs are still to come. There is no verdict before the last."
        found.append(Finding("unfinished", "warning", message))
    for one in answers.comparisons:
        runs = [[run for run in answers.outcomes if run.arm == arm] for arm in (one.reference, one.arm)]
        if all(a.done and a.metrics == b.metrics for a, b in zip(*runs, strict=True)):
            message = f"{one.arm} and {one.reference} gave the same figures in every fold: what tells them apart had no effect."
            found.append(Finding("same_arms", "problem", message))
    folds = answers.folds
    assert folds is not None
    count = folds.folds * folds.repetitions
    if not folds.training_rows:  # no run is done
        return found
    if count < FEW_FOLDS:
        message = (
            f"{count} folds in all: the interval is wide. Repeat the cross-validation with other folds; 10 times 10 folds are "
            "usual."
        )
        found.append(Finding("few_folds", "info", message))
    message = (
        f"Each row was tested {'once' if folds.repetitions == 1 else f'{folds.repetitions} times'}, by models that share most of "
        f"their training rows. The interval is corrected for that by a rule that holds about, not exactly, and speaks of "
        f"models trained on {folds.training_rows:,.0f} rows like these."
    )
    rows = folds.training_rows + folds.test_rows
    if few := folds.repetitions > 1 and rows < FEW_ROWS:
        message += (
            f" With {rows:,.0f} rows tested several times it can be too narrow: with nearest neighbours on 60 to 100 rows it "
            "found a difference that was not there in 9 to 10 of 100 cases. Trust one repetition, or ask for a smaller p."
        )
    return [*found, *untempered(answers), Finding("cross_validation", "warning" if few else "info", message)]
