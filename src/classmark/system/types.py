"""What a column holds, in words for messages; the names of polars are no words of ours."""

from __future__ import annotations

import polars as pl

WORDS: tuple[tuple[type[pl.DataType] | tuple[type[pl.DataType], ...], str], ...] = (
    ((pl.String, pl.Categorical, pl.Enum), "text"),
    (pl.Boolean, "yes and no"),
    (pl.Date, "dates"),
    (pl.Datetime, "dates with times"),
    (pl.Time, "times of day"),
    (pl.Duration, "durations"),
    (pl.Struct, "records"),
    (pl.Binary, "bytes"),
    (pl.Null, "nothing"),
)


def kind_of(dtype: pl.DataType) -> str:
    """What values of this type are called: `whole numbers`, `lists of text`, `records`."""
    if isinstance(dtype, pl.List | pl.Array):
        inner = kind_of(dtype.inner)  # type: ignore[arg-type]  # an instance, as of every column
        return "lists" if isinstance(dtype.inner, pl.Null) else f"lists of {inner}"
    if dtype.is_integer():
        return "whole numbers"
    if dtype.is_numeric():
        return "numbers"
    return next((words for types, words in WORDS if isinstance(dtype, types)), "values of another kind")
