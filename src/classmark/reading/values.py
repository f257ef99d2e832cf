"""Values in memory as a predictions table: arrays, lists, polars or pandas series and frames, dictionaries of columns.

pandas is never imported: whatever has `to_numpy` is read through it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import InputError
from classmark.predictions import Predictions
from classmark.reading.files import carried_along, names_in
from classmark.reading.table import ReadOptions, Rows, Scores, class_names, from_labels, from_scores

PYTHON_SPELLINGS = (
    ("--classes negative,positive", 'classes=["negative", "positive"]'),
    ("--classes NAME,NAME", "classes=[…]"),
    ("--logits", "logits=True"),
    ("--positive", "positive=…"),
)


@dataclass(frozen=True)
class Values:
    """What a caller gives; all of N rows.

    Attributes:
        labels: true classes; None or NaN where unknown.
        probabilities: shape (N, C), or (N,): one score for two classes; None with `predicted`.
        predicted: predicted classes, where there are no probabilities.
        ids, groups: names of rows, and of what they belong to.
        columns: further columns by name, such as `text`, for the page and for slices.
    """

    labels: Any
    probabilities: Any = None
    predicted: Any = None
    ids: Any = None
    groups: Any = None
    columns: Any = None


def read_values(values: Values, options: ReadOptions, source: str) -> Predictions:
    """The checked predictions table of values in memory.

    Raises:
        InputError: the values do not fit each other or break the contract; options are spelt as in Python.
    """
    try:
        table = _read(values, options, source)
    except InputError as error:
        raise type(error)(_in_python(str(error))) from None
    return replace(table, remarks=tuple(replace(one, message=_in_python(one.message)) for one in table.remarks))


def _read(values: Values, options: ReadOptions, source: str) -> Predictions:
    if (values.probabilities is None) == (values.predicted is None):
        raise InputError(f"{source}: give either probabilities or predicted=…, the predicted classes.")
    labels = class_names(_names(values.labels, "labels", source))
    if not len(labels):
        raise InputError(f"{source}: there are no rows. Give at least one label with its prediction.")
    scores = None if values.probabilities is None else _scores(values.probabilities, labels, source)
    predicted = None if values.predicted is None else class_names(_names(values.predicted, "predicted", source))
    said = scores.values if scores else predicted
    assert said is not None
    if len(said) != len(labels):
        what = "rows of probabilities" if scores else "predicted classes"
        raise InputError(f"{source}: {len(labels):,} labels and {len(said):,} {what}. Give one row a label.")
    numbers = pl.Series("id", [str(row) for row in range(1, len(labels) + 1)])
    ids = numbers if values.ids is None else _as_long(_names(values.ids, "ids", source), len(labels), "ids", source)
    rows = Rows(source, options, ids.alias("id"), labels, _columns(values, len(labels), source), [])
    if scores is not None:
        table = from_scores(rows, scores, None)
    else:
        assert predicted is not None
        table = from_labels(rows, predicted)
    return replace(table, metadata={**table.metadata, "numbered": True}) if values.ids is None else table


def _scores(given: Any, labels: pl.Series, source: str) -> Scores:
    if isinstance(given, Mapping):
        columns_given = {str(name): _column(column, str(name), source) for name, column in given.items()}
        lengths = {len(column) for column in columns_given.values()}
        if len(lengths) > 1:
            raise InputError(f"{source}: columns of probabilities of unequal length ({_some(lengths)}).")
        given = pl.DataFrame(columns_given)
    values = _numbers(given, source)
    columns = tuple(str(name) for name in getattr(given, "columns", ()))
    if values.shape[1] == 1 or len(columns) != values.shape[1]:
        return Scores(columns, values, ())
    names = names_in(columns, labels)
    return Scores(columns, values, names if set(labels.drop_nulls()) <= set(names) else ())


def _numbers(given: Any, source: str) -> NDArray[np.float64]:
    """Probabilities, a score or logits, shape (N, C) or (N, 1)."""
    array = _array(given, "probabilities", source)
    if array.dtype == object and array.ndim == 1 and any(np.ndim(row) for row in array):
        single = next((number for number, row in enumerate(array, start=1) if not np.ndim(row)), None)
        if single is not None:
            raise InputError(f"{source}: row {single} of the probabilities is no list. Give one number a class.")
        widths = {len(row) for row in array}
        if len(widths) > 1:
            raise InputError(f"{source}: rows of probabilities of unequal length ({_some(widths)}). Give one a class.")
        array = np.array([list(row) for row in array], dtype=object)
    if array.ndim not in (1, 2):
        raise InputError(f"{source}: probabilities of shape {array.shape}; give (rows, classes), or one score a row.")
    if array.dtype.kind not in "fO" and array.ndim == 1 and len(array):
        raise InputError(
            f"{source}: the probabilities are {_kind(array)}. If they are predicted classes, give them as predicted=…"
        )
    try:
        numbers = (
            np.array([np.nan if _missing(one) else float(one) for one in array.ravel()])
            if array.dtype == object
            else array
        )
        return np.ascontiguousarray(numbers, dtype=np.float64).reshape(len(array), -1 if len(array) else 1)
    except (TypeError, ValueError):
        raise InputError(
            f"{source}: the probabilities are not all numbers. If they are predicted classes, give them as predicted=…"
        ) from None


def _names(given: Any, what: str, source: str) -> pl.Series:
    """One name a row as text, None where it is missing."""
    array = _array(given, what, source)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise InputError(f"{source}: {what} of shape {array.shape}; give one name a row.")
    return pl.Series(what, [None if _missing(one) else str(one) for one in array.tolist()], dtype=pl.String)


def _columns(values: Values, rows: int, source: str) -> pl.DataFrame:
    given = {} if values.columns is None else values.columns
    if not isinstance(given, Mapping) and not hasattr(given, "columns"):
        raise InputError(f"{source}: columns is {type(given).__name__}; give a frame, or a dictionary of columns.")
    names = given if isinstance(given, Mapping) else given.columns
    columns = {str(name): _as_long(_column(given[name], str(name), source), rows, str(name), source) for name in names}
    if values.groups is not None:
        columns["group"] = _as_long(_names(values.groups, "groups", source), rows, "groups", source)
    return carried_along(pl.DataFrame(columns), source)


def _column(given: Any, name: str, source: str) -> pl.Series:
    if isinstance(given, str | bytes):
        raise InputError(f'{source}: the column "{name}" is one text; give a list, an array or a series.')
    try:
        column = given if isinstance(given, pl.Series) else _series(given)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        raise InputError(f'{source}: the column "{name}" is {type(given).__name__}; give a list of values.') from None
    if column.dtype == pl.Object:
        raise InputError(f'{source}: the column "{name}" holds Python objects; give numbers, texts or dates.')
    return column


def _series(given: Any) -> pl.Series:
    if isinstance(given, np.ndarray) and given.dtype.kind in "mM":
        return pl.Series(given)
    return pl.Series([None if _missing(one) else one for one in _plain(given)], strict=False)


def _as_long(column: pl.Series, rows: int, what: str, source: str) -> pl.Series:
    if len(column) != rows:
        raise InputError(f"{source}: {rows:,} labels and {len(column):,} {what}. Give one a label.")
    return column


def _array(given: Any, what: str, source: str) -> NDArray[Any]:
    if isinstance(given, str | bytes):
        raise InputError(f"{source}: {what} is one text; give a list, an array, a series or a frame.")
    if isinstance(given, np.ma.MaskedArray):
        plain = np.array(given.data, dtype=object)
        plain[np.ma.getmaskarray(given)] = None
        return plain
    try:
        if not hasattr(given, "to_numpy") and not hasattr(given, "__array__"):
            given = list(given)
            if what != "probabilities":
                return np.array([*given, None], dtype=object)[:-1]
        return np.asarray(given.to_numpy() if hasattr(given, "to_numpy") else given)
    except ValueError:
        return np.array([*(list(row) if np.iterable(row) else row for row in given), None], dtype=object)[:-1]
    except TypeError:
        raise InputError(
            f"{source}: {what} is {type(given).__name__}; give a list, an array, a series or a frame."
        ) from None


def _plain(given: Any) -> list[Any]:
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


def _in_python(sentence: str) -> str:
    for flag, argument in PYTHON_SPELLINGS:
        sentence = sentence.replace(flag, argument)
    return sentence
