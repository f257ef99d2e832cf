"""Arrays, lists, tensors, series and frames as columns; pandas, torch and scipy are never imported."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import InputError, Option


def is_frame(given: Any) -> bool:
    """Whether a value is a table with named columns: a polars or pandas frame."""
    if isinstance(given, pl.LazyFrame):  # whose columns are not looked at, as that warns
        return True
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
    return pl.Series(what, [None if is_missing(one) else str(one) for one in array.tolist()], dtype=pl.String)


def numbers_of(given: Any, source: str) -> NDArray[np.float64]:
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
                f"{source}: rows of probabilities of unequal length ({some_of(widths)}).", "Give one number per class."
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
            array = np.array([np.nan if is_missing(one) else float(one) for one in array.ravel()]).reshape(array.shape)
        return np.ascontiguousarray(array, dtype=np.float64).reshape(len(array), -1 if len(array) else 1)
    except (TypeError, ValueError):
        raise _classes_given(source, "not all numbers") from None


def _classes_given(source: str, kind: str) -> InputError:
    return InputError(
        f"{source}: the probabilities are {kind}.",
        ("If they are predicted classes, give them as ", Option("predicted"), "…"),
    )


def column_of(given: Any, name: str, source: str) -> pl.Series:
    """A further column."""
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
        return pl.Series([None if is_missing(one) else str(one) for one in _plain(given)], dtype=pl.Enum(categories))
    if isinstance(given, np.ndarray) and given.dtype.kind in "mM":
        return pl.Series(given)
    if isinstance(given, np.ndarray) and given.ndim == 2:
        return pl.Series(np.ascontiguousarray(given, dtype=np.float64), dtype=pl.Array(pl.Float64, given.shape[1]))
    return pl.Series([None if is_missing(one) else one for one in _plain(given)], strict=False)


def check_length(column: pl.Series, rows: int, what: str, source: str) -> pl.Series:
    """The column, if it has one value per label."""
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


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, NaT, pandas' NA or masked by numpy."""
    return (
        value is None
        or value is np.ma.masked
        or (isinstance(value, float | np.floating) and value != value)
        or (isinstance(value, np.datetime64 | np.timedelta64) and bool(np.isnat(value)))
        or type(value).__name__ in ("NAType", "NaTType")
    )


def _kind(array: NDArray[Any]) -> str:
    return "whole numbers" if array.dtype.kind in "iu" else "true or false" if array.dtype.kind == "b" else "text"


def some_of(widths: Iterable[int]) -> str:
    """The first widths, for messages."""
    return ", ".join(str(width) for width in sorted(widths)[:4])
