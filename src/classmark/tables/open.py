"""The one way into this package: a path or standard input, and what its name and content say it is."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePath

from classmark.errors import InputError
from classmark.tables.columnar import ARROW, FEATHER_1, PARQUET, read_arrow, read_parquet
from classmark.tables.compressed import unpacked
from classmark.tables.contents import Content, check_readable, file_bytes, is_stream, standard_input
from classmark.tables.delimited import read_delimited
from classmark.tables.excel import read_excel
from classmark.tables.folders import read_folder
from classmark.tables.json_tables import read_json
from classmark.tables.kinds import check_kind
from classmark.tables.npz import read_npz
from classmark.tables.table_file import TableFile
from classmark.tables.text import check_is_data

DELIMITED, JSON_LINES, JSON = (".csv", ".tsv", ".txt"), (".jsonl", ".ndjson"), (".json",)
ARROW_ENDINGS, EXCEL = (".feather", ".arrow", ".ipc"), (".xlsx", ".xls", ".ods")
KNOWN_ENDINGS = (*DELIMITED, *JSON_LINES, *JSON, ".parquet", *ARROW_ENDINGS, ".npz", *EXCEL)
COMPRESSED = (".gz", ".zst")
READ = "Give a .csv, .tsv, .jsonl, .json, .parquet, .feather, .npz or .xlsx file; texts may be compressed (.csv.gz, .csv.zst)."
JSON_OBJECT = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*"[^"\n]*"\s*:')
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_table_file(path: Path | str, *, quotes: bool = True) -> TableFile:
    """The table in a file, in a folder of parts, or for `-` in standard input.

    Args:
        path: of the file or folder.
        quotes: whether quotes in a CSV or TSV enclose a cell; else they are ordinary characters.

    Raises:
        InputError: it cannot be read as a table; the message says what is wrong and where.
        MissingExtraError: its format needs an optional package.
    """
    table = (
        read_content(replace(standard_input(), quotes=quotes)) if str(path) == "-" else _read_path(Path(path), quotes)
    )
    if not table.frame.height:
        what = "folder" if str(path) != "-" and Path(path).is_dir() else "file"
        raise InputError(f"{table.source}: the {what} has no rows.")
    return table


def _read_path(path: Path, quotes: bool) -> TableFile:
    status = check_readable(path)
    if path.is_dir():
        return read_folder(path, str(path), ending_of, partial(read_file, quotes=quotes))
    if is_stream(status):
        return read_content(Content(str(path), "", file_bytes(path), quotes=quotes))
    return read_file(path, quotes=quotes)


def read_file(path: Path, *, quotes: bool = True) -> TableFile:
    """The table in a regular file; it may have no rows.

    Raises:
        InputError: it cannot be read as a table.
    """
    start = file_bytes(path, 8)
    if not start:
        raise InputError(f"{path}: the file is empty.")
    ending = ending_of(path.name)
    if ending not in KNOWN_ENDINGS:
        what = f'a file ending in "{path.suffix}"' if path.suffix else "a file without an ending"
        raise InputError(f"{path}: {what} is not read.", READ)
    if start.startswith(PARQUET) and path.suffix.lower() not in COMPRESSED:
        return _noted(read_parquet(str(path), path), ending, "Parquet", (".parquet",))
    return read_content(Content(str(path), path.name, file_bytes(path), quotes=quotes))


def ending_of(name: str) -> str:
    """The ending that tells the format: `.csv` of `reviews.CSV.gz`."""
    lowered = PurePath(name.lower())
    return (PurePath(lowered.stem) if lowered.suffix in COMPRESSED else lowered).suffix


def read_content(content: Content) -> TableFile:
    """The table in these bytes; it may have no rows.

    Raises:
        InputError: they are no table.
    """
    if not content.data:
        raise InputError(f"{content.source}: the file is empty.")
    content = unpacked(content)
    check_is_data(content.source, content.data)
    check_kind(content.source, content.data)
    source, data, ending = content.source, content.data, ending_of(content.name)
    if data.startswith((ARROW, FEATHER_1)) or (ending in ARROW_ENDINGS and not data.startswith(PARQUET)):
        return _noted(read_arrow(source, data), ending, "Arrow", ARROW_ENDINGS)
    if data.startswith(PARQUET) or ending == ".parquet":
        return _noted(read_parquet(source, data), ending, "Parquet", (".parquet",))
    if data.startswith((ZIP, OLE)) or ending in (".npz", *EXCEL):
        if (_zip_holds(source, data) if data.startswith(ZIP) else ending) == ".npz":
            return _noted(read_npz(source, data), ending, "a numpy archive", (".npz",))
        return _noted(read_excel(source, data), ending, "a workbook", EXCEL)
    if ending in (*JSON_LINES, *JSON):
        return read_json(content, lines=ending in JSON_LINES)
    if not ending and data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
        return read_json(content, lines=False)
    if JSON_OBJECT.match(data):
        try:
            return _noted(read_json(content, lines=True), ending, "JSON", (*JSON_LINES, *JSON))
        except InputError:
            pass  # a table whose header begins like that
    return read_delimited(content, ending)


def _noted(table: TableFile, ending: str, what: str, endings: tuple[str, ...]) -> TableFile:
    """The table with a note where its content is not what its name says."""
    if not ending or ending in endings:
        return table
    note = f"The name ends in {ending}, but the content is {what}, and is read as that."
    return TableFile(table.source, table.frame, table.row_numbers, False, (note, *table.notes), table.repeated)


def _zip_holds(source: str, data: bytes) -> str:
    """`.npz` or `.xlsx`, whatever a zip with such content is called."""
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise InputError(
            f"{source}: the zip data is damaged or ends too early.", "Write or fetch the file again."
        ) from None
    if names and all(name.endswith(".npy") for name in names):
        return ".npz"
    if "[Content_Types].xml" in names or "mimetype" in names:
        return ".xlsx"
    first = names[0] if names else "nothing"
    raise InputError(f"{source}: it is a zip archive that holds {first}.", "Unpack it and give the table inside.")
