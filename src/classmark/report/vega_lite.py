"""Pictures in Vega-Lite's own words, as plain dictionaries: https://vega.github.io/vega-lite/docs/spec.html."""

from __future__ import annotations

from math import isfinite
from typing import Any

import polars as pl

Part = dict[str, Any]


def quantity(field: str, **options: Any) -> Part:
    """A column of numbers, as a channel of an encoding."""
    return {"field": field, "type": "quantitative", **options}


def category(field: str, **options: Any) -> Part:
    """A column of names, as a channel of an encoding."""
    return {"field": field, "type": "nominal", **options}


def mark(kind: str, look: Part, data: pl.DataFrame | None = None, /, **encoding: Part) -> Part:
    """Marks of one kind.

    Args:
        kind: `line`, `point`, `rule`, `area`, `rect` or `text`.
        look: properties of the mark.
        data: a mark for each row; without it, the data of the layers around it.
        encoding: the column of each channel, beside those of the layers around it.
    """
    return _drawn(data, encoding) | {"mark": {"type": kind, **look}}


def layers(*parts: Part, data: pl.DataFrame | None = None, **encoding: Part) -> Part:
    """Marks one above the other, the first at the back, with the data and the channels that all of them have."""
    return _drawn(data, encoding) | {"layer": list(parts)}


def _drawn(data: pl.DataFrame | None, encoding: Part) -> Part:
    return ({} if data is None else {"data": {"values": _rows(data)}}) | ({"encoding": encoding} if encoding else {})


def _rows(data: pl.DataFrame) -> list[dict[str, Any]]:
    """Each row by its columns; a number that is not finite is null, as JSON has none."""
    rows = data.to_dicts()
    for row in rows:
        row.update({column: None for column, value in row.items() if isinstance(value, float) and not isfinite(value)})
    return rows
