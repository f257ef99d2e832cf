"""Operating points of two classes: thresholds chosen on validation rows, and what they give on test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.errors import InputError, Option
from classmark.judging.comparisons.paired import Difference, share_difference
from classmark.judging.parts.thresholds import (
    Counts,
    Goal,
    ThresholdCurve,
    choose,
    draw_threshold_curve,
    read_goal,
    sweep,
)
from classmark.judging.rows import row_groups, scored_rows
from classmark.judging.scored import Scored
from classmark.judging.statistics.estimates import count_intervals
from classmark.judging.statistics.intervals import Estimate, Floats, mean_interval, percentile_interval, wilson
from classmark.judging.statistics.resampling import Groups, bootstrap_method
from classmark.predictions import Predictions

USUAL_GOALS = (Goal("f1"), Goal("youden"))
SHOWN = ("accuracy", "precision", "recall", "specificity", "f1", "balanced_accuracy", "mcc")
BLOCK_UNITS = 1 << 22  # drawn groups that are held at once
FEWEST_MOVED = 20  # simulated: with 3 rows called otherwise on average, intervals from draws cover 67 %, with 31 93 %
NEVER_CALLED = "none: no row is called positive, its precision is set to 0"
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
    """

    goal: str
    threshold: float | None = None
    missing: str | None = None
    validation: dict[str, Estimate] = field(default_factory=dict)
    test: dict[str, Estimate] = field(default_factory=dict)
    difference: dict[str, Difference] = field(default_factory=dict)
    confusion: tuple[tuple[int, ...], ...] = ()


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
) -> Thresholds:
    """What each goal's threshold, chosen on validation rows, gives on test rows.

    Args:
        test: rows of two classes with probabilities.
        validation: other rows of the same model; without them there are curves only.
        goals: what thresholds are chosen for.
        costs: of a row, true class by called class, in the order of the classes, shape (2, 2).
        sampling: of the test rows.
        validation_groups: group number of each validation row.
    """
    order = [1 - test.positive, test.positive]
    ordered = None if costs is None else costs[np.ix_(order, order)]
    sides = {"test": test} | ({} if validation is None else {"validation": validation})
    sweeps = {split: sweep(rows.labels == rows.positive, _scores(rows)) for split, rows in sides.items()}
    default = _cells(test, _scores(test), None)
    points = []
    for goal in goals if validation is not None else ():
        assert validation is not None
        if not 0 < (sure := int((validation.labels == validation.positive).sum())) < len(validation):
            kind = "no positive" if sure == 0 else "no negative"
            points.append(OperatingPoint(str(goal), missing=f"the validation rows have {kind} row"))
            continue
        threshold = choose(sweeps["validation"], goal, ordered)
        if threshold is None:
            best = float(sweeps["validation"].counts.metric(goal.metric).max())
            reached = f"the highest {goal.metric} that a threshold reaches on validation is {best:.4f}"
            points.append(OperatingPoint(str(goal), missing=reached))
            continue
        at_validation = Sampling(sampling.draws, sampling.seed, validation_groups)
        here = _cells(test, _scores(test), threshold)
        there = _cells(validation, _scores(validation), threshold)
        points.append(
            OperatingPoint(
                goal=str(goal),
                threshold=threshold,
                validation=_estimates(there, ordered, at_validation),
                test=_estimates(here, ordered, sampling),
                difference=_differences(here, ordered, sampling),
                confusion=_confusion(here, order),
            )
        )
    return Thresholds(
        rows=None if validation is None else len(validation),
        default=_estimates(default, ordered, sampling),
        points=tuple(points),
        curves={split: draw_threshold_curve(found, ordered) for split, found in sweeps.items()},
    )


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
    """The metrics of what is called here, with intervals."""
    counts = _counts(np.bincount(cells, minlength=8)[None], 1)
    names = (*SHOWN, *(("cost",) if costs is not None else ()))
    if sampling.groups is not None:
        drawn, method = _counts(_drawn(cells, sampling), 1), bootstrap_method(sampling.draws, sampling.groups)
        found = {
            name: percentile_interval(float(counts.metric(name, costs)[0]), drawn.metric(name, costs), method)
            for name in names
        }
    else:
        hits, alarms, positives, negatives = (float(part[0]) for part in counts)
        table = np.array([[negatives - alarms, alarms], [positives - hits, hits]], dtype=np.int64)
        found = count_intervals(table, 1) | {"specificity": wilson(negatives - alarms, negatives)}
        if costs is not None:
            found["cost"] = mean_interval(costs[cells // 4, cells % 2], float(costs.max()))
    if float((counts.hits + counts.alarms)[0]) == 0:
        found["precision"] = Estimate(0.0, None, None, NEVER_CALLED)
    return {name: found[name] for name in names}


def _differences(cells: Cells, costs: Floats | None, sampling: Sampling) -> dict[str, Difference]:
    """What changes on the same rows from the largest probability to here."""
    counted = np.bincount(cells, minlength=8)[None]
    drawn = _drawn(cells, sampling)
    moved = int(((cells // 2 + cells) % 2).sum())
    (a, b), (drawn_a, drawn_b) = ([_counts(table, side) for side in (0, 1)] for table in (counted, drawn))
    found = {}
    for name in (*SHOWN, *(("cost",) if costs is not None else ())):
        before, after = (float(side.metric(name, costs)[0]) for side in (a, b))
        change = percentile_interval(
            after - before,
            drawn_b.metric(name, costs) - drawn_a.metric(name, costs),
            f"paired {bootstrap_method(sampling.draws, sampling.groups)}",
        )
        if moved < FEWEST_MOVED:
            few = f"none: fewer than {FEWEST_MOVED} rows are called otherwise"
            change = Estimate(after - before, None, None, few)
        found[name] = Difference(before, after, change.value, change.low, change.high, change.method)
    if sampling.groups is None:
        positive, usual, here = cells // 4 == 1, (cells // 2) % 2 == 1, cells % 2 == 1
        right = [called == positive for called in (usual, here)]
        for name, part in (("accuracy", slice(None)), ("recall", positive), ("specificity", ~positive)):
            if len(right[0][part]):
                found[name] = share_difference(right[0][part], right[1][part], None)
    return found


def _confusion(cells: Cells, order: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    table = np.bincount(cells, minlength=8).reshape(2, 2, 2).sum(axis=1)[np.ix_(order, order)]
    return tuple(tuple(row) for row in table.tolist())


def judge_thresholds(
    test: Predictions,
    validation: Predictions | None,
    positive: int,
    at: Sequence[str],
    costs: Floats | None,
    sampling: Sampling,
) -> Thresholds | None:
    """The operating points of a table; None for more than two classes or predicted labels only.

    Args:
        test: labelled rows.
        validation: labelled rows of the same model, classes in the same order, to choose on.
        positive: class index.
        at: the goals as users write them; without any, F1 and Youden's index.
        costs: of a row, true class by called class; adds the threshold with the least cost.
        sampling: of the test rows.

    Raises:
        InputError: a goal cannot be read, or there is nothing to choose on or between.
    """
    goals = tuple(map(read_goal, at))
    if goals and len(test.classes) > 2:
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
    if len(test.classes) > 2 or not test.has_probabilities:
        return None
    goals = (goals or USUAL_GOALS) + ((Goal("cost"),) if costs is not None else ())
    rows = [None if table is None else scored_rows(table, positive) for table in (test, validation)]
    assert rows[0] is not None
    by = None if validation is None else row_groups(validation)
    return operate(rows[0], rows[1], tuple(dict.fromkeys(goals)), costs, sampling, by)
