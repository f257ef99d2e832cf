"""Tables of several models brought to the same rows, classes, groups and weights, and what a reader must know of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl

from classmark.errors import Option, PredictionsError, shortened
from classmark.judging.findings.finding import Finding
from classmark.judging.rows import example, in_class_order, is_or_are, labelled, row_keys, some
from classmark.predictions import Predictions

FAR_BELOW = 800.0  # exp(−800) is 0
SHARED = {"group": "groups", "weight": "weights"}


@dataclass(frozen=True)
class Matched:
    """Tables with the rows that all label, rows and classes in one order.

    Attributes:
        tables: as many as were given.
        findings: which rows are left out, and what the tables took from each other.
    """

    tables: tuple[Predictions, ...]
    findings: tuple[Finding, ...]


def match(tables: Sequence[Predictions], names: Sequence[str] | None = None) -> Matched:
    """The tables by the ids of the first.

    A class that only predicted labels name is added to all. Groups and weights of one table hold for all.

    Args:
        tables: two or more.
        names: what findings call them, instead of their files.

    Raises:
        PredictionsError: ids, classes, labels, groups or weights differ, or no row is labelled in all.
    """
    called = names or [table.source for table in tables]
    classes = _classes(tables)
    first = _with_classes(tables[0], classes)
    found = [first]
    for table in tables[1:]:
        found.append(_with_classes(_in_row_order(first, table), classes))
        _check_labels(first, found[-1])
    for column, noun in SHARED.items():
        found = _shared(found, column, noun)
    known = np.all([table.labels >= 0 for table in found], axis=0)
    kept = found if known.all() else [table.filter(known) for table in found]
    rows = tuple(labelled(each, table.source) for each, table in zip(kept, tables, strict=True))
    return Matched(rows, _left_out(found, called, int(known.sum())))


def _classes(tables: Sequence[Predictions]) -> tuple[str, ...]:
    """The classes of the first table, then those that others add by predicted labels alone."""
    scored = [table for table in tables if table.has_probabilities]
    for a, b in pairwise(scored):
        if set(a.classes) != set(b.classes):
            only = sorted(set(a.classes) ^ set(b.classes))
            raise PredictionsError(
                f"{a.source} and {b.source} do not have the same classes: {some(only)} {is_or_are(only)} in one of them "
                "only. Compare predictions over the same classes."
            )
    return tuple(dict.fromkeys(name for table in tables for name in table.classes))


def _with_classes(table: Predictions, classes: tuple[str, ...]) -> Predictions:
    """The table over these classes; one that its model does not know has the probability 0."""
    missing = [name for name in classes if name not in table.classes]
    if missing:
        frame = table.frame
        if table.has_probabilities:
            frame = _widened(frame, "probabilities", table.probabilities, len(missing))
        if table.logits is not None and table.has_probabilities:
            frame = _widened(frame, "logits", table.logits, len(missing))
        known = [*table.classes, *missing]
        table = replace(table, frame=frame, metadata={**table.metadata, "classes": known}, positive=None)
    return in_class_order(table, classes)


def _widened(frame: pl.DataFrame, name: str, values: np.ndarray, count: int) -> pl.DataFrame:
    lowest = 0.0 if name == "probabilities" else values.max(axis=1, keepdims=True) - FAR_BELOW
    wide = np.column_stack([values, np.broadcast_to(lowest, (len(values), count))])
    return frame.with_columns(pl.Series(name, wide, dtype=pl.Array(pl.Float64, wide.shape[1])))


def _in_row_order(first: Predictions, table: Predictions) -> Predictions:
    """The table's rows by the ids of the first; blanks around an id do not count."""
    if first.numbered != table.numbered:
        _check_counted(first, table)
    if first.ids.equals(table.ids):
        _check_contents(first, table)
        return table
    left, right = row_keys(first), row_keys(table)
    only = [keys.filter(~keys.is_in(others.implode())).to_list() for keys, others in ((left, right), (right, left))]
    if any(only):
        raise PredictionsError(
            f"{first.source} and {table.source} do not have the same rows: {len(only[0]):,} ids only in the first"
            f"{example(only[0])}, {len(only[1]):,} only in the second{example(only[1])}. "
            "Compare predictions of the same data, with the same ids."
        )
    place = pl.DataFrame({"id": right, "row": np.arange(len(table))})
    order = left.to_frame("id").join(place, on="id", how="left", maintain_order="left")["row"].to_numpy()
    matched = replace(table, frame=table.frame[order].with_columns(first.ids))
    _check_contents(first, matched)
    return matched


def _check_counted(first: Predictions, table: Predictions) -> None:
    """Refuse to match row numbers with ids that are not row numbers."""
    plain, named = (first, table) if first.numbered else (table, first)
    if not named.ids.equals(plain.ids):
        raise PredictionsError(
            f"{plain.source} has no ids, but {named.source} has, so rows cannot be matched.", "Give both the same ids."
        )


def _check_contents(first: Predictions, table: Predictions) -> None:
    """Refuse matched rows that hold each other's texts: they are in another order."""
    for name in first.frame.columns:
        if name not in table.frame.columns or name in ("id", "label", "predicted", "group"):
            continue
        own, other = first.frame[name], table.frame[name]
        if own.dtype != pl.String or other.dtype != pl.String or own.is_duplicated().any():
            continue
        if not own.equals(other) and own.sort().equals(other.sort()):
            raise PredictionsError(
                f'{first.source} and {table.source} have the same values in "{name}", but in other rows: the rows are in '
                "another order.",
                ("If it names the rows, match by it: ", Option("id", name)),
            )


def _check_labels(a: Predictions, b: Predictions) -> None:
    different = (a.labels != b.labels) & (a.labels >= 0) & (b.labels >= 0)
    if different.any():
        row = int(np.argmax(different))
        raise PredictionsError(
            f'{a.source} and {b.source} give {int(different.sum()):,} rows different labels, for instance id "'
            f'{a.ids[row]}": "{a.classes[a.labels[row]]}" and "{a.classes[b.labels[row]]}". Labels must agree.'
        )


def _shared(tables: list[Predictions], column: str, noun: str) -> list[Predictions]:
    """The tables with the groups, or weights, that any of them has.

    Raises:
        PredictionsError: those of two tables differ.
    """
    having = [table for table in tables if column in table.frame.columns]
    if not having:
        return tables
    for other in having[1:]:
        if not _agree(having[0], other, column):
            raise PredictionsError(
                f"{having[0].source} and {other.source} have different {noun} for the same rows. "
                f"Give the rows the same {noun} in all files, or leave the column out of all but one."
            )
    values = having[0].frame[column]
    return [replace(table, frame=table.frame.with_columns(values)) for table in tables]


def _agree(a: Predictions, b: Predictions, column: str) -> bool:
    """Equal weights, or groups that put the same rows together, whatever they are called."""
    if column == "weight":
        assert a.weights is not None
        assert b.weights is not None
        return bool(np.allclose(a.weights, b.weights, rtol=1e-6, atol=0))
    assert a.groups is not None
    assert b.groups is not None
    counts = [len(np.unique(groups)) for groups in (a.groups, b.groups)]
    return len(np.unique(np.column_stack([a.groups, b.groups]), axis=0)) == counts[0] == counts[1]


def _left_out(tables: Sequence[Predictions], names: Sequence[str], compared: int) -> tuple[Finding, ...]:
    """The rows that lack a label, and the classes that some tables do not know."""
    missing = [(name, int((table.labels < 0).sum())) for name, table in zip(names, tables, strict=True)]
    parts = [f"{count:,} of {name}" for name, count in missing if count]
    if not parts:
        return ()
    message = (
        f"Rows without a label are left out: {', '.join(parts)}. {compared:,} of {len(tables[0]):,} rows are compared."
    )
    return (Finding("rows_left_out", "warning", message),)


def find_unknown_classes(tables: Sequence[Predictions], names: Sequence[str]) -> tuple[Finding, ...]:
    """Which classes only some of the tables know, as they were given."""
    every = dict.fromkeys(name for table in tables for name in table.classes)
    found = []
    for called, table in zip(names, tables, strict=True):
        if missing := [name for name in every if name not in table.classes]:
            message = f"{called} never names the class {shortened(missing)}, which another table predicts."
            found.append(Finding("absent_classes", "info", message))
    return tuple(found)
