"""Rows that a threshold calls positive beside those that the largest probability calls so: counts, metrics, differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.judging.comparisons.paired import (
    Difference,
    Sampled,
    mean_difference,
    sampled_difference,
    share_difference,
)
from classmark.judging.parts.thresholds import Counts
from classmark.judging.scored import ClassCounts, Scored, confusion_metrics
from classmark.judging.statistics.estimates import called_estimates
from classmark.judging.statistics.intervals import Estimate, Floats
from classmark.judging.statistics.resampling import Groups
from classmark.judging.statistics.unpaired import grouped_mean

SHOWN = ("accuracy", "precision", "recall", "specificity", "f1", "balanced_accuracy", "mcc")
BLOCK_UNITS = 1 << 22  # drawn groups that are held at once
FEWEST_MOVED = 20  # simulated: with 3 rows called otherwise on average, intervals from draws cover 67 %, with 31 93 %
NEVER_CALLED = "none: no row is called positive, its precision is set to 0"
Cells = NDArray[np.int64]


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


def cells_of(scored: Scored, scores: Floats, threshold: float | None) -> Cells:
    """The cell of each row, shape (N,): 4 · positive + 2 · called by the largest probability + called here."""
    usual = scored.surest == scored.positive
    here = usual if threshold is None else scores >= threshold
    cells: Cells = 4 * (scored.labels == scored.positive) + 2 * usual + here
    return cells


def _counts(cells: NDArray[Any], side: int) -> Counts:
    """The counts of B (`side` 1, called here) or A (0, called by the largest probability); cells of shape (K, 8)."""
    called = cells.reshape(-1, 2, 2, 2).astype(np.float64).sum(axis=2 if side else 3)
    return Counts(called[:, 1, 1], called[:, 0, 1], called[:, 1].sum(axis=1), called[:, 0].sum(axis=1))


def draw_cells(cells: Cells, sampling: Sampling) -> NDArray[Any]:
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


def call_estimates(
    cells: Cells, costs: Floats | None, sampling: Sampling, drawn: NDArray[Any] | None = None
) -> dict[str, Estimate]:
    """The metrics of what is called here, with the intervals that these metrics have in a judgement.

    Args:
        cells: of the rows.
        costs: as `Counts.metric` takes them; adds `cost`.
        sampling: of the rows.
        drawn: what `draw_cells` gave for them; without it, and with groups, it is called.
    """
    here, counts = _side(cells, 1), None
    if sampling.groups is not None:
        counts = _class_counts(draw_cells(cells, sampling) if drawn is None else drawn, 1)
    found = called_estimates(here, counts, sampling.groups)
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


def call_differences(
    cells: Cells, costs: Floats | None, sampling: Sampling, drawn: NDArray[Any]
) -> dict[str, Difference]:
    """What changes on the same rows from the largest probability to here.

    Args:
        cells: of the rows.
        costs: as `Counts.metric` takes them; adds `cost`.
        sampling: of the rows.
        drawn: what `draw_cells` gave for them.
    """
    groups = sampling.groups
    usual, here = (_Called(_side(cells, side), groups, sampling.draws, sampling.seed, drawn, side) for side in (0, 1))
    found = {}
    moved = int((usual.scored.predicted != here.scored.predicted).sum())
    for name in ("precision", "f1", "balanced_accuracy", "mcc"):
        found[name] = sampled_difference(usual, here, name)
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


def call_confusion(cells: Cells, order: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """The counts of rows, true by called, classes in this order of (negative, positive)."""
    table = np.bincount(cells, minlength=8).reshape(2, 2, 2).sum(axis=1)[np.ix_(order, order)]
    return tuple(tuple(row) for row in table.tolist())
