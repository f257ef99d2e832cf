"""One's own texts: CSV, TSV, JSONL or Parquet with a text and a label column."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from classmark.data.source import IMAGE_COLUMNS, RESERVED, Source
from classmark.errors import InputError, nearest

if TYPE_CHECKING:
    from classmark.recipes.schema import Data

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}

OwnIds = Callable[[pl.Series], list[str]]


def read_tables(data: Data) -> Source:
    """The rows of `data.path`, and those of `data.test_path` as the test set where it is given.

    Raises:
        InputError: a file or a column is missing, or a file cannot be read.
    """
    if data.path is None:
        raise InputError("data.path: this recipe reads a table of yours. Say which: data.path=reviews.csv")
    train = read_examples(Path(data.path), data, "text", _identifiers)
    test = read_examples(Path(data.test_path), data, "text", _identifiers) if data.test_path else None
    return Source(data.path, train, None if test is None else apart(test, data))


def read_table(path: Path, strings: Sequence[str] = ()) -> pl.DataFrame:
    """A CSV, TSV, JSONL (or NDJSON) or Parquet file as it is.

    Args:
        path: of the file.
        strings: columns of a CSV or TSV that are text whatever they hold: `007` is not 7.

    Raises:
        InputError: it is missing, empty, not UTF-8, malformed, or of another kind.
    """
    ending = path.suffix.lower()
    if path.is_dir():
        raise InputError(f"{path}: a folder, not a table. Give a .csv, .tsv, .jsonl or .parquet file.")
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty.")
    if ending not in ENDINGS:
        raise InputError(
            f'{path}: a file ending in "{ending}" is not read. Give a .csv, .tsv, .jsonl or .parquet file.'
        )
    if ending != ".parquet":
        _check_utf8(path)
    separator = "\t" if ending == ".tsv" else ","
    if ending in (".csv", ".tsv"):
        check_separator(path, separator)
    try:
        match ending:
            case ".parquet":
                frame = pl.read_parquet(path)
            case ".jsonl" | ".ndjson":
                frame = pl.read_ndjson(path, infer_schema_length=None)
            case _:
                kinds = dict.fromkeys([*strings, *(name.replace('"', '""') for name in strings)], pl.String)
                frame = pl.read_csv(path, infer_schema_length=None, separator=separator, schema_overrides=kinds)
                frame = frame.rename({name: name.replace('""', '"') for name in frame.columns if '""' in name})
    except (pl.exceptions.PolarsError, OSError) as error:
        fault = None if ending == ".parquet" else _first_fault(path, ending, separator)
        reason = fault or f"{path}: cannot be read as {ending[1:]} ({str(error).splitlines()[0]})."
        raise InputError(reason) from None
    if frame.height == 0:
        raise InputError(f"{path}: the file has no rows.")
    return frame


def _check_utf8(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            raise InputError(
                f"{path}: the file is UTF-16, not UTF-8. Convert it, for instance: "
                f"iconv -f UTF-16 -t UTF-8 {path.name} > utf8-{path.name}"
            )
        file.seek(0)
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{path}, line {number}: byte {error.start + 1} (0x{line[error.start]:02x}) is not valid UTF-8. "
                    f"Convert the file, for instance: iconv -f WINDOWS-1252 -t UTF-8 {path.name} > utf8-{path.name}"
                ) from None


def check_separator(path: Path, separator: str) -> None:
    """Refuse a header of one column that holds another usual separator."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline().rstrip("\r\n")
    other = next((mark for mark in (";", "\t", "|", ",") if mark in header), None)
    if other is not None and separator not in header:
        fitting = " or name it .tsv" if other == "\t" else ""
        raise InputError(
            f"{path}: the header seems to be separated by {SEPARATORS[other]}, but a {path.suffix.lower()} file is read "
            f"with {SEPARATORS[separator]}. Save it with {SEPARATORS[separator]}{fitting}."
        )


def _first_fault(path: Path, ending: str, separator: str) -> str | None:
    """What is wrong with the first malformed row, for a message that names it; None where none is found."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        if ending not in (".csv", ".tsv"):
            for number, line in enumerate(file, start=1):
                try:
                    if line.strip() and not isinstance(json.loads(line), dict):
                        return (
                            f'{path}, line {number}: not a JSON object. Each line is one, as {{"text": …, "label": …}}.'
                        )
                except ValueError as error:
                    return f"{path}, line {number}: not valid JSON ({error})."
            return None
        csv.field_size_limit(sys.maxsize)
        reader = csv.reader(file, delimiter=separator, strict=True)
        width, number = 0, -1
        try:
            for number, fields in enumerate(reader):
                width = width or len(fields)
                if len(fields) > width:
                    return (
                        f"{path}, row {number}: {len(fields)} fields, but the header has {width}. "
                        'Put a text that holds the separator in quotes: "…".'
                    )
        except csv.Error:
            return f"{path}, row {number + 1}: a quoted text does not end, or goes on after its closing quote."
    return None


def read_examples(path: Path, data: Data, kind: Literal["text", "image"], own_ids: OwnIds) -> pl.DataFrame:
    """The columns `id`, the kind's, `label` and `place` of a table, and further ones.

    Rows count from 1 without the header; blank ones are passed over.

    Args:
        path: of the table.
        data: the recipe's `data`.
        kind: what the rows hold; `data.text_column` or `data.image_column` names its column.
        own_ids: gives an id for each value of that column, where there is no `data.id_column`.

    Raises:
        InputError: the table cannot be read, lacks a column, or its ids are not unique.
    """
    content_column = data.text_column if kind == "text" else data.image_column
    named = {f"data.{kind}_column": content_column, "data.label_column": data.label_column}
    named |= {"data.id_column": data.id_column} if data.id_column else {}
    frame = read_table(path, list(named.values()))
    for key, column in named.items():
        if column not in frame.columns:
            raise InputError(
                f'{path}: there is no column "{column}"; its columns are {", ".join(frame.columns)}.'
                f"{nearest(column, frame.columns)} Name the right one: {key}=…"
            )
    scalars = [name for name in frame.columns if _is_scalar(frame[name].dtype)]
    unread = [column for column in named.values() if column not in scalars and frame[column].dtype != pl.Null]
    if unread:
        raise InputError(f'{path}: the column "{unread[0]}" holds {frame[unread[0]].dtype}, not text.')
    blank = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    taken = (RESERVED | set(named.values())) - {data.group} | {"id", "text", "label", "place"}
    taken |= IMAGE_COLUMNS | {"image"} if kind == "image" else set()
    carried = [name for name in scalars if name not in taken]
    content = frame[content_column].cast(pl.String).alias(kind)
    label = frame[data.label_column].cast(pl.String).str.strip_chars().alias("label")
    ids = frame[data.id_column].cast(pl.String) if data.id_column else pl.Series(own_ids(content))
    _check_ids(ids.filter(~blank), path, data.id_column)
    places = pl.Series("place", [f"{path}, row {row}" for row in range(1, frame.height + 1)])
    columns = [ids.alias("id"), content, label, places, *(frame[name] for name in carried)]
    return pl.DataFrame(columns).filter(~blank)


def apart(test: pl.DataFrame, data: Data) -> pl.DataFrame:
    """Test rows with ids that training rows do not have, where the ids are not the table's own."""
    return test if data.id_column else test.with_columns(id="test-" + pl.col("id"))


def _is_scalar(kind: pl.DataType) -> bool:
    return kind.is_numeric() or kind.is_temporal() or kind in (pl.String, pl.Boolean, pl.Categorical, pl.Enum)


def _check_ids(ids: pl.Series, path: Path, column: str | None) -> None:
    if ids.null_count():
        raise InputError(f'{path}: data.id_column: {ids.null_count():,} rows have no "{column}". Every row needs one.')
    repeated = ids.is_duplicated()
    if repeated.any():
        raise InputError(
            f'{path}: data.id_column: the id "{ids.filter(repeated)[0]}" stands in more than one row. '
            "Every row needs its own."
        )


def _identifiers(texts: pl.Series) -> list[str]:
    """Row number and content hash, so that an id tells the same example on the same file."""
    digests = (hashlib.sha256((text or "").encode()).hexdigest()[:8] for text in texts)
    return [f"{row}-{digest}" for row, digest in enumerate(digests, start=1)]
