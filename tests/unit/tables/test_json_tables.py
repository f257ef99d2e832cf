from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from classmark.errors import InputError
from classmark.tables import TableFile, read_table_file

MISSING = "where a value is missing or a comma is too many"
AFTER = "The objects do not stand one on each line; they were read one after another."
LINE = 'Each line is one object, as {"text": \u2026, "label": \u2026}.'


def read(folder: Path, content: str | bytes, name: str) -> TableFile:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table_file(path)


# Name of the file, content, rows, numbers of the rows, notes.
READ: dict[str, tuple[str, str | bytes, list[tuple[Any, ...]], list[int], tuple[str, ...]]] = {
    "lines": ("t.jsonl", '{"a": 1, "b": "x"}\n{"b": "y"}\n', [(1, "x"), (None, "y")], [1, 2], ()),
    "blank lines": ("t.ndjson", '\n{"a": 1}\n \n{"a": null}\n{"a": 2}', [(1,), (2,)], [2, 5], ()),
    "a byte order mark": ("t.jsonl", b'\xef\xbb\xbf{"a": 1}\r\n{"a": 2}\r\n', [(1,), (2,)], [1, 2], ()),
    "an array in a .jsonl": ("t.jsonl", '[{"a": 1},\n {"a": 2}]', [(1,), (2,)], [1, 2], ()),
    "lines in a .json": ("t.json", '{"a": 1}\n{"a": 2}\n', [(1,), (2,)], [1, 2], ()),
    "an array": ("t.json", '[{"a": 1}, {}, {"a": 2}]', [(1,), (2,)], [1, 3], ()),
    "columns": ("t.json", '{"a": [1, 2], "b": ["x", null]}', [(1, "x"), (2, None)], [1, 2], ()),
    "pandas split": ("t.json", '{"columns": ["a", 0], "index": [7], "data": [[1, 0.5]]}', [(1, 0.5)], [1], ()),
    "pandas table": ("t.json", '{"schema": {"fields": []}, "data": [{"a": 1}]}', [(1,)], [1], ()),
    "one object": ("t.json", '{"a": 1, "b": [1, 2]}', [(1, [1.0, 2.0])], [1], ()),
    "a key twice": ("t.jsonl", '{"a": 0}\n{"a": 1, "a": 2}\n', [(0,), (2,)], [1, 2],
                    ('Line 2: the key "a" occurs twice in an object; the last value counts.',)),
    "half a pair": ("t.jsonl", '{"a": "x\\ud83d"}\n{"a": "\\ud83d\\ude00"}\n', [("x\ufffd",), ("\U0001f600",)], [1, 2],
                    ("Line 1: half a surrogate pair, which is no character, was replaced by \ufffd.",)),
    "objects in one line": ("t.jsonl", '{"a": 1}{"a": 2}, {"a": 3}\n{"a": 4}', [(1,), (2,), (3,), (4,)], [1, 2, 3, 4], (AFTER,)),
    "objects over lines": ("t.jsonl", '{"a":\n 1\n}\n\n{\n"a": 2}\n', [(1,), (2,)], [1, 2], (AFTER,)),
    "objects over lines of a .json": ("t.json", '{"a":\n 1\n}\n{"a": 2}\n', [(1,), (2,)], [1, 2], (AFTER,)),
    "commas behind lines": ("t.jsonl", '{"a": 1},\n{"a": 2},\n', [(1,), (2,)], [1, 2], (AFTER,)),
    "a line separator": ("t.jsonl", '{"a": "x\u2028y"}\n', [("x\u2028y",)], [1], ()),
}  # fmt: skip


@pytest.mark.parametrize("what", READ)
def test_shapes_that_are_read(tmp_path: Path, what: str) -> None:
    name, content, rows, numbers, notes = READ[what]
    table = read(tmp_path, content, name)
    assert (table.frame.rows(), table.row_numbers.tolist(), table.notes) == (rows, numbers, notes)
    assert not table.textual


VALUES: list[tuple[list[Any], Any, list[Any]]] = [
    ([1, None, 2], pl.Int64, [1, None, 2]),
    ([1, 0.5], pl.Float64, [1.0, 0.5]),
    ([True, False], pl.Boolean, [True, False]),
    ([1, "x", True, [1, "\u00e9"], {"k": None}, None], pl.String, ["1", "x", "true", '[1, "\u00e9"]', '{"k": null}', None]),
    ([2**63], pl.UInt64, [2**63]),
    ([2**64, 1], pl.String, ["18446744073709551616", "1"]),
    ([[1, 2], [0.5, None], None, []], pl.List(pl.Float64), [[1.0, 2.0], [0.5, None], None, []]),
    ([["x"], []], pl.List(pl.String), [["x"], []]),
    ([[1, "x"]], pl.List(pl.String), [["1", "x"]]),
    ([{"p": 1}, {"q": "x"}, None], pl.Struct({"p": pl.Int64, "q": pl.String}),
     [{"p": 1, "q": None}, {"p": None, "q": "x"}, None]),
    ([[{"l": "x", "s": 1}, {"l": "y", "s": 0.5}]], pl.List(pl.Struct({"l": pl.String, "s": pl.Float64})),
     [[{"l": "x", "s": 1.0}, {"l": "y", "s": 0.5}]]),
    ([{}], pl.String, ["{}"]),
]  # fmt: skip


@pytest.mark.parametrize(("values", "kind", "cells"), VALUES)
def test_types_stay_where_a_column_has_one(tmp_path: Path, values: list[Any], kind: Any, cells: list[Any]) -> None:
    rows = [{"row": row, "a": value} for row, value in enumerate(values)]
    for name, content in (("t.json", json.dumps(rows)), ("t.jsonl", "\n".join(map(json.dumps, rows)))):
        column = read(tmp_path, content, name).frame["a"]
        assert column.dtype == kind
        assert column.to_list() == cells


def test_nan_and_infinity_are_numbers(tmp_path: Path) -> None:
    values = read(tmp_path, '{"a": NaN}\n{"a": -Infinity}\n{"a": 1}\n', "t.jsonl").frame["a"].to_list()
    assert math.isnan(values[0])
    assert values[1:] == [-math.inf, 1.0]


REFUSED = {
    "a broken line": ("t.jsonl", '{"a": 1}\n\n{"a":}\n', f", line 3: not valid JSON; see character 6, {MISSING}. {LINE}"),
    "a line cut off": ("t.jsonl", '{"a": 1}\n{"a": ', f", line 2: not valid JSON; the line ends too early. {LINE}"),
    "no object": ("t.jsonl", '["a", "x"]\n',
                  ', line 1: not a JSON object. Each line is one, as {"text": \u2026, "label": \u2026}.'),
    "a broken array": ("t.json", '[{"a": 1},\n{"a":}]', f", line 2: not valid JSON; see character 6, {MISSING}. "
                       "Write or fetch the file again."),
    "an array cut off": ("t.json", '[{"a": 1},\n', ", line 2: not valid JSON; the file ends too early. "
                         "Write or fetch the file again."),
    "an array of numbers": ("t.json", "[1, 2]",
                            ': item 1 of the array is not an object, such as {"text": \u2026, "label": \u2026}.'),
    "one value": ("t.json", '"x"', ": the JSON is one value, not a table. Give an array of objects."),
    "an object of objects": ("t.json", '{"a": {"0": 1}, "b": {"0": 2}}',
                             ": the JSON is an object of objects, so that rows and columns cannot be told apart. "
                             'Write an array of objects. With pandas: to_json(path, orient="records").'),
    "columns of different lengths": ("t.json", '{"a": [1], "b": [1, 2]}',
                                     ': the column "a" has 1 values, but "b" has 2. Give all columns the same number '
                                     "of values."),
    "split with a short row": ("t.json", '{"columns": ["a", "b"], "data": [[1, 2], [3]]}',
                               ': row 2 of "data" has 1 values, but "columns" has 2 names.'),
    "too deep": ("t.jsonl", "[" * 100_000, ", line 1: the JSON is nested too deeply."),
    "too many digits": ("t.jsonl", '{"a": ' + "1" * 5_000 + "}", ", line 1: a number has more than 4,300 digits."),
    "no rows": ("t.json", "[]", ": the file has no rows."),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refusals(tmp_path: Path, what: str) -> None:
    name, content, message = REFUSED[what]
    with pytest.raises(InputError) as caught:
        read(tmp_path, content, name)
    assert str(caught.value) == f"{tmp_path}/{name}{message}"


CAUSES = {
    "{'a': 1}": "see character 2, where single quotes stand instead of double ones",
    '{"a": None}': "see character 7, where one of Python's words stands: JSON writes null, true and false",
    '{"a": 1,}': f"see character {8 if sys.version_info >= (3, 13) else 9}, {MISSING}",
    '{"a": 1} x': "see character 10, where more follows",
    '{"a": "x\ty"}': "see character 9, where a text holds a line break or a tab, which JSON writes as \\n or \\t",
    '{"a": "C:\\d"}': "see character 10, where a backslash escapes nothing: write it twice",
    '{"a": "x}': "see character 7, where a text begins that never ends",
    '{"a": "6" long"}': "see character 11, where a comma is missing",
    '{"a" 1}': "see character 6, where a colon is missing",
    "text": "see character 1",
}


@pytest.mark.parametrize("line", CAUSES)
def test_the_cause_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, f'{{"a": 1}}\n{line}\n', "t.jsonl")
    assert str(caught.value) == f"{tmp_path}/t.jsonl, line 2: not valid JSON; {CAUSES[line]}. {LINE}"
