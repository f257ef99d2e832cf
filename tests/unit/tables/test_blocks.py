"""A file in blocks gives the rows of the same file read at once, however small the blocks are."""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from classmark.errors import InputError
from classmark.tables import read_table_blocks, read_table_file
from classmark.tables.json_text import Parser

Read = tuple[list[str], list[tuple[Any, ...]], list[int]] | str
NAMES = ["text", "label"]


def at_once(path: Path, quotes: bool = True) -> Read:
    try:
        table = read_table_file(path, quotes=quotes)
    except InputError as error:
        return str(error)
    return NAMES, table.frame.select(NAMES).rows(), table.row_numbers.tolist()


def in_blocks(path: Path, size: int, quotes: bool = True) -> Read:
    try:
        blocks = list(read_table_blocks(path, ["text"], quotes=quotes, block_bytes=size))
    except InputError as error:
        return str(error)
    rows = [row for block in blocks for row in block.frame.select(NAMES).rows()]
    return NAMES, rows, [int(number) for block in blocks for number in block.row_numbers]


PIECES = ["a", "b c", '"q"', '"x, y"', '"two\nlines"', '6" long', '""', "", " ", '"say ""no"""', "é", "#", "text"]
ENDS = ["\n", "\r\n", "\n\n", "\r", " \n"]
LINES = st.lists(
    st.tuples(st.sampled_from(PIECES), st.sampled_from(PIECES), st.sampled_from(ENDS)), min_size=1, max_size=14
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=LINES, size=st.integers(1, 80), mark=st.booleans(), end=st.sampled_from(["\n", "\r\n"]), quotes=st.booleans()
)
@example(lines=[("a", '"two\nlines"', "\n\n")], size=1, mark=False, end="\n", quotes=False)
def test_odd_csv_files(
    tmp_path: Path, lines: list[tuple[str, str, str]], size: int, mark: bool, end: str, quotes: bool
) -> None:
    path = tmp_path / "t.csv"
    content = f"text,label{end}" + "".join(f"{text},{label}{line_end}" for text, label, line_end in lines)
    path.write_bytes(b"\xef\xbb\xbf" * mark + content.encode())
    assert in_blocks(path, size, quotes) == at_once(path, quotes)


FIELDS = ["a", "b", None, True, 1, 2.5, "1", {"k": 1}, "é\u2028", "[", 10**30]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.sampled_from(FIELDS), min_size=2, max_size=12), size=st.integers(1, 90), end=st.sampled_from(ENDS)
)
def test_odd_json_lines(tmp_path: Path, texts: list[Any], size: int, end: str) -> None:
    path = tmp_path / "t.jsonl"
    rows = [{"text": "first", "label": "x"}, *({"text": text, "label": "y"} for text in texts)]
    path.write_text("".join(json.dumps(row) + end for row in rows), encoding="utf-8", newline="")
    assert in_blocks(path, size) == at_once(path)


Maker = Callable[[pl.DataFrame, Path], None]
FRAME = pl.DataFrame(
    {"text": [f"text {row}" if row % 7 else None for row in range(300)], "label": ["y", "n", None] * 100}
)
MAKERS: dict[str, Maker] = {
    "t.parquet": lambda frame, path: frame.write_parquet(path, row_group_size=50),
    "t.tsv": lambda frame, path: frame.write_csv(path, separator="\t"),
    "semicolons.csv": lambda frame, path: frame.write_csv(path, separator=";"),
    "parquet.csv": lambda frame, path: frame.write_parquet(path),
    "array.jsonl": lambda frame, path: frame.write_json(path),
    "array.json": lambda frame, path: frame.write_json(path),
    "utf16.csv": lambda frame, path: path.write_bytes(frame.write_csv().encode("utf-16")) and None,
    "t.feather": lambda frame, path: frame.write_ipc(path),
    "sep.csv": lambda frame, path: path.write_text("sep=|\n" + frame.write_csv(separator="|")) and None,
    "comments.csv": lambda frame, path: path.write_text("# é\n# more\n" + frame.write_csv()) and None,
    "trailing.csv": lambda frame, path: path.write_text(frame.write_csv().replace("\n", ",\n")) and None,
    "row names.csv": lambda frame, path: path.write_text(_with_row_names(frame)) and None,
    "joined.csv": lambda frame, path: path.write_text(frame.write_csv() * 2) and None,
}


def _with_row_names(frame: pl.DataFrame) -> str:
    header, *rows = frame.write_csv().splitlines()
    return "\n".join([header, *(f"{number},{row}" for number, row in enumerate(rows, 1))]) + "\n"


@pytest.mark.parametrize("name", MAKERS)
def test_every_kind_of_table(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    MAKERS[name](FRAME, path)
    found = at_once(path)
    assert not isinstance(found, str)
    for size in (100, 1_000, 1 << 20):
        assert in_blocks(path, size) == found


def test_plain_files_come_in_several_blocks(tmp_path: Path) -> None:
    for name in ("a.csv", "a.jsonl"):
        path = tmp_path / name
        FRAME.write_csv(path) if name == "a.csv" else FRAME.write_ndjson(path)
        assert len(list(read_table_blocks(path, block_bytes=500))) > 5


def test_the_text_of_a_block_is_freed_with_its_parser() -> None:
    parser = Parser("a.jsonl", '{"text": "a"}')
    assert parser.objects(['{"text": "a"}'], [1]) == [{"text": "a"}]
    alive = weakref.ref(parser)
    del parser
    assert alive() is None  # without a search for cycles


REFUSED = {
    "a late row with more fields": ("a.csv", "text,label\n" + "a,b\n" * 50 + "a,b,c\n" + "a,b\n" * 9),
    "late fields and blank lines": ("a.csv", "text,label\n\n" + "a,b\n\n" * 50 + "a\n" + "a,b\n" * 9),
    "a short row, and a last one with an empty field too many": (
        "a.csv",
        "text,label\n" + "a,b\n" * 9 + "a\n" + "a,b,\n",
    ),
    "a late quote that never closes": ("a.csv", "text,label\n" + "a,b\n" * 50 + '"a,b\n' + "a,b\n" * 50),
    "late bytes that are no UTF-8": ("a.csv", b"text,label\n" + b"a,b\n" * 50 + b"caf\xe9,b\n" + b"a,b\n" * 9),
    "a late NUL": ("a.csv", "text,label\n" + "a,b\n" * 50 + "a\0,b\n"),
    "a late line that is no JSON": ("a.jsonl", '{"text": "a", "label": "b"}\n' * 30 + "{\n" + "{}\n" * 9),
    "only a header": ("a.csv", "text,label\n" + "\n" * 300),
    "a late web page": ("a.csv", "<html>" + "\n" * 300),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refusals_name_the_row_of_the_file(tmp_path: Path, what: str) -> None:
    name, content = REFUSED[what]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    found = at_once(tmp_path / name)
    assert isinstance(found, str)
    assert in_blocks(tmp_path / name, 60) == found
