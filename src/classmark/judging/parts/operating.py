"""Operating points of two classes: thresholds chosen on validation rows, and what they give on test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.errors import InputError, Option
from classmark.judging.comparisons.paired import (
    Difference,
    Sampled,
    _sampled_difference,
    mean_difference,
    share_difference,
)
from classmark.judging.parts.guarantees import Guarantee, guaranteed_class, guaranteed_share
from classmark.judging.parts.thresholds import (
    Counts,
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
from classmark.judging.scored import ClassCounts, Scored, confusion_metrics
from classmark.judging.statistics.estimates import called_estimates
from classmark.judging.statistics.intervals import Estimate, Floats
from classmark.judging.statistics.resampling import Groups, bootstrap_method
from classmark.judging.statistics.unpaired import grouped_mean
from classmark.predictions import Predictions

USUAL_GOALS = (Goal("f1"), Goal("youden"))
SHOWN = ("accuracy", "precision", "recall", "specificity", "f1", "balanced_accuracy", "mcc")
BLOCK_UNITS = 1 << 22  # drawn groups that are held at once
FEWEST_MOVED = 20  # simulated: with 3 rows called otherwise on average, intervals from draws cover 67 %, with 31 93 %
NO_CERTAINTY = "none: a share of 1 is above every confidence limit"
NEVER_CALLED = "none: no row is called positive, its precision is set to 0"
COUNTED = {  # what a minimum is a share of
    "precision": "validation rows called positive",
    "recall": "positive validation rows",
    "specificity": "negative validation rows",
}
Cells = NDArray[np.int64]


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


@dataclass(frozen=True)
class Sampling:
    """How intervals are made.

    Attributes:
        draws, seed: of the bootstrap.
        groups: group number of each row.
    """

    draws: int
    seed: int
    groups: Groups = None


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
            here, there = (_cells(rows, _scores(rows), point.threshold) for rows in (test, validation))
            point = replace(
                point,
                validation=_estimates(there, ordered, replace(sampling, groups=validation_groups)),
                test=_estimates(here, ordered, sampling),
                difference=_differences(here, ordered, sampling),
                confusion=_confusion(here, order),
                called={"validation": int((there % 2).sum()), "test": int((here % 2).sum())},
            )
        points.append(point)
    return Thresholds(
        rows=None if validation is None else len(validation),
        default=_estimates(_cells(test, _scores(test), None), ordered, sampling),
        points=tuple(points),
        curves={split: draw_threshold_curve(found, ordered) for split, found in sweeps.items()},
    )


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
                found = replace(found, threshold=float(np.nextafter(-found.threshold, np.inf)))
    return found.with_reason(COUNTED[goal.metric])


def _scores(scored: Scored) -> Floats:
    assert scored.probabilities is not None
    return scored.probabilities[:, scored.positive]


def _cells(scored: Scored, scores: Floats, threshold: float | None) -> Cells:
    """The cell of each row, shape (N,): 4 · positive + 2 · called by the largest probability + called here."""
    usual = scored.surest == scored.positive
    here = usual if threshold is None else scores >= threshold
    cells: Cells = 4 * (scored.labels == scored.positive) + 2 * usual + here
    return cells


def _counts(cells: NDArray[Any], side: int) -> Counts:
    """The counts of B (`side` 1, called here) or A (0, called by the largest probability); cells of shape (K, 8)."""
    called = cells.reshape(-1, 2, 2, 2).astype(np.float64).sum(axis=2 if side else 3)
    return Counts(called[:, 1, 1], called[:, 0, 1], called[:, 1].sum(axis=1), called[:, 0].sum(axis=1))


def _drawn(cells: Cells, sampling: Sampling) -> NDArray[Any]:
    """The cell counts of bootstrap draws, shape (R, 8): rows of a cell are alike, so that draws need no rows.

    Independent rows are a multinomial draw of the counts; of groups, whole ones are drawn.
    """
    generator = np.random.default_rng(sampling.seed)
    groups = sampling.groups
    if groups is None:
        shares = np.bincount(cells, minlength=8) / len(cells)
        return generator.multinomial(len(cells), shares, size=sampling.draws)
    units = int(groups.max()) + 1
    sums = np.bincount(8 * groups + cells, minlength=8 * units).reshape(units, 8)
    blocks, block = [], max(1, BLOCK_UNITS // units)
    for start in range(0, sampling.draws, block):
        picked = generator.integers(0, units, (min(block, sampling.draws - start), units))
        blocks.append(np.stack([np.bincount(each, minlength=units) for each in picked]) @ sums)
    return np.concatenate(blocks)


def _estimates(cells: Cells, costs: Floats | None, sampling: Sampling) -> dict[str, Estimate]:
    """The metrics of what is called here, with the intervals that these metrics have in a judgement."""
    here = _side(cells, 1)
    drawn = None if sampling.groups is None else _class_counts(_drawn(cells, sampling), 1)
    found = called_estimates(here, drawn, bootstrap_method(sampling.draws, sampling.groups), sampling.groups)
    if costs is not None:
        found["cost"] = grouped_mean(costs[here.labels, here.predicted], sampling.groups)
    if not here.predicted.any():
        found["precision"] = Estimate(0.0, None, None, NEVER_CALLED)
    return {name: found[name] for name in (*SHOWN, *(("cost",) if costs is not None else ()))}


def _side(cells: Cells, side: int) -> Scored:
    """What is called here (`side` 1) or by the largest probability (0) as predictions, the positive class being the second."""
    return Scored(cells // 4, cells % 2 if side else cells // 2 % 2, None, 2)


def _class_counts(drawn: NDArray[Any], side: int) -> ClassCounts:
    """The counts by class of each draw, from its cells of shape (R, 8)."""
    hits, alarms, positives, negatives = _counts(drawn, side)
    rows, called = positives + negatives, hits + alarms
    columns = ((negatives, positives), (rows - called, called), (negatives - alarms, hits))
    return ClassCounts(*(np.column_stack(pair) for pair in columns))


@dataclass(frozen=True)
class _Called(Sampled):
    """A side of the cells, whose draws need no rows."""

    drawn: NDArray[Any]
    side: int

    @cached_property
    def counted(self) -> dict[str, Floats]:
        return confusion_metrics(_class_counts(self.drawn, self.side), 1)


def _differences(cells: Cells, costs: Floats | None, sampling: Sampling) -> dict[str, Difference]:
    """What changes on the same rows from the largest probability to here."""
    drawn, groups = _drawn(cells, sampling), sampling.groups
    usual, here = (_Called(_side(cells, side), groups, sampling.draws, sampling.seed, drawn, side) for side in (0, 1))
    found = {}
    moved = int((usual.scored.predicted != here.scored.predicted).sum())
    for name in ("precision", "f1", "balanced_accuracy", "mcc"):
        found[name] = _sampled_difference(usual, here, name)
        if moved < FEWEST_MOVED:
            few = f"none: fewer than {FEWEST_MOVED} rows are called otherwise"
            found[name] = replace(found[name], low=None, high=None, p=None, method=few)
    labels = usual.scored.labels
    right = [side.scored.predicted == labels for side in (usual, here)]
    for name, part in (("accuracy", labels >= 0), ("recall", labels == 1), ("specificity", labels == 0)):
        found[name] = Difference(None, None, None, None, None, "undefined: no rows")
        if part.any():
            own = None if groups is None else np.unique(groups[part], return_inverse=True)[1]
            found[name] = share_difference(right[0][part], right[1][part], own)
    if costs is not None:
        before, after = (costs[labels, side.scored.predicted] for side in (usual, here))
        found["cost"] = mean_difference(before, after, groups)
    return {name: found[name] for name in (*SHOWN, *(("cost",) if costs is not None else ()))}


def _confusion(cells: Cells, order: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    table = np.bincount(cells, minlength=8).reshape(2, 2, 2).sum(axis=1)[np.ix_(order, order)]
    return tuple(tuple(row) for row in table.tolist())


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
