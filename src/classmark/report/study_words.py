"""The sentences of a study."""

from __future__ import annotations

from classmark.judging.metric import SHARES, SPOKEN, TITLES
from classmark.judging.studies.answers import Answers, ArmComparison, ArmSummary
from classmark.judging.studies.seeds import SeedDifference
from classmark.judging.studies.variance import VarianceSplit
from classmark.recipes.study_schema import STEPS, Study
from classmark.report.headline import amount
from classmark.report.study_sampling import over
from classmark.report.words import value_text


def verdict_sentence(answers: Answers, one: ArmComparison) -> str:
    """`Supported: focal − cross-entropy in steps to target is …`."""
    study, found = answers.study, one.primary
    what = f"{one.arm} less {one.reference} in {metric_words(study.metric)}"
    if found.value is None:
        return f"{one.verdict.capitalize()}: {what} is unknown; no pair of runs is done. {_pairs(one)}".strip()
    spread = f"{difference_text(found, study.metric)} {unit(study.metric)}"
    if found.low is None:
        reason = found.method.removeprefix("none: ")
        return f"{one.verdict.capitalize()}: {what} is {spread}, without an interval: {reason}. {_pairs(one)}".strip()
    interval = (
        f"{100 * found.confidence:.4g} % interval {span_text(found, study.metric)} over {found.pairs} {over(answers)}"
    )
    if len(answers.comparisons) > 1 and one.p_holm is not None:
        interval += f", p {one.p_holm:.2g} by Holm"
    return f"{one.verdict.capitalize()}: {what} is {spread} ({interval}). {_meaning(study, one)} {_pairs(one)}".strip()


def _meaning(study: Study, one: ArmComparison) -> str:
    claimed = f"{study.direction} by more than {margin_text(study)}"
    low, high = one.primary.low, one.primary.high
    if one.waiting:
        return "There is no verdict before the last run."
    if one.verdict == "supported":
        return f"All of it is {claimed}."
    if one.verdict == "refuted" and low is not None and high is not None:
        other = high < 0 if study.direction == "higher" else low > 0
        return (
            "All of it lies on the other side of zero." if other else f"All of it lies within ± {margin_text(study)}."
        )
    return (
        f"It lies neither beyond {margin_text(study)} on the claimed side ({study.direction}), nor on the other side of zero, "
        "nor within ± the margin."
    )


def _pairs(one: ArmComparison) -> str:
    if not one.missing:
        return ""
    waiting = f", {one.waiting} of them still to run" if one.waiting else ""
    return (
        f"{one.missing} pair{'s' * (one.missing != 1)} of runs {'are' if one.missing != 1 else 'is'} missing{waiting}."
    )


def needed_sentence(answers: Answers, one: ArmComparison) -> str:
    """How many more seeds would settle it; empty where it is settled, or nothing can be said."""
    if one.needed is None or one.waiting:
        return ""
    have = one.primary.pairs
    if one.needed.even is None:
        return "More than 10,000 seeds would be needed: the difference stands at a bound of the verdicts."
    likely = "more than 10,000" if one.needed.likely is None else f"{max(0, one.needed.likely - have):,}"
    return (
        f"If mean and spread stay as they are, {max(0, one.needed.even - have):,} more seeds would settle it "
        f"({one.needed.towards}) in about half of such studies, {likely} more in 80 of 100."
    )


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
    rows = "the same rows for every seed" if split.same_rows else "rows of its own for every seed"
    return (
        f"{TITLES[name]}: from seed to seed a pair's difference moves by {plain(split.seed, name)} (standard deviation), "
        f"with {split.rows:,} other test rows by {plain(split.row, name)} ({rows}){share}."
    )


def metric_words(metric: str) -> str:
    """The metric as it stands in a sentence."""
    return "steps to target" if metric == STEPS else SPOKEN[metric]


def margin_text(study: Study) -> str:
    """The margin with its unit."""
    value = 100 * study.margin if study.metric in SHARES else study.margin
    return f"{value:g} {unit(study.metric)}".strip()


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
