"""The answers of a cross-validation: each run is one fold, and all intervals are corrected for what folds share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from classmark.judging.findings.judgement import Finding
from classmark.judging.metric import METRICS
from classmark.judging.statistics.intervals import CONFIDENCE, Estimate, Floats
from classmark.judging.statistics.p_values import holm
from classmark.judging.studies.answers import TEMPERED, Answers, ArmComparison, ArmSummary, better_direction
from classmark.judging.studies.outcomes import Outcome
from classmark.judging.studies.resampled import Folds, resampled_mean
from classmark.judging.studies.seeds import SeedDifference, Spread, settle
from classmark.recipes.study_schema import Study

SAME = "none: the same in every fold, so the spread over folds is not resolved"
FEW_FOLDS = 10


def answer_folds(study: Study, outcomes: Sequence[Outcome], folds: Folds) -> Answers:
    """The answers of arms that were all trained and tested on the same folds.

    Args:
        study: the question; its seeds are the repetitions.
        outcomes: one for each arm, repetition and fold; those of a fold have the same test rows in every arm.
        folds: how the rows were resampled.
    """
    runs = {arm: [one for one in outcomes if one.arm == arm] for arm in study.arms}
    others = [arm for arm in study.arms if arm != study.reference]
    compared = [_compare(study, arm, _paired(runs[study.reference], runs[arm]), len(others), folds) for arm in others]
    tested = [one for one in compared if one.primary.p is not None]
    corrected = holm([one.primary.p for one in tested if one.primary.p is not None])
    p_values = {one.arm: p for one, p in zip(tested, corrected, strict=True)}
    found = Answers(
        study,
        tuple(outcomes),
        {arm: _summary([one for one in each if one.done], folds) for arm, each in runs.items()},
        tuple(replace(one, p_holm=p_values.get(one.arm)) for one in compared),
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
    lowest, highest = METRICS[metric].bounds
    high = found.high if highest is None else min(highest, found.high)
    return Estimate(found.value, max(lowest, found.low), high, found.method)


def paired_over_folds(a: Floats, b: Floats, folds: Folds, confidence: float = CONFIDENCE) -> SeedDifference:
    """B − A over folds, each of shape (J,), with the interval and p of the corrected resampled t test."""
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
    values = {name: _values(runs, "metrics", name) for name in _shared(runs, "metrics", METRICS)}
    tempered = _shared(runs, "tempered", ("temperature", *TEMPERED))
    return ArmSummary(
        runs=len(runs),
        metrics={name: mean_over_folds(each, folds, name) for name, each in values.items()},
        spread={
            name: Spread(float(each.std(ddof=1)), float(each.min()), float(each.max()))
            for name, each in values.items()
            if len(each) > 1
        },
        tempered={name: over_folds(_values(runs, "tempered", name), folds) for name in tempered},
        curve=[],
        steps=None,
    )


def _compare(
    study: Study, arm: str, pairs: list[tuple[Outcome, Outcome]], comparisons: int, folds: Folds
) -> ArmComparison:
    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    both, asked = [*sides[0], *sides[1]], folds.folds * folds.repetitions

    def difference(part: str, name: str, confidence: float = CONFIDENCE) -> SeedDifference:
        a, b = (_values(side, part, name) for side in sides)
        return paired_over_folds(a, b, folds, confidence)

    metrics = _shared(both, "metrics", METRICS)
    named = study.metric if study.metric in metrics else None
    confidence = 1 - (1 - CONFIDENCE) / comparisons
    nothing = SeedDifference(0, None, None, None, None, confidence, None, "none: not every fold has this metric")
    primary = nothing if named is None else difference("metrics", named, confidence)
    complete = len(pairs) == asked
    direction = study.direction or better_direction(study.metric)
    return ArmComparison(
        arm=arm,
        reference=study.reference,
        verdict=settle(primary.low, primary.high, study.margin, direction) if complete else "not settled",
        primary=primary,
        p_holm=None,
        missing=asked - len(pairs),
        waiting=0,
        needed=None,
        metrics={name: difference("metrics", name) for name in metrics},
        better={name: _share_better(both, sides, name) for name in metrics},
        rows={},
        tempered={name: difference("tempered", name) for name in _shared(both, "tempered", TEMPERED)},
        curve=[],
        mean_accuracy=None,
        first=None,
    )


def _share_better(both: Sequence[Outcome], sides: Sequence[Sequence[Outcome]], name: str) -> Estimate:
    """The share of folds in which the arm is better, ties as half."""
    if not both:
        return Estimate(None, None, None, "undefined: no pair of runs")
    gains = _values(sides[1], "metrics", name) - _values(sides[0], "metrics", name)
    gains = gains if better_direction(name) == "higher" else -gains
    share = float(((gains > 0) + 0.5 * (gains == 0)).mean())
    return Estimate(share, None, None, "none: folds share training rows, so they are not independent")


def _paired(a: Sequence[Outcome], b: Sequence[Outcome]) -> list[tuple[Outcome, Outcome]]:
    """The finished runs of two arms on the same fold."""
    there = {(one.seed, one.fold): one for one in b if one.done}
    return [(one, there[one.seed, one.fold]) for one in a if one.done and (one.seed, one.fold) in there]


def _findings(answers: Answers) -> list[Finding]:
    failed = [one for one in answers.outcomes if not one.done]
    found = []
    if failed:
        named = ", ".join(f"{one.arm} seed {one.seed} fold {one.fold}" for one in failed)
        message = f"{len(failed)} of {len(answers.outcomes)} runs failed: {named}. There is no verdict without them."
        found.append(Finding("failed_runs", "problem", message))
    for one in answers.comparisons:
        runs = [[run for run in answers.outcomes if run.arm == arm] for arm in (one.reference, one.arm)]
        if all(a.done and a.metrics == b.metrics for a, b in zip(*runs, strict=True)):
            message = f"{one.arm} and {one.reference} gave the same figures in every fold: what tells them apart had no effect."
            found.append(Finding("same_arms", "problem", message))
    folds = answers.folds
    assert folds is not None
    count = folds.folds * folds.repetitions
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
    return [*found, Finding("cross_validation", "info", message)]


def _shared(runs: Sequence[Outcome], part: str, order: Iterable[str]) -> list[str]:
    """The names that all runs have a value for."""
    return [name for name in order if runs and all(name in getattr(one, part) for one in runs)]


def _values(runs: Sequence[Outcome], part: str, name: str) -> Floats:
    return np.array([getattr(one, part)[name] for one in runs], dtype=np.float64)
