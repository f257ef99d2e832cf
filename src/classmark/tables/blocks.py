"""A table file in blocks of rows, for files larger than memory: together they are the rows of `read_table_file`."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

import polars as pl

from classmark.errors import InputError
from classmark.tables.columnar import ARROW, PARQUET, parquet_blocks
from classmark.tables.compressed import GZIP, ZSTANDARD
from classmark.tables.contents import Content, check_readable, file_bytes, is_stream, unreadable
from classmark.tables.delimited import Part, cells_table, read_body, unused_character
from classmark.tables.fields import whole_fields
from classmark.tables.json_tables import read_json_lines
from classmark.tables.kinds import START_BYTES, check_kind
from classmark.tables.layout import SAMPLE_CHARACTERS, find_layout
from classmark.tables.open import (
    COMPRESSED,
    JSON_LINES,
    JSON_OBJECT,
    KNOWN_ENDINGS,
    OLE,
    ZIP,
    ending_of,
    read_table_file,
)
from classmark.tables.quotes import quotes_of
from classmark.tables.regular import outside_quotes
from classmark.tables.table_file import TableFile
from classmark.tables.text import UTF16, check_is_data, check_nul, utf8

BLOCK_BYTES = 16 << 20
PARQUET_ROWS = 16_384
MARK = b"\xef\xbb\xbf"
BLOCKWISE = (".csv", ".tsv", *JSON_LINES)
# Columns of JSON lines whose values have one spelling, whatever later blocks hold.
SPELT_ALIKE = (pl.Null, pl.String, pl.Int64)
OTHER_CONTENT = (GZIP, ZSTANDARD, ARROW, ZIP, OLE, *UTF16)


def read_table_blocks(
    path: Path | str, texts: Collection[str] = (), *, quotes: bool = True, block_bytes: int | None = None
) -> Iterator[TableFile]:
    """The rows of a table file in blocks, in their order; each has some.

    A large Parquet, CSV, TSV or JSONL file comes in blocks of about `block_bytes`, anything else as one. Row numbers go on
    from block to block.

    Args:
        path: of the file, of a folder of parts, or `-` for standard input.
        texts: columns that are read as texts, whose type must not depend on the block.
        quotes: whether quotes in a CSV or TSV enclose a cell; else they are ordinary characters.
        block_bytes: a file of at most this size is read at once; None for 16 MiB.

    Raises:
        InputError: it cannot be read as a table; the message says what is wrong and where.
        MissingExtraError: its format needs an optional package.
    """
    block_bytes = block_bytes or BLOCK_BYTES
    kind = "" if str(path) == "-" else _kind(Path(path), block_bytes)
    blocks: Iterator[TableFile] = iter(())
    if kind == ".parquet":
        blocks = parquet_blocks(str(path), Path(path), PARQUET_ROWS)
    elif kind in JSON_LINES:
        blocks = _line_blocks(Path(path), texts, block_bytes)
    elif kind:
        blocks = _delimited_blocks(Path(path), kind, block_bytes, quotes)
    blocks = (block for block in blocks if block.frame.height)
    first = next(blocks, None)
    if first is None:
        yield read_table_file(path, quotes=quotes)  # or says what is wrong
        return
    yield first
    yield from blocks


def _kind(path: Path, block_bytes: int) -> str:
    """The ending of what is read in blocks; empty for everything else."""
    status = check_readable(path)
    if path.is_dir() or is_stream(status) or status.st_size <= block_bytes:
        return ""
    start, ending = file_bytes(path, START_BYTES), ending_of(path.name)
    if path.suffix.lower() in COMPRESSED or ending not in KNOWN_ENDINGS:
        return ""
    check_is_data(str(path), start)
    check_kind(str(path), start)
    if start.startswith(PARQUET):
        return ".parquet"
    if start.startswith(OTHER_CONTENT) or (ending not in JSON_LINES and JSON_OBJECT.match(start)):
        return ""
    return ending if ending in BLOCKWISE else ""


class _Block(NamedTuple):
    """Whole rows as they are written, how many they are, blank ones too, and whether only blank ones follow."""

    text: str
    rows: int
    is_last: bool


def _blocks(path: Path, start: int, block_bytes: int, separator: str = "") -> Iterator[_Block]:
    """The text from a byte on, in blocks that end with a line, and with a row if there is a separator."""
    try:
        with path.open("rb") as file:
            lines = file.read(start).count(b"\n")
            while text := _text(file, path, block_bytes, lines):
                rows, is_open = _counted(text, separator)
                size = block_bytes
                while is_open and (more := _text(file, path, size, lines + text.count("\n"))):
                    text, size = text + more, 2 * size
                    rows, is_open = _counted(text, separator)
                lines += text.count("\n")
                yield _Block(text, rows, _is_blank_from_here(file))
    except OSError as error:
        raise unreadable(path, error) from None


def _is_blank_from_here(file: BufferedReader) -> bool:
    here = file.tell()
    try:
        while data := file.read(io.DEFAULT_BUFFER_SIZE):
            if not data.isspace():
                return False
        return True
    finally:
        file.seek(here)


def _text(file: BufferedReader, path: Path, block_bytes: int, lines_before: int) -> str:
    """The next lines, about so many bytes; empty at the end of the file."""
    data = file.read(block_bytes)
    data += file.readline() if data and not data.endswith(b"\n") else b""
    text = utf8(Content(str(path), path.name, data), lines_before)
    check_nul(str(path), text, lines_before)
    return text


def _counted(text: str, separator: str) -> tuple[int, bool]:
    """How many rows a text has that begins with one, and whether a quote is open at its end."""
    plain = '"' not in text or not separator
    if not plain and "\r" not in text and separator.isascii():
        plain = outside_quotes(text.encode(), ord(separator)) is not None
    if plain and "\r" not in text:
        return text.count("\n") + (not text.endswith("\n")), False
    lines = list(io.StringIO(text, newline=""))
    if plain:
        return len(lines), False
    rows = first = line = 0
    with whole_fields():
        reader = csv.reader(lines, delimiter=separator)
        for _ in reader:
            rows, first, line = rows + 1, line, reader.line_num
    return rows, not quotes_of("".join(lines[first:]), separator).closed


def _delimited_blocks(path: Path, ending: str, block_bytes: int, quotes: bool) -> Iterator[TableFile]:
    sample = file_bytes(path, 4 * SAMPLE_CHARACTERS + 4)  # more characters than a layout looks at
    start = len(MARK) if sample.startswith(MARK) else 0
    text = sample[start:].decode("utf-8", "replace")
    layout = find_layout(text if quotes else text.replace('"', unused_character(text)), str(path), ending)
    separator, header, before, has_rows = layout.separator if quotes else "", "", -1, False
    for block in _blocks(path, start + len(text[: layout.start].encode()), block_bytes, separator):
        try:
            cells = read_body(
                header + block.text, layout, str(path), Part(max(before, 0), block.is_last), quotes=quotes
            )
        except InputError:
            if has_rows:
                raise
            return  # the whole explains it, or says what is wrong
        has_rows = has_rows or cells.height > 0
        yield cells_table(cells, layout, str(path), layout.notes)
        header = header or _first_row(block.text, separator)
        before += block.rows


def _first_row(text: str, separator: str) -> str:
    lines = list(io.StringIO(text, newline=""))
    if not separator:
        return lines[0]
    with whole_fields():
        reader = csv.reader(lines, delimiter=separator)
        next(reader)
        return "".join(lines[: reader.line_num])


def _line_blocks(path: Path, texts: Collection[str], block_bytes: int) -> Iterator[TableFile]:
    before, start = 0, len(MARK) if file_bytes(path, len(MARK)) == MARK else 0
    for block in _blocks(path, start, block_bytes):
        if not before and block.text.lstrip().startswith("["):
            return
        try:
            table = read_json_lines(block.text, str(path), before, texts if before else ())
        except InputError:
            if before:
                raise
            return  # the whole has objects of several lines, or says what is wrong
        if not before and any(table.frame.schema.get(name, pl.Null) not in SPELT_ALIKE for name in texts):
            return
        before += block.rows
        yield table
