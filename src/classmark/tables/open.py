"""The one way into this package: a path or standard input, and what its name and content say it is."""

from __future__ import annotations

from pathlib import Path, PurePath

from classmark.errors import InputError
from classmark.tables.columnar import ARROW, FEATHER_1, PARQUET, read_arrow, read_parquet
from classmark.tables.compressed import unpacked
from classmark.tables.contents import Content, check_readable, file_bytes, is_stream, standard_input
from classmark.tables.delimited import read_delimited
from classmark.tables.json_tables import read_json
from classmark.tables.table_file import TableFile
from classmark.tables.text import check_is_data

DELIMITED, JSON_LINES, JSON = (".csv", ".tsv", ".txt"), (".jsonl", ".ndjson"), (".json",)
ARROW_ENDINGS = (".feather", ".arrow", ".ipc")
KNOWN_ENDINGS = (*DELIMITED, *JSON_LINES, *JSON, ".parquet", *ARROW_ENDINGS)
READ = ".csv, .tsv, .jsonl, .json or .parquet"


def read_table_file(path: Path | str) -> TableFile:
    """The table in a file, in a folder of parts, or for `-` in standard input.

    Raises:
        InputError: it cannot be read as a table; the message says what is wrong and where.
        MissingExtraError: its format needs an optional package.
    """
    table = _read_standard_input() if str(path) == "-" else _read_path(Path(path))
    if not table.frame.height:
        raise InputError(f"{table.source}: the file has no rows.")
    return table


def _read_path(path: Path) -> TableFile:
    status = check_readable(path)
    if path.is_dir():
        raise InputError(f"{path}: a folder, not a table.", f"Give a {READ} file.")
    if is_stream(status):
        return read_content(Content(str(path), "", file_bytes(path)))
    return read_file(path, str(path))


def read_file(path: Path, source: str) -> TableFile:
    """The table in a regular file; it may have no rows.

    Raises:
        InputError: it cannot be read as a table.
    """
    ending = ending_of(path.name)
    start = file_bytes(path, 8)
    if not start:
        raise InputError(f"{source}: the file is empty.")
    if ending not in KNOWN_ENDINGS:
        raise InputError(f'{source}: a file ending in "{path.suffix}" is not read.', f"Give a {READ} file.")
    if start.startswith(PARQUET):
        return read_parquet(source, path)
    return read_content(Content(source, path.name, file_bytes(path)))


def ending_of(name: str) -> str:
    """The ending that tells the format: `.csv` of `reviews.CSV.gz`."""
    lowered = PurePath(name.lower())
    return (PurePath(lowered.stem) if lowered.suffix in (".gz", ".zst") else lowered).suffix


def _read_standard_input() -> TableFile:
    return read_content(standard_input())


def read_content(content: Content) -> TableFile:
    """The table in these bytes; it may have no rows.

    Raises:
        InputError: they are no table.
    """
    if not content.data:
        raise InputError(f"{content.source}: the file is empty.")
    content = unpacked(content)
    check_is_data(content.source, content.data)
    data, ending = content.data, ending_of(content.name)
    if data.startswith(PARQUET) or ending == ".parquet":
        return read_parquet(content.source, data)
    if data.startswith((ARROW, FEATHER_1)) or ending in ARROW_ENDINGS:
        return read_arrow(content.source, data)
    if ending in (*JSON_LINES, *JSON):
        return read_json(content, lines=ending in JSON_LINES)
    if not ending and data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
        return read_json(content, lines=False)
    return read_delimited(content, ending)
