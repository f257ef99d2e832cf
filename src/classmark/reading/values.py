"""Values in memory as a predictions table: arrays, lists, tensors, polars or pandas series and frames, dictionaries.

pandas, torch and scipy are never imported: their values are known by what they can do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from classmark.errors import InputError, Option
from classmark.predictions import Predictions
from classmark.reading.arrays import check_length, column_of, numbers_of, series_of, some_of, stated_order
from classmark.reading.columns import Column
from classmark.reading.families import families, rank
from classmark.reading.frames import read_frame
from classmark.reading.options import ReadOptions
from classmark.reading.rows import CONTRACT
from classmark.reading.table import build_table

LABEL = "label"


PREDICTED = "predicted"


ID = "id"


GROUP = "group"


WEIGHT = "weight"


LISTED = "probabilities"


SCORE = "score"


@dataclass(frozen=True)
class Values:
    """What a caller gives; all of N rows.

    Attributes:
        labels: true classes; None or NaN where unknown.
        probabilities: shape (N, C), or (N,): one score for two classes; None with `predicted` alone.
        predicted: predicted classes; beside probabilities, the decisions of a threshold of one's own.
        ids, groups: names of rows, and of what they belong to.
        weights: how much each row counts.
        columns: further columns by name, such as `text`, for the page and for slices.
    """

    labels: Any
    probabilities: Any = None
    predicted: Any = None
    ids: Any = None
    groups: Any = None
    weights: Any = None
    columns: Any = None


def read_values(values: Values, options: ReadOptions, source: str = "predictions") -> Predictions:
    """The checked predictions table of values in memory.

    Raises:
        InputError: the values do not fit each other or break the contract.
    """
    if values.probabilities is None and values.predicted is None:
        raise InputError(
            f"{source}: there is nothing to judge.",
            ("Give probabilities, or the predicted classes as ", Option("predicted"), "…"),
        )
    labels = series_of(values.labels, LABEL, source)
    if not len(labels):
        raise InputError(f"{source}: there are no rows.", "Give at least one label with its prediction.")
    columns: dict[str, pl.Series] = {LABEL: labels}
    named: dict[str, Any] = {"label": LABEL}
    for name, option, given in (
        (PREDICTED, "predicted", values.predicted),
        (ID, "id", values.ids),
        (GROUP, "group", values.groups),
        (WEIGHT, "weights", values.weights),
    ):
        if given is not None:
            what = {"id": "ids", "group": "groups"}.get(option, option)
            what = "predicted classes" if option == "predicted" else what
            columns[name] = check_length(series_of(given, name, source), len(labels), what, source)
            named[option] = name
    _check_index(values, source)
    order = stated_order(values.labels)
    if values.probabilities is not None:
        scores = _scores(values.probabilities, labels, source)
        count = len(next(iter(scores.values())))
        if count != len(labels):
            raise InputError(
                f"{source}: {len(labels):,} labels and {count:,} rows of probabilities.", "Give one label per row."
            )
        columns |= scores
        named["probabilities"] = tuple(scores)
    else:
        named["labels_only"] = True
    for name, column in _further(values.columns, len(labels), source).items():
        if name not in columns and name not in CONTRACT:
            columns[name] = column
    frame = pl.DataFrame([column.alias(name) for name, column in columns.items()])
    said = options.with_(**named)
    return read_frame(build_table(source, frame, said, order=order, in_memory=True))


def read_table_values(given: Any, options: ReadOptions, source: str = "predictions") -> Predictions:
    """The checked predictions in a frame (polars or pandas) or a dictionary of columns, read as a file of it would be.

    Raises:
        InputError: nothing or too much in it may be predictions.
    """
    given = given.collect() if isinstance(given, pl.LazyFrame) else given
    index = getattr(getattr(given, "index", None), "name", None)
    if (
        index is not None and index not in given
    ):  # pandas: an index with a name is a column, as in the file that it writes
        given = given.reset_index()
    keys = list(given if isinstance(given, Mapping) else given.columns)
    names = [str(name) for name in keys]
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise InputError(
            f'{source}: several columns are called "{repeated[0]}".', "Give each of them a name of its own."
        )
    columns = [column_of(given[key], name, source).alias(name) for key, name in zip(keys, names, strict=True)]
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise InputError(
            f"{source}: columns of unequal length ({some_of(lengths)}).", "Give each column one value per row."
        )
    frame = pl.DataFrame(columns)
    if frame.height == 0:
        raise InputError(f"{source}: there are no rows.", "Give at least one label with its prediction.")
    return read_frame(build_table(source, frame, options))


def _scores(given: Any, labels: pl.Series, source: str) -> dict[str, pl.Series]:
    """Columns of scores: one per class if they are named after classes, else one of lists; or one score."""
    if isinstance(given, Mapping):
        read = {str(name): column_of(column, str(name), source) for name, column in given.items()}
        lengths = {len(column) for column in read.values()}
        if len(lengths) > 1:
            raise InputError(f"{source}: columns of probabilities of unequal length ({some_of(lengths)}).")
        given = pl.DataFrame(read)
    names = [str(name) for name in getattr(given, "columns", ())]
    values = numbers_of(given, source)
    if values.shape[1] == 1:
        return {names[0] if names and names[0] not in (LABEL, PREDICTED, ID) else SCORE: pl.Series(values[:, 0])}
    if len(names) == values.shape[1] and len(set(names)) == len(names):
        columns = {name: Column(name, pl.Series(name, values[:, place])) for place, name in enumerate(names)}
        known = Column(LABEL, labels).classes
        found = families(columns, known, whole=True) if known else []
        if any(set(one.columns) == set(names) and rank(one, "", logits=True) < 3 for one in found):
            return {name: column.series for name, column in columns.items()}
    return {LISTED: pl.Series(LISTED, np.ascontiguousarray(values), dtype=pl.Array(pl.Float64, values.shape[1]))}


def _check_index(values: Values, source: str) -> None:
    """Refuse pandas values whose indexes name other rows, since all are read by position."""
    given = {"probabilities": values.probabilities, "predicted": values.predicted, "weights": values.weights}
    index = getattr(values.labels, "index", None)
    if index is None or not hasattr(index, "equals"):
        return
    for name, other in (given | {"groups": values.groups, "ids": values.ids}).items():
        own = getattr(other, "index", None)
        if own is not None and hasattr(own, "equals") and len(own) == len(index) and not index.equals(own):
            raise InputError(
                f"{source}: the index of {name} is not that of the labels, and rows are read by position.",
                "Bring both into one order, or drop the indexes.",
            )


def _further(given: Any, rows: int, source: str) -> dict[str, pl.Series]:
    if given is None:
        return {}
    if not isinstance(given, Mapping) and not hasattr(given, "columns"):
        raise InputError(
            f"{source}: columns is {type(given).__name__}.",
            "Give a frame, or a dictionary of columns.",
            argument="columns",
        )
    names = given if isinstance(given, Mapping) else given.columns
    return {
        str(name): check_length(column_of(given[name], str(name), source), rows, str(name), source) for name in names
    }
