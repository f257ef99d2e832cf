"""Values in memory as a predictions table: arrays, lists, tensors, polars or pandas series and frames, dictionaries.

pandas, torch and scipy are never imported: their values are known by what they can do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import InputError, Option
from classmark.predictions import Predictions
from classmark.reading.columns import Column
from classmark.reading.families import families, rank
from classmark.reading.frames import read_frame
from classmark.reading.options import ReadOptions
from classmark.reading.rows import CONTRACT
from classmark.reading.table import build_table

LABEL, PREDICTED, ID, GROUP, WEIGHT = "label", "predicted", "id", "group", "weight"
LISTED, SCORE = "probabilities", "score"


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
            columns[name] = _as_long(series_of(given, name, source), len(labels), what, source)
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
    columns = [_column(given[key], name, source).alias(name) for key, name in zip(keys, names, strict=True)]
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise InputError(
            f"{source}: columns of unequal length ({_some(lengths)}).", "Give each column one value per row."
        )
    frame = pl.DataFrame(columns)
    if frame.height == 0:
        raise InputError(f"{source}: there are no rows.", "Give at least one label with its prediction.")
    return read_frame(build_table(source, frame, options))


def is_frame(given: Any) -> bool:
    """Whether a value is a table with named columns: a polars or pandas frame."""
    return hasattr(given, "columns") and (hasattr(given, "to_numpy") or hasattr(given, "collect"))


def stated_order(given: Any) -> tuple[str, ...] | None:
    """The order of classes that the type of labels states: pandas' categories, a polars Enum."""
    categories = getattr(getattr(given, "cat", None), "categories", None)
    if categories is not None and not isinstance(given, pl.Series):
        return tuple(str(name) for name in categories)
    if isinstance(given, pl.Series) and isinstance(given.dtype, pl.Enum):
        return tuple(str(name) for name in given.dtype.categories.to_list())
    return None


def series_of(given: Any, what: str, source: str) -> pl.Series:
    """One value per row: a number, a truth value or a text, null where it is missing."""
    if isinstance(given, pl.Series) and not given.dtype.is_nested() and given.dtype != pl.Object:
        return given.cast(pl.String) if isinstance(given.dtype, pl.Categorical | pl.Enum) else given
    array = _array(given, what, source)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise InputError(f"{source}: {what} of shape {array.shape}.", "Give one value per row.")
    if array.dtype.kind in "iufb":
        return pl.Series(what, array)
    return pl.Series(what, [None if _missing(one) else str(one) for one in array.tolist()], dtype=pl.String)


def _scores(given: Any, labels: pl.Series, source: str) -> dict[str, pl.Series]:
    """Columns of scores: one per class if they are named after classes, else one of lists; or one score."""
    if isinstance(given, Mapping):
        read = {str(name): _column(column, str(name), source) for name, column in given.items()}
        lengths = {len(column) for column in read.values()}
        if len(lengths) > 1:
            raise InputError(f"{source}: columns of probabilities of unequal length ({_some(lengths)}).")
        given = pl.DataFrame(read)
    names = [str(name) for name in getattr(given, "columns", ())]
    values = _numbers(given, source)
    if values.shape[1] == 1:
        return {names[0] if names and names[0] not in (LABEL, PREDICTED, ID) else SCORE: pl.Series(values[:, 0])}
    if len(names) == values.shape[1] and len(set(names)) == len(names):
        columns = {name: Column(name, pl.Series(name, values[:, place])) for place, name in enumerate(names)}
        known = Column(LABEL, labels).classes
        found = families(columns, known, whole=True) if known else []
        if any(set(one.columns) == set(names) and rank(one, "", logits=True) < 3 for one in found):
            return {name: column.series for name, column in columns.items()}
    return {LISTED: pl.Series(LISTED, np.ascontiguousarray(values), dtype=pl.Array(pl.Float64, values.shape[1]))}


def _numbers(given: Any, source: str) -> NDArray[np.float64]:
    """Probabilities, a score or logits, shape (N, C) or (N, 1)."""
    array = _array(given, "probabilities", source)
    if array.dtype == object and array.ndim == 1 and any(np.ndim(row) for row in array):
        single = next((number for number, row in enumerate(array, start=1) if not np.ndim(row)), None)
        if single is not None:
            raise InputError(
                f"{source}: row {single} of the probabilities is not a list.", "Give one number per class."
            )
        widths = {len(row) for row in array}
        if len(widths) > 1:
            raise InputError(
                f"{source}: rows of probabilities of unequal length ({_some(widths)}).", "Give one number per class."
            )
        array = np.array([list(row) for row in array], dtype=object)
    if array.ndim not in (1, 2):
        raise InputError(
            f"{source}: probabilities of shape {array.shape}.", "Give (rows, classes), or one score per row."
        )
    if array.dtype.kind not in "fO" and array.ndim == 1 and len(array):
        raise _classes_given(source, _kind(array))
    try:
        if array.dtype == object:
            array = np.array([np.nan if _missing(one) else float(one) for one in array.ravel()]).reshape(array.shape)
        return np.ascontiguousarray(array, dtype=np.float64).reshape(len(array), -1 if len(array) else 1)
    except (TypeError, ValueError):
        raise _classes_given(source, "not all numbers") from None


def _classes_given(source: str, kind: str) -> InputError:
    return InputError(
        f"{source}: the probabilities are {kind}.",
        ("If they are predicted classes, give them as ", Option("predicted"), "…"),
    )


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
    return {str(name): _as_long(_column(given[name], str(name), source), rows, str(name), source) for name in names}


def _column(given: Any, name: str, source: str) -> pl.Series:
    if isinstance(given, str | bytes):
        raise InputError(f'{source}: the column "{name}" is one text.', "Give a list, an array or a series.")
    try:
        column = given if isinstance(given, pl.Series) else _series(given)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        raise InputError(
            f'{source}: the column "{name}" is {type(given).__name__}.', "Give a list of values."
        ) from None
    if column.dtype == pl.Object:
        raise InputError(f'{source}: the column "{name}" holds Python objects.', "Give numbers, texts or dates.")
    return column


def _series(given: Any) -> pl.Series:
    categories = stated_order(given)
    if categories is not None and len(set(categories)) == len(categories):
        return pl.Series([None if _missing(one) else str(one) for one in _plain(given)], dtype=pl.Enum(categories))
    if isinstance(given, np.ndarray) and given.dtype.kind in "mM":
        return pl.Series(given)
    if isinstance(given, np.ndarray) and given.ndim == 2:
        return pl.Series(np.ascontiguousarray(given, dtype=np.float64), dtype=pl.Array(pl.Float64, given.shape[1]))
    return pl.Series([None if _missing(one) else one for one in _plain(given)], strict=False)


def _as_long(column: pl.Series, rows: int, what: str, source: str) -> pl.Series:
    if len(column) != rows:
        raise InputError(f"{source}: {rows:,} labels and {len(column):,} {what}.", "Give one per label.")
    return column


def _array(given: Any, what: str, source: str) -> NDArray[Any]:
    if isinstance(given, str | bytes):
        raise InputError(f"{source}: {what} is one text.", "Give a list, an array, a series or a frame.")
    if isinstance(given, np.ma.MaskedArray):
        plain = np.array(given.data, dtype=object)
        plain[np.ma.getmaskarray(given)] = None
        return plain
    try:
        given = _dense(given)
        if not hasattr(given, "to_numpy") and not hasattr(given, "__array__"):
            given = list(given)
            if what != "probabilities":
                return np.array([*given, None], dtype=object)[:-1]
        return np.asarray(given.to_numpy() if hasattr(given, "to_numpy") else given)
    except ValueError:
        return np.array([*(list(row) if np.iterable(row) else row for row in given), None], dtype=object)[:-1]
    except (TypeError, RuntimeError):
        raise InputError(
            f"{source}: {what} is {type(given).__name__}.", "Give a list, an array, a series or a frame."
        ) from None


def _dense(given: Any) -> Any:
    """A tensor that requires gradients, lies on a device or has 16 bits, and a sparse matrix, as a plain array."""
    if hasattr(given, "detach"):
        given = given.detach().cpu()
        if getattr(given, "is_sparse", False):
            given = given.to_dense()
        return given.double().numpy() if given.is_floating_point() else given.numpy()
    if hasattr(given, "toarray") and not isinstance(given, np.ndarray):
        return given.toarray()
    return given


def _plain(given: Any) -> list[Any]:
    given = _dense(given)
    return list(given.to_list() if hasattr(given, "to_list") else given)


def _missing(value: Any) -> bool:
    return (
        value is None
        or value is np.ma.masked
        or (isinstance(value, float) and value != value)
        or type(value).__name__ in ("NAType", "NaTType")
    )


def _kind(array: NDArray[Any]) -> str:
    return "whole numbers" if array.dtype.kind in "iu" else "true or false" if array.dtype.kind == "b" else "text"


def _some(widths: Iterable[int]) -> str:
    return ", ".join(str(width) for width in sorted(widths)[:4])
