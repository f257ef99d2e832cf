"""Operating points of two classes: thresholds chosen on validation rows, and what they give on test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from classmark.errors import InputError, Option
from classmark.judging.comparisons.paired import Difference
from classmark.judging.parts.calls import (
    Sampling,
    call_confusion,
    call_differences,
    call_estimates,
    cells_of,
    draw_cells,
)
from classmark.judging.parts.guarantees import Guarantee, guaranteed_class, guaranteed_share
from classmark.judging.parts.thresholds import (
    ABOVE_ALL,
    Goal,
    Sweep,
    ThresholdCurve,
    choose,
    draw_threshold_curve,
    fewest_behind,
    read_goal,
    sweep,
)
from classmark.judging.rows import row_groups, scored_rows
from classmark.judging.scored import Scored
from classmark.judging.statistics.intervals import Estimate, Floats
from classmark.judging.statistics.resampling import Groups
from classmark.predictions import Predictions

USUAL_GOALS = (Goal("f1"), Goal("youden"))
NO_CERTAINTY = "none: a share of 1 is above every confidence limit"
COUNTED = {  # what a minimum is a share of
    "precision": "validation rows called positive",
    "recall": "positive validation rows",
    "specificity": "negative validation rows",
}


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold chosen on validation rows, beside the largest probability, which is a threshold of 0.5.

    Attributes:
        goal: such as `f1` or `precision>=0.95`.
        threshold: from which probability on a row is called positive; None where there is none.
        missing: why there is none.
        validation, test: metric → estimate at the threshold. On validation it was chosen, so those flatter.
        difference: metric → on test rows, A the largest probability, B this threshold.
        confusion: counts of test rows, true by called, in the order of the classes.
        called: split → rows that are called positive.
        rests_on: of a minimum, the validation rows that it is a share of: called positive, positive or negative.
        guarantee: what the threshold promises of new rows; None where no confidence was asked for.
    """

    goal: str
    threshold: float | None = None
    missing: str | None = None
    validation: dict[str, Estimate] = field(default_factory=dict)
    test: dict[str, Estimate] = field(default_factory=dict)
    difference: dict[str, Difference] = field(default_factory=dict)
    confusion: tuple[tuple[int, ...], ...] = ()
    called: dict[str, int] = field(default_factory=dict)
    rests_on: int | None = None
    guarantee: Guarantee | None = None


@dataclass(frozen=True)
class Thresholds:
    """What thresholds do to two classes.

    Attributes:
        rows: validation rows that thresholds were chosen on; None where there were none.
        default: metric → estimate on test rows of the largest probability.
        points: one for each goal.
        curves: split → metrics against the threshold.
    """

    rows: int | None
    default: dict[str, Estimate]
    points: tuple[OperatingPoint, ...]
    curves: dict[str, ThresholdCurve]


def operate(
    test: Scored,
    validation: Scored | None,
    goals: Sequence[Goal],
    costs: Floats | None,
    sampling: Sampling,
    validation_groups: Groups = None,
    confidence: float | None = None,
) -> Thresholds:
    """What each goal's threshold, chosen on validation rows, gives on test rows.

    Args:
        test: rows of two classes with probabilities.
        validation: other rows of the same model; without them there are curves only.
        goals: what thresholds are chosen for.
        costs: of a row, true class by called class, in the order of the classes, shape (2, 2).
        sampling: of the test rows.
        validation_groups: group number of each validation row.
        confidence: with which a minimum is to hold on new rows; without it, it holds on the validation rows alone.
    """
    order = [1 - test.positive, test.positive]
    ordered = None if costs is None else costs[np.ix_(order, order)]
    sides = {"test": test} | ({} if validation is None else {"validation": validation})
    sweeps = {split: sweep(rows.labels == rows.positive, _scores(rows)) for split, rows in sides.items()}
    points = []
    for goal in goals if validation is not None else ():
        assert validation is not None
        point = _chosen(goal, validation, sweeps["validation"], ordered, confidence)
        if point.threshold is not None:
            here, there = (cells_of(rows, _scores(rows), point.threshold) for rows in (test, validation))
            drawn = draw_cells(here, sampling)
            point = replace(
                point,
                validation=call_estimates(there, ordered, replace(sampling, groups=validation_groups)),
                test=call_estimates(here, ordered, sampling, drawn),
                difference=call_differences(here, ordered, sampling, drawn),
                confusion=call_confusion(here, order),
                called={"validation": int((there % 2).sum()), "test": int((here % 2).sum())},
            )
        points.append(point)
    return Thresholds(
        rows=None if validation is None else len(validation),
        default=call_estimates(cells_of(test, _scores(test), None), ordered, sampling),
        points=tuple(points),
        curves={split: draw_threshold_curve(found, ordered) for split, found in sweeps.items()},
    )


def choose_point(goal: Goal, validation: Scored) -> OperatingPoint:
    """The threshold that a goal picks on validation rows of two classes, or why there is none.

    Args:
        goal: of `f1` and the like, or with a minimum.
        validation: rows with probabilities.
    """
    found = sweep(validation.labels == validation.positive, _scores(validation))
    return _chosen(goal, validation, found, None, None)


def _chosen(
    goal: Goal, validation: Scored, found: Sweep, costs: Floats | None, confidence: float | None
) -> OperatingPoint:
    """The threshold that a goal picks on validation rows, or why there is none."""
    point, positive = OperatingPoint(str(goal)), validation.labels == validation.positive
    if not positive.any() or positive.all():
        kind = "negative" if positive.any() else "positive"
        return replace(point, missing=f"the validation rows have no {kind} row")
    if goal.minimum is not None and confidence is not None:
        promise = promised(goal, positive, _scores(validation), confidence)
        return replace(
            point,
            threshold=promise.threshold,
            missing=promise.missing,
            guarantee=promise,
            rests_on=None if promise.threshold is None else promise.rows,
        )
    fewest = 0 if goal.minimum is None else fewest_behind(goal.minimum)
    threshold = choose(found, goal, costs, fewest)
    if goal.minimum is None:
        return replace(point, threshold=threshold)
    rows, reached = found.counts.behind(goal.metric), found.counts.metric(goal.metric)
    if threshold is not None:
        place = int(np.searchsorted(-found.thresholds, -threshold, side="right")) - 1
        return replace(point, threshold=threshold, rests_on=int(rows[place]))
    kind = COUNTED[goal.metric]
    if int(rows.max()) < fewest:
        few = f"there are at most {int(rows.max()):,} {kind}, and a minimum of {goal.minimum:g} must be seen on {fewest:,}"
        return replace(point, missing=few)
    best = float(reached[rows >= fewest].max())
    return replace(point, missing=f"the highest {goal.metric} on at least {fewest:,} {kind} is {best:.4f}")


def promised(goal: Goal, positive: NDArray[np.bool_], scores: Floats, confidence: float) -> Guarantee:
    """The threshold whose minimum holds on new rows, with why there is none in words.

    Args:
        goal: with a minimum.
        positive: of each validation row, shape (N,).
        scores: shape (N,).
        confidence: from 0.5 to below 1.
    """
    assert goal.minimum is not None
    if goal.minimum == 1:
        return Guarantee(confidence, None, 0, 0, NO_CERTAINTY, missing="no number of rows can promise a share of 1")
    match goal.metric:
        case "precision":
            found = guaranteed_share(scores, positive, goal.minimum, confidence)
        case "recall":
            found = guaranteed_class(scores[positive], goal.minimum, confidence)
        case _:
            found = guaranteed_class(-scores[~positive], goal.minimum, confidence)
            if found.threshold is not None:
                just_above = float(np.nextafter(-found.threshold, np.inf))
                found = replace(found, threshold=just_above if just_above <= 1 else ABOVE_ALL)
    return found.with_reason(COUNTED[goal.metric])


def _scores(scored: Scored) -> Floats:
    assert scored.probabilities is not None
    return scored.probabilities[:, scored.positive]


def judge_thresholds(
    test: Predictions,
    validation: Predictions | None,
    positive: int,
    goals: Sequence[Goal],
    costs: Floats | None,
    sampling: Sampling,
    confidence: float | None = None,
) -> Thresholds | None:
    """The operating points of a table; None for more than two classes or predicted labels only.

    Args:
        test: labelled rows.
        validation: labelled rows of the same model, classes in the same order, to choose on.
        positive: class index.
        goals: what users ask for; without any, F1 and Youden's index. Those of `error` are for `select`.
        costs: of a row, true class by called class; adds the threshold with the least cost.
        sampling: of the test rows.
        confidence: with which minimums are to hold on new rows.
    """
    if len(test.classes) > 2 or not test.has_probabilities:
        return None
    asked = tuple(goal for goal in goals if goal.maximum is None) or USUAL_GOALS
    asked += (Goal("cost"),) if costs is not None else ()
    rows = [None if table is None else scored_rows(table, positive) for table in (test, validation)]
    assert rows[0] is not None
    by = None if validation is None else row_groups(validation)
    return operate(rows[0], rows[1], tuple(dict.fromkeys(asked)), costs, sampling, by, confidence)


def read_goals(test: Predictions, validation: Predictions | None, at: Sequence[str]) -> tuple[Goal, ...]:
    """The goals that a user wrote, unless there is nothing to choose on or between.

    Raises:
        InputError: a goal cannot be read, or these tables allow no threshold for it.
    """
    goals = tuple(dict.fromkeys(map(read_goal, at)))
    if any(goal.maximum is None for goal in goals) and len(test.classes) > 2:
        raise InputError(
            f"a threshold is for two classes; {test.source} has {len(test.classes)}.",
            ("For more, say what errors cost: ", Option("costs", "true:predicted=cost")),
            argument="at",
        )
    if goals and not test.has_probabilities:
        raise InputError(
            f"{test.source} has predicted labels only; a threshold needs probabilities or a score.", argument="at"
        )
    if goals and validation is None:
        raise InputError(
            "a threshold is chosen on validation rows, never on the rows that are judged.",
            ("Give the same model's predictions on other rows: ", Option("validation", "FILE")),
            argument="at",
        )
    return goals
