"""Accuracy by slice: rows that share a value, or a range of values, of one further column of the table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import InputError, nearest
from classmark.judging.parts.derived import derived
from classmark.judging.scored import Scored
from classmark.judging.statistics.intervals import Estimate, share_interval
from classmark.judging.statistics.level import risk
from classmark.judging.statistics.p_values import holm
from classmark.judging.statistics.resampling import Groups
from classmark.judging.statistics.unpaired import grouped_mean, share_gap
from classmark.predictions import Predictions
from classmark.system.types import kind_of

MOST_VALUES = 20
BINS = 5
FEWEST_ROWS = 30
FEWEST_GROUPS = 10
MOST_COLUMNS = 12
MOST_CELLS = 100  # of an intersection
CROSS = ("×", "*")  # between the columns of an intersection
OWN_COLUMNS = ("id", "label", "probabilities", "predicted", "logits", "group", "weight", "text", "path", "thumbnail")
NOT_BY_DEFAULT = ("leaked",)  # has its own place in a judgement


@dataclass(frozen=True)
class Slice:
    """The rows of one slice, beside all others.

    Attributes:
        column, slice: whose values, and which.
        rows: how many.
        metrics: `accuracy`, with probabilities `log_loss`, of two classes `precision` and `recall`.
        difference, low, high, method: of accuracy, this slice's less that of all other rows, with its own
            interval; None where there are too few rows on a side.
        p: two-sided, of no difference.
        p_corrected: the same by Holm over all slices of the judgement.
    """

    column: str
    slice: str
    rows: int
    metrics: dict[str, Estimate]
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = ""
    p: float | None = None
    p_corrected: float | None = None

    @property
    def worse(self) -> bool:
        """Whether it is worse than the other rows after correction for all slices, at one less the level that holds."""
        return (
            self.difference is not None
            and self.p_corrected is not None
            and self.difference < 0
            and self.p_corrected < risk()
        )


@dataclass(frozen=True)
class Slices:
    """The slices of a judgement.

    Attributes:
        found: by column, in the order of its values.
        tests: how many differences were tested, for which p values are corrected.
        left_out: column → why it has no slices.
    """

    found: tuple[Slice, ...] = ()
    tests: int = 0
    left_out: dict[str, str] = field(default_factory=dict)


def slice_rows(
    table: Predictions, scored: Scored, groups: Groups = None, columns: Sequence[str] | None = None
) -> Slices:
    """Every slice of the columns.

    Args:
        table: labelled rows.
        scored: the same rows.
        groups: group number of each row.
        columns: which ones; without them, the first twelve that make slices. A column that follows from label and
            prediction makes none. `a×b` or `a*b` is the intersection of two columns or more: a slice for each
            combination of their slices that has rows.

    Raises:
        InputError: a column that is named is not there or makes no slices.
    """
    frame = table.frame
    further = [name for name in frame.columns if name not in OWN_COLUMNS]
    left_out, found = dict[str, str](), list[Slice]()
    taken = 0
    for name in further if columns is None else columns:
        if columns is None and name in NOT_BY_DEFAULT:
            continue
        members = _members(name, further, table, scored)
        if isinstance(members, str):
            if columns is not None:
                kind = "column" if name in further else "intersection"
                problem = f'the {kind} "{name}" of {table.source} makes no slices: {members}.'
                raise InputError(problem, argument="slices")
            left_out[name] = members
        elif columns is None and taken == MOST_COLUMNS:
            left_out[name] = f"only the first {MOST_COLUMNS} columns are taken; ask for it by name"
        else:
            slices = [_slice(name, value, here, scored, groups) for value, here in members]
            if columns is None and all(one.p is None for one in slices):
                left_out[name] = slices[0].method.removeprefix("none: ")
                continue
            taken += 1
            found += slices
    return _corrected(found, left_out)


def _members(
    name: str, further: Sequence[str], table: Predictions, scored: Scored
) -> list[tuple[str, NDArray[np.bool_]]] | str:
    """Name and rows of each slice that a column or an intersection makes, or why it makes none."""
    parts = _crossed(name, further)
    for part in parts:
        if part not in further:
            known = ", ".join(further) or "none"
            raise InputError(
                f'"{part}" is not a column that can make slices of {table.source}; its further columns: {known}.'
                f"{nearest(part, further)}",
                argument="slices",
            )
    found: list[tuple[str, NDArray[np.bool_]]] = []
    for part in parts:
        members = derived(table.frame[part], scored) or slice_members(table.frame[part])
        if isinstance(members, str):
            return members if len(parts) == 1 else f"{part}: {members}"
        found = _cells(found, members) if found else members
    if len(parts) > 1 and len(found) > MOST_CELLS:
        return f"{len(found):,} combinations have rows; at most {MOST_CELLS} make slices"
    return found


def _crossed(name: str, further: Sequence[str]) -> list[str]:
    """The columns of an intersection; of a column's own name that column alone."""
    if name in further:
        return [name]
    for sign in CROSS:
        if sign in name:
            return list(dict.fromkeys(part.strip() for part in name.split(sign)))
    return [name]


def _cells(
    one: list[tuple[str, NDArray[np.bool_]]], other: list[tuple[str, NDArray[np.bool_]]]
) -> list[tuple[str, NDArray[np.bool_]]]:
    """The combinations of two columns' slices that have rows."""
    cells = [(f"{name} × {second}", here & there) for name, here in one for second, there in other]
    return [(name, here) for name, here in cells if here.any()]


def slice_members(column: pl.Series) -> list[tuple[str, NDArray[np.bool_]]] | str:
    """Name and rows of each slice that a column makes, or why it makes none.

    Text, yes or no, and numbers of at most twenty values make a slice a value; other numbers five with as many rows
    each as ties allow. Rows without a value make one of their own.
    """
    if column.dtype == pl.Boolean or isinstance(column.dtype, pl.Enum | pl.Categorical):
        column = column.cast(pl.String)
    if column.dtype.is_float():
        column = column.fill_nan(None)
    missing = column.is_null().to_numpy()
    distinct = column.drop_nulls().unique().sort()
    numeric = column.dtype.is_numeric()
    if not numeric and column.dtype != pl.String:
        return f"its values are {kind_of(column.dtype)}, not text, numbers, or yes and no"
    if len(distinct) + bool(missing.any()) < 2:
        return "it has one value only"
    if len(distinct) <= MOST_VALUES:
        found = [(_name(value), (column == value).fill_null(False).to_numpy()) for value in distinct]
    elif numeric:
        found = _bins(column.cast(pl.Float64).to_numpy(), missing)
    else:
        return f"{len(distinct):,} different values; at most {MOST_VALUES} make slices"
    return [*found, ("no value", missing)] if missing.any() else found


def _bins(values: NDArray[np.float64], missing: NDArray[np.bool_]) -> list[tuple[str, NDArray[np.bool_]]]:
    known = values[~missing]
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    places = np.where(missing, -1, np.searchsorted(edges, values, side="left"))
    found = []
    for place in np.unique(places[~missing]):
        here = places == place
        low, high = values[here].min(), values[here].max()
        found.append((_name(low) if low == high else f"{_name(low)} to {_name(high)}", here))
    return found


def _name(value: Any) -> str:
    if isinstance(value, str):
        return value or "(empty)"
    return f"{value:.0f}" if math.isfinite(value) and value == round(value) else f"{value:.6g}"


def _slice(column: str, name: str, here: NDArray[np.bool_], scored: Scored, groups: Groups) -> Slice:
    right = scored.labels == scored.predicted
    own = None if groups is None else groups[here]
    metrics = {"accuracy": share_interval(right[here], own)}
    if scored.probabilities is not None:
        metrics["log_loss"] = grouped_mean(scored.log_losses[here], own)
    if scored.classes == 2:
        sides = {"precision": scored.predicted, "recall": scored.labels}
        for metric, side in sides.items():
            rows = here & (side == scored.positive)
            metrics[metric] = share_interval(right[rows], None if groups is None else groups[rows])
    found = Slice(column, name, int(here.sum()), metrics)
    if min(found.rows, len(here) - found.rows) < FEWEST_ROWS:
        return replace(found, method=f"none: fewer than {FEWEST_ROWS} rows in or outside the slice")
    if groups is not None and min(len(np.unique(groups[side])) for side in (here, ~here)) < FEWEST_GROUPS:
        return replace(found, method=f"none: fewer than {FEWEST_GROUPS} groups in or outside the slice")
    gap = share_gap(right, here, groups)
    return replace(found, difference=gap.difference, low=gap.low, high=gap.high, method=gap.method, p=gap.p)


def _corrected(found: Sequence[Slice], left_out: dict[str, str]) -> Slices:
    """With p values corrected over all differences; both slices of a column that has two are one difference."""
    tested: list[list[int]] = []
    for place, one in enumerate(found):
        if one.p is None:
            continue
        twin = tested[-1][0] if tested else None
        pair = sum(other.column == one.column for other in found) == 2
        if pair and twin is not None and found[twin].column == one.column:
            tested[-1].append(place)
        else:
            tested.append([place])
    corrected = list(found)
    for places, p in zip(tested, holm([found[places[0]].p or 0.0 for places in tested]), strict=True):
        for place in places:
            corrected[place] = replace(found[place], p_corrected=p)
    return Slices(tuple(corrected), len(tested), left_out)
