"""One's own texts: CSV, TSV, JSONL or Parquet with a text and a label column."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from classmark.data.source import Source
from classmark.errors import InputError, nearest
from classmark.recipes.schema import Data

SCALARS = (pl.String, pl.Boolean, *pl.datatypes.group.NUMERIC_DTYPES, pl.Date, pl.Datetime, pl.Categorical)


def read_tables(data: Data) -> Source:
    """The rows of `data.path`, and those of `data.test_path` as the test set where it is given.

    Raises:
        InputError: a file or a column is missing, or a file cannot be read.
    """
    if data.path is None:
        raise InputError("data.path: this recipe reads your own table. Say which: data.path=reviews.csv")
    train = _examples(Path(data.path), data, "")
    test = _examples(Path(data.test_path), data, "test-") if data.test_path else None
    return Source(data.path, train, test)


def read_table(path: Path) -> pl.DataFrame:
    """A CSV, TSV, JSONL (or NDJSON) or Parquet file as it is.

    Raises:
        InputError: it is missing, empty, not UTF-8, malformed, or of another kind.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty.")
    ending = path.suffix.lower()
    if ending not in (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"):
        raise InputError(f'{path}: files ending in "{ending}" are not read. Give a .csv, .tsv, .jsonl or .parquet file.')
    if ending != ".parquet":
        _check_utf8(path)
    try:
        match ending:
            case ".parquet":
                frame = pl.read_parquet(path)
            case ".jsonl" | ".ndjson":
                frame = pl.read_ndjson(path, infer_schema_length=None)
            case _:
                separator = "\t" if ending == ".tsv" else ","
                frame = pl.read_csv(path, infer_schema_length=None, separator=separator)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path}: cannot be read as {ending[1:]} ({str(error).splitlines()[0]}).") from None
    if frame.height == 0:
        raise InputError(f"{path}: the file has no rows.")
    return frame


def _check_utf8(path: Path) -> None:
    row = 1
    with path.open("rb") as file:
        for row, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{path}, line {row}: byte {error.start + 1} is not valid UTF-8 (0x{line[error.start]:02x}). "
                    f"Convert the file, for instance: iconv -f WINDOWS-1252 -t UTF-8 {path.name} > utf8-{path.name}"
                ) from None


def _examples(path: Path, data: Data, prefix: str) -> pl.DataFrame:
    frame = read_table(path)
    named = [("data.text_column", data.text_column), ("data.label_column", data.label_column)]
    named += [("data.id_column", data.id_column)] if data.id_column else []
    for key, column in named:
        if column not in frame.columns:
            raise InputError(
                f'{path}: there is no column "{column}"; the columns are {", ".join(frame.columns)}.'
                f"{nearest(column, frame.columns)} Name the right one: {key}=…"
            )
    text = frame[data.text_column].cast(pl.String)
    label = frame[data.label_column].cast(pl.String).str.strip_chars()
    taken = {data.text_column, data.label_column, data.id_column, "id", "text", "label", "group", "leaked", "key", "place"}
    others = [name for name in frame.columns if name not in taken or name == data.group]
    others = [name for name in others if frame[name].dtype in SCALARS and name not in ("id", "text", "label")]
    rows = range(1, frame.height + 1)
    ids = frame[data.id_column].cast(pl.String) if data.id_column else pl.Series(_identifiers(text, prefix))
    if ids.is_duplicated().any():
        first = ids.filter(ids.is_duplicated())[0]
        raise InputError(f'{path}: data.id_column: the id "{first}" stands in more than one row. Every row needs its own.')
    places = pl.Series("place", [f"row {row}" for row in rows])
    return pl.DataFrame([ids.alias("id"), text.alias("text"), label.alias("label"), places]).hstack(frame.select(others))


def _identifiers(texts: pl.Series, prefix: str) -> list[str]:
    """Row number and content hash, so that an id tells the same example on the same file."""
    digests = (hashlib.sha256((text or "").encode()).hexdigest()[:8] for text in texts)
    return [f"{prefix}{row}-{digest}" for row, digest in enumerate(digests, start=1)]
