"""JSON lines, an array of objects, and the objects of columns that pandas and others write."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import InputError
from classmark.tables.collection import collection_paused
from classmark.tables.contents import Content
from classmark.tables.json_text import ExtraDataError, Parser
from classmark.tables.table_file import TableFile, build_table
from classmark.tables.text import decoded
from classmark.tables.values import column, spelt_column

Columns = list[tuple[str, pl.Series]]


def read_json(content: Content, *, lines: bool) -> TableFile:
    """The table in a JSON text; it may have no rows.

    Args:
        content: of the file.
        lines: each line should be an object. If not, the whole should be one array or object. Either is read for the other.

    Raises:
        InputError: it is not valid JSON, or no table.
    """
    text, decoding = decoded(content)
    with collection_paused():
        return _read(content, text, decoding, lines=lines)


def _read(content: Content, text: str, decoding: tuple[str, ...], *, lines: bool) -> TableFile:
    parser = Parser(content.source, text)
    columns = _whole_columns(parser, text, content.source, lines=lines)
    numbers = None
    if columns is None:
        rows = _lines(text)
        numbers = _filled(rows)
        columns = _by_key(_objects(parser, rows, numbers))
    return build_table(content.source, columns, numbers, notes=(*content.notes, *decoding, *parser.notes))


def read_json_lines(text: str, source: str, before: int = 0, strings: Collection[str] = ()) -> TableFile:
    """The table in a block of JSON lines; it may have no rows.

    Args:
        text: whole lines.
        source: for messages.
        before: how many lines of the file come before these.
        strings: columns whose values become strings, as JSON spells each.

    Raises:
        InputError: a line is not valid JSON, or no object.
    """
    with collection_paused():
        parser, lines = Parser(source, text), _lines(text)
        numbers = _filled(lines)
        columns = _by_key(_objects(parser, lines, numbers + before), strings)
    return build_table(source, columns, numbers + before, notes=parser.notes)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


def _filled(lines: Sequence[str]) -> NDArray[np.int64]:
    """The numbers of the lines that are not blank, from 1."""
    return np.array([number for number, line in enumerate(lines, start=1) if line], dtype=np.int64)


def _objects(parser: Parser, lines: Sequence[str], numbers: NDArray[np.int64]) -> list[dict[str, Any]]:
    return parser.objects([line for line in lines if line], numbers.tolist())


def _whole_columns(parser: Parser, text: str, source: str, *, lines: bool) -> Columns | None:
    """The columns of a text that is one array or object; None for JSON lines."""
    start = text.lstrip()[:1]
    if lines and start != "[":
        return None
    try:
        value = parser.whole()
    except ExtraDataError:
        return None
    except InputError:
        if lines or start not in ("[", "{"):
            return None
        raise
    if lines and not _are_objects(value):
        return None
    return _array_columns(value, source) if isinstance(value, list) else _object_columns(value, source)


def _array_columns(items: Sequence[Any], source: str) -> Columns:
    wrong = next((number for number, item in enumerate(items, start=1) if not isinstance(item, dict)), None)
    if wrong is not None:
        raise InputError(f'{source}: item {wrong} of the array is not an object, such as {{"text": …, "label": …}}.')
    return _by_key(items)


def _object_columns(value: Any, source: str) -> Columns:
    if not isinstance(value, dict):
        raise InputError(f"{source}: the JSON is one value, not a table.", "Give an array of objects.")
    data, names = value.get("data"), value.get("columns")
    if isinstance(names, list) and isinstance(data, list) and set(value) <= {"columns", "index", "data"}:
        return _split_columns(names, data, source)
    if (
        isinstance(data, list)
        and _are_objects(data)
        and not any(isinstance(other, list) for key, other in value.items() if key != "data")
    ):
        return _by_key(data)
    if value and all(isinstance(cells, dict) for cells in value.values()):
        raise InputError(
            f"{source}: the JSON is an object of objects, so that rows and columns cannot be told apart.",
            'Write an array of objects. With pandas: to_json(path, orient="records").',
        )
    if not value or not all(isinstance(cells, list) for cells in value.values()):
        return _by_key([value])
    lengths = {key: len(cells) for key, cells in value.items()}
    first, *rest = lengths
    other = next((key for key in rest if lengths[key] != lengths[first]), None)
    if other is not None:
        raise InputError(
            f'{source}: the column "{first}" has {lengths[first]} values, but "{other}" has {lengths[other]}.',
            "Give all columns the same number of values.",
        )
    return [(key, column(cells)) for key, cells in value.items()]


def _split_columns(names: Sequence[Any], rows: Sequence[Any], source: str) -> Columns:
    """Names and rows apart, as pandas writes them with orient="split"."""
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != len(names):
            cells = f"{len(row)} values" if isinstance(row, list) else "no list of values"
            raise InputError(f'{source}: row {number} of "data" has {cells}, but "columns" has {len(names)} names.')
    return [(str(name), column([row[index] for row in rows])) for index, name in enumerate(names)]


def _by_key(rows: Sequence[dict[str, Any]], strings: Collection[str] = ()) -> Columns:
    keys = dict.fromkeys(chain.from_iterable(rows))
    made = {key: spelt_column if key in strings else column for key in keys}
    return [(key, made[key]([row.get(key) for row in rows])) for key in keys]


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)
