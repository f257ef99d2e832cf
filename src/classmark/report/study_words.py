"""The sentences of a study."""

from __future__ import annotations

from classmark.judging.metric import SHARES, SPOKEN, TITLES
from classmark.judging.studies.answers import Answers
from classmark.judging.studies.arms import ArmSummary
from classmark.judging.studies.comparison import ArmComparison
from classmark.judging.studies.seeds import SeedDifference
from classmark.judging.studies.variance import VarianceSplit
from classmark.judging.studies.verdicts import SeedsNeeded
from classmark.recipes.study_schema import STEPS, Study
from classmark.report.headline import amount
from classmark.report.study_sampling import over
from classmark.report.words import value_text


def verdict_sentence(answers: Answers, one: ArmComparison) -> str:
    """`Supported: focal less cross-entropy in steps to target is …`."""
    study, found = answers.study, one.primary
    begins = f"{_verdict(one)}: {one.arm} less {one.reference} in {metric_words(study.metric)} is"
    if found.value is None:
        return f"{begins} unknown; no pair of runs is done. {_pairs(one)}".strip()
    spread = f"{difference_text(found, study.metric)} {unit(study.metric)}".strip()
    if found.low is None:
        return f"{begins} {spread}, without an interval: {found.method.removeprefix('none: ')}. {_pairs(one)}".strip()
    kind = "confidence sequence" if study.sequential else "interval"
    interval = (
        f"{100 * found.confidence:.4g} % {kind} {span_text(found, study.metric)} over {found.pairs} {over(answers)}"
    )
    return f"{begins} {spread} ({interval}{_tested(answers, one)}). {_meaning(study, one)} {_pairs(one)}".strip()


def _verdict(one: ArmComparison) -> str:
    if one.settled_at is not None:
        return f"{one.verdict.capitalize()} at seed {one.settled_at}"
    return "No verdict yet" if one.waiting else "No verdict" if one.missing else one.verdict.capitalize()


def _tested(answers: Answers, one: ArmComparison) -> str:
    """The p value of what the verdict tests, corrected as the interval is; empty while there is no verdict to come."""
    comparisons = len(answers.comparisons)
    if one.p_margin is None or one.missing:
        return ""
    how = " by Bonferroni" if comparisons > 1 else ""
    p = min(1.0, comparisons * one.p_margin)
    return f"; tested against {margin_text(answers.study, signed=True)}, p {p:.2g}{how}"


def _meaning(study: Study, one: ArmComparison) -> str:
    if one.missing:
        return _worst(study, one)
    claimed = f"{study.direction} by more than {margin_text(study)}"
    said = {
        "supported": f"All of it is {claimed}.",
        "not by the margin": f"None of it is {claimed}.",
        "not settled": f"The margin, {margin_text(study, signed=True)}, lies inside it.",
    }[one.verdict]
    if one.opposite:
        said += " All of it lies on the other side of zero."
    if one.equivalent and one.equivalence is not None:
        span = f"{100 * one.equivalence.confidence:.4g} % interval, {span_text(one.equivalence, study.metric)},"
        said += f" The arms are equivalent: the {span} lies within ± {margin_text(study)}."
    return said


def _worst(study: Study, one: ArmComparison) -> str:
    """What the runs that are missing could change."""
    if one.worst is None or one.worst.low is None or one.worst.high is None:
        return ""
    ends = f"{_amount(one.worst.low, study.metric)} to {_amount(one.worst.high, study.metric)}"
    could = " or ".join(one.worst.verdicts)
    return f"Whatever the missing runs give, the interval of all seeds lies within {ends}; the verdict can be {could}."


def _pairs(one: ArmComparison) -> str:
    if not one.missing:
        return ""
    waiting = f", {one.waiting} of them still to run" if one.waiting else ""
    return (
        f"{one.missing} pair{'s' * (one.missing != 1)} of runs {'are' if one.missing != 1 else 'is'} missing{waiting}."
    )


def needed_sentence(answers: Answers, one: ArmComparison) -> str:
    """How many seeds would give a verdict, or show the arms equivalent; empty where nothing can be said."""
    sequential = answers.study.sequential
    if one.missing and not sequential:
        return ""
    said = []
    if one.needed is not None and sequential:
        said.append(_seeds(one.needed, "If mean and spread stay as they are, it is settled ({towards}) at seed number"))
    elif one.needed is not None:
        begins = (
            "If mean and spread are as they were here, it would be settled ({towards}) by a new study with other seeds:"
        )
        said.append(_seeds(one.needed, begins))
    if one.needed_equivalent is not None and one.verdict != "supported":
        said.append(
            _seeds(one.needed_equivalent, "That the arms are {towards} would be shown by a new study with other seeds:")
        )
    return " ".join(said)


def _seeds(needed: SeedsNeeded, begins: str) -> str:
    begins = begins.format(towards=needed.towards)
    if needed.even is None:
        return f"{begins} more than 10,000."
    likely = "more than 10,000" if needed.likely is None else f"{needed.likely:,}"
    return f"{begins} {needed.even:,} for about an even chance, {likely} for 80 of 100."


def resplit_sentence(answers: Answers, one: ArmComparison) -> str:
    """What the verdict speaks of where every seed splits one data set anew; empty where all have the same test rows."""
    if one.resplit is None:
        return ""
    said = "Every seed splits one data set anew, so this speaks of other seeds and other splits of this data set."
    found, metric = one.resplit.difference, answers.study.metric
    if found.low is None:
        return f"{said} For other data no interval is known."
    span = f"{100 * found.confidence:.4g} % interval is {span_text(found, metric)} (Nadeau and Bengio 2003)"
    verdict = "" if one.missing else f": {one.resplit.verdict}"
    return f"{said} For other data of this kind the {span}{verdict}."


def order_sentence(answers: Answers, one: ArmComparison) -> str:
    """Who reached the target first; empty without a target."""
    target = answers.study.target_accuracy
    if one.first is None or target is None:
        return ""
    found = one.first
    sides = [answers.arms[name].steps for name in (one.reference, one.arm)]
    reached = "; ".join(
        f"{name} in {side.reached} of {side.runs} runs, median step {'–' if side.median is None else f'{side.median:,}'}"
        for name, side in zip((one.reference, one.arm), sides, strict=True)
        if side is not None
    )
    return (
        f"{100 * target:.4g} % of validation right: first was {one.arm} × {found.b}, {one.reference} × {found.a}, "
        f"neither × {found.ties} (sign test p {found.p:.2g}). Reached by {reached}."
    )


def spread_sentence(answers: Answers) -> str:
    """How far the runs of each arm lie apart in the primary metric; empty for steps, or with fewer than two runs."""
    metric = answers.study.metric
    parts = [
        f"{name} {plain(found.deviation, metric)} ({value_text(found.lowest, metric)} to {value_text(found.highest, metric)})"
        for name, arm in answers.arms.items()
        if (found := arm.spread.get(metric)) is not None
    ]
    if not parts:
        return ""
    return f"Standard deviation of {metric_words(metric)} over {over(answers)}, and its range: {'; '.join(parts)}."


def variance_sentence(split: VarianceSplit, name: str) -> str:
    """What seeds and test rows add to the uncertainty of a difference."""
    share = "" if split.seed_share is None else f"; {split.seed_share:.0%} of the variance of the mean comes from seeds"
    rows = "the same rows for every seed" if split.same_rows else "every seed splits one data set anew"
    return (
        f"{TITLES[name]}: from seed to seed a pair's difference moves by {plain(split.seed, name)} (standard deviation), "
        f"with {split.rows:,} other test rows by {plain(split.row, name)} ({rows}){share}."
    )


def metric_words(metric: str) -> str:
    """The metric as it stands in a sentence."""
    return "steps to target" if metric == STEPS else SPOKEN[metric]


def margin_text(study: Study, signed: bool = False) -> str:
    """The margin with its unit; with the sign of the claim if asked for."""
    value = 100 * study.margin if study.metric in SHARES else study.margin
    sign = "" if not signed or not value else "-" if study.direction == "lower" else "+"
    return f"{sign}{value:g} {unit(study.metric)}".strip()


def unit(metric: str) -> str:
    """What differences of a metric are counted in."""
    return "steps" if metric == STEPS else "points" if metric in SHARES else ""


def difference_text(found: SeedDifference, name: str) -> str:
    """A difference with its sign: shares in points."""
    return _amount(found.value, name)


def span_text(found: SeedDifference, name: str) -> str:
    """The interval of a difference, or a dash."""
    return "–" if found.low is None else f"{_amount(found.low, name)} to {_amount(found.high, name)}"


def value_of(arm: ArmSummary, name: str) -> str:
    """An arm's mean over seeds."""
    if name == STEPS:
        return "–" if arm.steps is None or arm.steps.restricted.value is None else f"{arm.steps.restricted.value:,.1f}"
    return value_text(arm.metrics[name].value if name in arm.metrics else None, name)


def plain(value: float, name: str) -> str:
    """A deviation in the unit of differences."""
    return f"{100 * value:.2f} points" if name in SHARES else f"{value:.4f}"


def _amount(value: float | None, name: str) -> str:
    if name == STEPS:
        return "–" if value is None else f"{value:+,.1f}"
    return amount(value, name)
