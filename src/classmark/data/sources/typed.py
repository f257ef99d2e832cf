"""Types of columns: what the cells of a CSV are, and what a column that is not plain holds."""

from __future__ import annotations

import polars as pl

# As polars tells them; an integer may be in a column of floats.
INTEGER, BOOLEAN = r"^-?[0-9]+$", r"^(?i:true|false)$"
FLOAT = r"^(-?[0-9]+|[-+]?([0-9]*\.[0-9]+([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|[0-9]+\.|inf|NaN))$"


def inferred(values: pl.Series) -> pl.Series:
    """Strings as Int64, Float64 or Boolean if all of them are that, else as they are, such as integers of 20 digits."""
    known = values.drop_nulls()

    def are_all(pattern: str) -> bool:
        return known.len() > 0 and bool(known.head(1).str.contains(pattern).all() and known.str.contains(pattern).all())

    if are_all(BOOLEAN):
        return values.str.to_lowercase() == "true"
    kind = pl.Int64 if are_all(INTEGER) else pl.Float64 if are_all(FLOAT) else pl.String
    typed = values.cast(kind, strict=False)
    return typed if typed.null_count() == values.null_count() else values


def kind_of(dtype: pl.DataType) -> str:
    """What a column that is not plain holds."""
    if isinstance(dtype, pl.List | pl.Array):
        return "lists"
    return "records" if isinstance(dtype, pl.Struct) else "bytes"
