"""Columns of objects, lists and vectors, laid out as columns of numbers or lists of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from classmark.errors import InputError
from classmark.reading.columns import SAMPLE, Column


def flattened(columns: Mapping[str, Column], source: str) -> dict[str, Column]:
    """The columns with nested ones laid out: objects as a column per key, pairs and vectors as lists or objects.

    An object `probabilities` with the keys `cat` and `dog` becomes `probabilities.cat` and `probabilities.dog`. A list of
    `{label, score}` is such an object. A Spark vector becomes a list.
    """
    found: dict[str, Column] = {}
    for name, column in _ranked_lists(columns).items():
        series = _from_text(column.series) if column.series.dtype == pl.String else column.series
        kind = series.dtype
        if isinstance(kind, pl.Struct) and {field.name for field in kind.fields} >= {
            "type",
            "size",
            "indices",
            "values",
        }:
            found[name] = Column(name, _vector(series))
            continue
        if isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct):
            series = _pairs(series, name, source)
        if isinstance(series.dtype, pl.Struct):
            parts = series.struct.unnest()
            for field in parts.columns:
                found[f"{name}.{field}"] = Column(f"{name}.{field}", parts[field])
        else:
            found[name] = Column(name, series)
    return {
        name: Column(name, one.series, columns[name].textual if name in columns else False)
        for name, one in found.items()
    }


def _ranked_lists(columns: Mapping[str, Column]) -> dict[str, Column]:
    """The columns with a list of classes and a list of their scores as one object per row, as zero-shot pipelines write them."""
    lists = {
        name: _from_text(column.series) if column.series.dtype == pl.String else column.series
        for name, column in columns.items()
    }
    names = [name for name, one in lists.items() if isinstance(one.dtype, pl.List) and one.dtype.inner == pl.String]
    scores = [name for name, one in lists.items() if isinstance(one.dtype, pl.List) and one.dtype.inner.is_numeric()]
    if len(names) != 1 or len(scores) != 1:
        return dict(columns)
    classes, values = lists[names[0]], lists[scores[0]]
    if not (classes.list.len() == values.list.len()).fill_null(False).all():
        return dict(columns)
    rows = [
        dict(zip(ranked, numbers, strict=True))
        for ranked, numbers in zip(classes.to_list(), values.to_list(), strict=True)
    ]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    together = pl.Series(scores[0], rows, dtype=pl.Struct(dict.fromkeys(keys, pl.Float64)))
    return {
        name: Column(name, together, column.textual) if name == scores[0] else column
        for name, column in columns.items()
        if name != names[0]
    }


def _from_text(series: pl.Series) -> pl.Series:
    """A column of lists or objects that a CSV holds as text, `[0.1, 0.9]`, `[0.1 0.9]` or `{"cat": 0.1}`, as such a column."""
    first = next((word.strip() for word in series.drop_nulls().head(SAMPLE).to_list() if word.strip()), "")
    if first[:1] not in ("[", "{"):
        return series
    rows = [None if word is None or not word.strip() else _value_of(word.strip()) for word in series.to_list()]
    if any(row is None and word is not None and word.strip() for row, word in zip(rows, series.to_list(), strict=True)):
        return series
    try:
        return pl.Series(series.name, rows)
    except (TypeError, ValueError, pl.exceptions.PolarsError):
        return series


def _value_of(word: str) -> list[float] | list[str] | dict[str, float] | list[dict[str, object]] | None:
    """What a text such as `[0.1, 0.9]` or `{'cat': 0.1, 'dog': 0.9}` holds; None if it is something else."""
    import ast

    spaced = re.sub(r"(?<=[0-9.])\s+(?=[-+0-9.])", ", ", word) if word.startswith("[") and "," not in word else word
    try:
        found = ast.literal_eval(spaced)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if isinstance(found, dict):
        plain = all(isinstance(value, int | float) for value in found.values())
        return {str(name): float(value) for name, value in found.items()} if plain else None
    if isinstance(found, list) and all(isinstance(one, int | float) and not isinstance(one, bool) for one in found):
        return [float(one) for one in found]
    if isinstance(found, list) and found and all(isinstance(one, str) for one in found):
        return found
    pairs = isinstance(found, list) and bool(found) and all(isinstance(one, dict) for one in found)
    return found if pairs else None


def _vector(series: pl.Series) -> pl.Series:
    """Spark's vectors (type 1: all values, type 0: indices and values) as lists of numbers."""
    rows: list[list[float] | None] = []
    for one in series.to_list():
        if one is None or one["values"] is None:
            rows.append(None)
        elif one["type"] == 1:
            rows.append(list(one["values"]))
        else:
            dense = [0.0] * int(one["size"] or 0)
            for place, value in zip(one["indices"] or [], one["values"], strict=False):
                dense[place] = value
            rows.append(dense)
    return pl.Series(series.name, rows, dtype=pl.List(pl.Float64))


def _pairs(series: pl.Series, name: str, source: str) -> pl.Series:
    """Lists of a class and its score as one object per row; other lists of objects stay as they are."""
    inner = series.dtype.inner  # type: ignore[attr-defined]
    fields = {field.name.lower(): field for field in inner.fields}
    label = next((fields[word].name for word in ("label", "class", "value", "name") if word in fields), None)
    words = ("score", "prob", "probability", "confidence", "p")
    score = next((fields[word].name for word in words if word in fields and fields[word].dtype.is_numeric()), None)
    if label is None or score is None:
        return series
    rows: list[dict[str, float] | None] = []
    for number, pairs in enumerate(series.to_list(), start=1):
        row: dict[str, float] = {}
        for pair in pairs or []:
            key = str(pair[label])
            if key in row:
                raise InputError(f'{source}, row {number}: "{name}" gives "{key}" two scores.', "Keep one of them.")
            row[key] = pair[score]
        rows.append(row or None)
    keys = list(dict.fromkeys(key for row in rows for key in row or {}))
    return pl.Series(series.name, rows, dtype=pl.Struct(dict.fromkeys(keys, pl.Float64)))
