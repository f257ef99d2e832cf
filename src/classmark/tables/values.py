"""Python values, as JSON gives them, as polars columns: uniform types stay, mixed ones become strings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

import polars as pl
from polars.datatypes import DataType, DataTypeClass

Kind = DataType | DataTypeClass
SMALLEST, LARGEST, LARGEST_UNSIGNED = -(2**63), 2**63 - 1, 2**64 - 1


def column(values: Sequence[Any]) -> pl.Series:
    """The values of one column; None is null.

    Numbers that are whole and not become Float64; whole ones too large for 64 bits and other mixtures become strings,
    as JSON spells each. Numbers in lists are Float64. Objects become structs with all keys that occur.
    """
    kind, settled = _settled(values)
    return pl.Series(settled, dtype=kind, strict=True)


def spelt_column(values: Sequence[Any]) -> pl.Series:
    """The values of one column as strings: a string as it is, anything else as JSON spells it; None is null."""
    return pl.Series([_spelt(value) for value in values], dtype=pl.String, strict=True)


def _settled(values: Sequence[Any], *, in_list: bool = False) -> tuple[Kind, Sequence[Any]]:
    """The type of all values, and the values made to fit it."""
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return pl.Null, values
    if kinds == {str}:
        return pl.String, values
    if kinds == {bool}:
        return pl.Boolean, values
    if kinds == {float} or (kinds <= {int, float} and (in_list or float in kinds)):
        return _floats(values)
    if kinds == {int}:
        return _integers(values)
    if kinds == {list}:
        return _lists(values)
    if kinds == {dict} and any(values):
        return _structs(values)
    return pl.String, [_spelt(value) for value in values]


def _floats(values: Sequence[Any]) -> tuple[Kind, Sequence[Any]]:
    try:
        return pl.Float64, [None if value is None else float(value) for value in values]
    except OverflowError:
        return pl.String, [_spelt(value) for value in values]


def _integers(values: Sequence[Any]) -> tuple[Kind, Sequence[Any]]:
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    if low >= SMALLEST and high <= LARGEST:
        return pl.Int64, values
    if low >= 0 and high <= LARGEST_UNSIGNED:
        return pl.UInt64, values
    return pl.String, [_spelt(value) for value in values]


def _lists(values: Sequence[Any]) -> tuple[Kind, Sequence[Any]]:
    inner, flat = _settled(list(chain.from_iterable(value for value in values if value is not None)), in_list=True)
    parts = iter(flat)
    return pl.List(inner), [None if value is None else [next(parts) for _ in value] for value in values]


def _structs(values: Sequence[Any]) -> tuple[Kind, Sequence[Any]]:
    keys = dict.fromkeys(chain.from_iterable(value for value in values if value is not None))
    fields, columns = list[pl.Field](), list[Sequence[Any]]()
    for key in keys:
        kind, settled = _settled([None if value is None else value.get(key) for value in values])
        fields.append(pl.Field(key, kind))
        columns.append(settled)
    rows = zip(*columns, strict=True)
    settled_rows = [
        None if value is None else dict(zip(keys, row, strict=True)) for value, row in zip(values, rows, strict=True)
    ]
    return pl.Struct(fields), settled_rows


def _spelt(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
