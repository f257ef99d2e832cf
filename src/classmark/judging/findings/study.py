"""What a reader of a study must know: runs that are missing, arms that are not paired, a target that tells nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from classmark.errors import shortened
from classmark.judging.findings.judgement import Finding
from classmark.recipes.section import flattened
from classmark.recipes.study_load import differing_keys
from classmark.recipes.study_schema import STEPS

if TYPE_CHECKING:
    from classmark.judging.studies.answers import Answers
    from classmark.judging.studies.outcomes import Outcome

FEW_SEEDS = 5
# Keys in which runs of a pair may differ without being another recipe.
NAMES = ("name", "description")


def find_in_study(answers: Answers) -> tuple[Finding, ...]:
    """The findings, the gravest first."""
    found = [*_missing(answers), *_unpaired(answers), *_resplits(answers), *_target(answers), *_size(answers)]
    found += untempered(answers)
    order = ("problem", "warning", "info")
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))


def _missing(answers: Answers) -> Iterator[Finding]:
    failed = [one for one in answers.outcomes if one.state == "failed"]
    if failed:
        named = ", ".join(f"{one.arm} seed {one.seed}" for one in failed)
        yield Finding(
            "failed_runs",
            "problem",
            f"{len(failed)} of {len(answers.outcomes)} runs failed and their pairs are missing: {named}. If an arm fails "
            "more often than another, the pairs that are left speak for it, so there is no verdict without them.",
        )
    waiting = sum(one.state not in ("done", "failed") for one in answers.outcomes)
    if waiting and answers.study.sequential and not answers.settled:
        runs = f"{waiting} of {len(answers.outcomes)} runs are still to come, unless an earlier one settles it."
        yield Finding("unfinished", "info", runs)
    elif waiting and not answers.study.sequential:
        yield Finding(
            "unfinished",
            "warning",
            f"{waiting} of {len(answers.outcomes)} runs are still to come. There is no verdict before the last: to stop at the "
            "first one that pleases is wrong more often than 5 in 100. A study with sequential: true may stop earlier.",
        )


def _unpaired(answers: Answers) -> Iterator[Finding]:
    stated = set(differing_keys(answers.study))
    by_seed: dict[int, list[Outcome]] = {}
    for one in answers.outcomes:
        if one.done:
            by_seed.setdefault(one.seed, []).append(one)
    keys: set[str] = set()
    for runs in by_seed.values():
        recipes = [flattened(one.recipe) for one in runs]
        everywhere = {key for recipe in recipes for key in recipe}
        keys |= {key for key in everywhere if any(recipe.get(key) != recipes[0].get(key) for recipe in recipes)}
    if other := sorted(keys - stated - set(NAMES)):
        yield Finding(
            "arms_differ_otherwise",
            "warning",
            f"Runs of the same seed differ in {', '.join(other)} too, which no arm states: what was settled while they ran. "
            "Fix it in the study, and run it anew.",
        )
    if any(one.ids != runs[0].ids for runs in by_seed.values() for one in runs):
        yield Finding(
            "other_test_rows",
            "problem",
            "Runs of the same seed were tested on different rows, so they are not paired. Give all arms the same data.",
        )
    for comparison in answers.comparisons:
        pairs = [
            (a, b)
            for runs in by_seed.values()
            for a in runs
            for b in runs
            if a.arm == comparison.reference and b.arm == comparison.arm
        ]
        if pairs and all(a.curve == b.curve and a.metrics == b.metrics for a, b in pairs):
            yield Finding(
                "same_arms",
                "problem",
                f"{comparison.arm} and {comparison.reference} gave the same predictions in every pair: what tells the arms "
                "apart had no effect.",
            )


def _resplits(answers: Answers) -> Iterator[Finding]:
    split = [(one, one.resplit) for one in answers.comparisons if one.resplit is not None]
    if not split:
        return
    others = [one.arm for one, found in split if one.verdict not in ("not settled", found.verdict)]
    shared, rows = split[0][1].shared, split[0][1].test_rows
    said = (
        f"Every seed holds back its own {rows:,.0f} test rows of one data set, and {shared:.0%} of them stand in the test of "
        "another seed too. The verdict speaks of other seeds and splits of this data set."
    )
    if others:
        said += f" For other data of this kind it does not stand: {', '.join(others)}."
    yield Finding("resplits", "warning" if others else "info", said)


def _target(answers: Answers) -> Iterator[Finding]:
    study, curves = answers.study, [one.curve for one in answers.outcomes if one.curve and one.done]
    if study.target_accuracy is None or not curves:
        return
    severity = "problem" if study.metric == STEPS else "info"
    reached = [any(accuracy >= study.target_accuracy for accuracy in curve.values()) for curve in curves]
    if not any(reached):
        yield Finding("target_never_reached", severity, f"No run reached {study.target_accuracy:.1%} on validation.")
    elif not all(reached):
        yield Finding(
            "censored",
            "info",
            f"{len(reached) - sum(reached)} of {len(reached)} runs did not reach {study.target_accuracy:.1%}; they count as "
            f"not there by step {answers.limit:,}, up to which all were followed.",
        )
    if all(curve[min(curve)] >= study.target_accuracy for curve in curves):
        yield Finding("target_too_low", severity, "Every run was at the target at its first evaluation already.")
    spacing = max((second - first for curve in curves for first, second in _neighbours(curve)), default=0)
    if study.metric == STEPS and study.margin < spacing:
        yield Finding(
            "coarse_steps",
            "warning",
            f"Evaluations are up to {spacing:,} steps apart, more than the margin of {study.margin:g}: evaluate more often "
            "(train.evaluate_every_steps).",
        )
    unequal = {"train.batch_size", "train.token_budget"} & set(differing_keys(study))
    if unequal:
        yield Finding(
            "unequal_steps", "warning", f"The arms differ in {', '.join(unequal)}: a step is not the same work."
        )


def _size(answers: Answers) -> Iterator[Finding]:
    seeds = len(answers.study.seed_list)
    if seeds < FEW_SEEDS:
        yield Finding(
            "few_seeds",
            "warning",
            f"{seeds} seeds: t intervals over so few are wide, and they rest on differences that are about normal.",
        )


def untempered(answers: Answers) -> Iterator[Finding]:
    """That arms have runs without a best temperature, and what is withheld for that; a finding for each reason."""
    without = [one for one in answers.outcomes if one.done and one.untempered is not None]
    for reason in dict.fromkeys(one.untempered for one in without):
        runs = [one for one in without if one.untempered == reason]
        named = [f"{one.arm} seed {one.seed}" + ("" if one.fold is None else f" fold {one.fold}") for one in runs]
        arms = ", ".join(dict.fromkeys(one.arm for one in runs))
        yield Finding(
            "no_temperature",
            "info",
            f"No temperature is best for {shortened(named)}: on validation rows {reason}. Means of the temperature, and of what "
            f"follows from it, are withheld for {arms}.",
        )


def _neighbours(curve: Mapping[int, float]) -> Iterator[tuple[int, int]]:
    yield from itertools.pairwise(sorted(curve))
