"""Findings about what was chosen on validation, about how that split compares, and about slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classmark.judging.findings.finding import Finding
from classmark.judging.metric import SPOKEN
from classmark.judging.parts.guarantees import Guarantee
from classmark.judging.parts.operating import OperatingPoint
from classmark.judging.parts.slices import Slice
from classmark.judging.parts.thresholds import Goal, read_goal
from classmark.judging.statistics.intervals import Estimate
from classmark.judging.statistics.level import percent, risk

if TYPE_CHECKING:
    from classmark.judging.judgement import Judgement

FAR = 0.2  # from 0.5
MUCH = 0.02  # of accuracy
MUCH_OF_A_SLICE = 0.05
MOST_NAMED = 3
SAME_SOURCE = 0.01  # the p below which labelled and unlabelled rows are not random draws of the same
SPOKEN_GOALS = SPOKEN | {"youden": "Youden's index"}


def find_choices(judgement: Judgement) -> list[Finding]:
    """Thresholds that pay and stand far from 0.5; minimums that validation cannot show or test does not keep."""
    found = []
    for point in judgement.thresholds.points if judgement.thresholds else ():
        if point.goal == "cost":
            continue
        goal = read_goal(point.goal)
        if goal.minimum is None:
            found += _far(goal, point)
        elif point.missing is not None:
            found.append(_out_of_reach(goal, point.missing, point.guarantee))
        elif _missed(goal, point):
            before, now = point.validation[goal.metric], point.test[goal.metric]
            found.append(_missed_on_test(goal, point.threshold, before.value, now, point.guarantee))
    for target in (judgement.selective.targets if judgement.selective else None) or ():
        if not target.asked:
            continue
        goal = Goal("error", maximum=target.error)
        if target.missing is not None:
            found.append(_out_of_reach(goal, target.missing, target.guarantee))
        elif target.test_error is not None and (target.test_error.low or 0.0) > target.error:
            error = target.validation_error
            found.append(_missed_on_test(goal, target.threshold, error, target.test_error, target.guarantee))
    return found


def find_source(judgement: Judgement) -> list[Finding]:
    """Unlabelled rows that are not drawn as the labelled ones are."""
    powered = judgement.prediction_powered
    if powered is None or powered.source_p >= SAME_SOURCE:
        return []
    message = (
        f"The model's probabilities differ between the {powered.rows:,} labelled and the {powered.unlabelled:,} unlabelled rows "
        f"more than those of random draws do (p {powered.source_p:.2g}), so intervals from both may lie around a wrong value."
    )
    return [Finding("unlabelled_differ", "warning", message)]


def spoken(goal: Goal) -> str:
    """A goal as a reader says it: `precision ≥ 0.95`, `error of answered rows ≤ 0.02`, `F1`."""
    if goal.maximum is not None:
        return f"error of answered rows ≤ {goal.maximum:g}"
    name = SPOKEN_GOALS.get(goal.metric, goal.metric)
    return name if goal.minimum is None else f"{name} ≥ {goal.minimum:g}"


def with_confidence(goal: Goal, promise: Guarantee | None) -> str:
    """The same with the confidence that was asked for."""
    return spoken(goal) + ("" if promise is None else f" with confidence {promise.confidence:g}")


def _out_of_reach(goal: Goal, missing: str, promise: Guarantee | None) -> Finding:
    verb = "gives" if promise is None else "promises"
    message = f"No threshold {verb} {with_confidence(goal, promise)}: {missing}."
    return Finding("minimum_out_of_reach", "warning", message)


def _missed_on_test(
    goal: Goal, threshold: float | None, before: float | None, now: Estimate, promise: Guarantee | None
) -> Finding:
    message = (
        f"{spoken(goal).capitalize()} is kept on validation ({before:.4f}) at a threshold of {threshold:.4f}, but not on "
        f"these rows: {now.value:.4f} ({now.low:.4f} to {now.high:.4f})."
    )
    if promise is not None:
        message += f" It was promised with confidence {promise.confidence:g} for rows like those of validation."
    return Finding("minimum_missed_on_test", "warning", message)


def _missed(goal: Goal, point: OperatingPoint) -> bool:
    high = point.test[goal.metric].high
    return high is not None and goal.minimum is not None and high < goal.minimum


def _far(goal: Goal, point: OperatingPoint) -> list[Finding]:
    name = "balanced_accuracy" if goal.metric == "youden" else goal.metric
    change = point.difference.get(name)
    if point.threshold is None or abs(point.threshold - 0.5) <= FAR or change is None:
        return []
    if change.low is None or change.high is None or change.low <= 0:
        return []
    message = (
        f"The best threshold for {spoken(goal)} on validation is {point.threshold:.4f}, far from 0.5; on these rows it "
        f"takes {SPOKEN_GOALS.get(name, name)} from {change.a:.4f} to {change.b:.4f} ({change.low:+.4f} to {change.high:+.4f})."
    )
    return [Finding("threshold_far", "warning", message)]


def find_gap(judgement: Judgement) -> list[Finding]:
    """Accuracy on validation well above that on these rows, beyond the luck of both draws of rows."""
    gap = judgement.validation_gap
    if gap is None or gap.difference is None or gap.high is None or gap.low is None:
        return []
    if gap.high >= 0 or gap.difference > -MUCH:
        return []
    message = (
        f"Validation is better than these rows by {-100 * gap.difference:.1f} points of accuracy "
        f"({-100 * gap.high:.1f} to {-100 * gap.low:.1f}): {100 * (gap.a or 0):.1f} % there, {100 * (gap.b or 0):.1f} % here."
    )
    return [Finding("validation_better", "warning", message)]


def find_slices(judgement: Judgement) -> list[Finding]:
    """Slices that stay worse than the other rows after correction for all slices, the worst first."""
    worse = sorted((one for one in judgement.slices.found if one.worse), key=lambda one: one.difference or 0.0)
    if not worse:
        return []
    named = "; ".join(map(_named, worse[:MOST_NAMED]))
    more = f"; and {len(worse) - MOST_NAMED} more" if len(worse) > MOST_NAMED else ""
    severity = "warning" if (worse[0].difference or 0.0) <= -MUCH_OF_A_SLICE else "info"
    message = (
        f"Worse than the other rows, at {percent(risk())} after Holm's correction for {judgement.slices.tests} slices: "
        f"{named}{more}."
    )
    return [Finding("worse_slice", severity, message)]


def _named(one: Slice) -> str:
    value = one.metrics["accuracy"].value
    span = "" if one.low is None or one.high is None else f", {100 * one.low:+.1f} to {100 * one.high:+.1f}"
    return (
        f"{one.column} {one.slice} ({one.rows:,} rows, accuracy {100 * (value or 0):.1f} %, "
        f"{100 * (one.difference or 0):+.1f} points{span})"
    )
