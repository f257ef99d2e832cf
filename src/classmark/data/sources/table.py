"""One's own texts: CSV, TSV, JSONL or Parquet with a text and a label column."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from classmark.data.sources.source import IMAGE_COLUMNS, RESERVED, Source
from classmark.errors import InputError, Key, nearest
from classmark.tables import KNOWN_ENDINGS, TableFile, read_table_file

if TYPE_CHECKING:
    from classmark.recipes.schema import Data

ENDINGS = (*(ending for ending in KNOWN_ENDINGS if ending != ".txt"), ".gz", ".zst")

# As polars tells them; an integer may be in a column of floats.
INTEGER, BOOLEAN = r"^-?[0-9]+$", r"^(?i:true|false)$"
FLOAT = r"^(-?[0-9]+|[-+]?([0-9]*\.[0-9]+([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|[0-9]+\.|inf|NaN))$"

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
    """Any table file that `classmark.tables` reads; a blank row is a row of nulls, so that rows count as in the file.

    Args:
        path: of the file, or of a folder of parts.
        strings: columns of a CSV or TSV that are text whatever they hold: `007` is not 7.

    Raises:
        InputError: it cannot be read as a table.
        MissingExtraError: its format needs an optional package.
    """
    return _typed(read_table_file(path), strings)


def _typed(table: TableFile, strings: Sequence[str]) -> pl.DataFrame:
    """The frame with types for the columns of a CSV or TSV that are not strings, and with its blank rows."""
    frame = table.frame
    if table.textual:
        frame = frame.with_columns(inferred(frame[name]) for name in frame.columns if name not in strings)
    last = int(table.row_numbers[-1])
    if last == frame.height:
        return frame
    rows = np.full(last, -1)
    rows[table.row_numbers - 1] = np.arange(frame.height)
    indices = pl.Series(rows, dtype=pl.Int64)
    return frame.select(pl.all().gather(indices.replace(-1, None)))


def inferred(values: pl.Series) -> pl.Series:
    """Strings as Int64, Float64 or Boolean if all of them are that, else as they are, such as integers of 20 digits."""
    known = values.drop_nulls()

    def are_all(pattern: str) -> bool:
        return known.len() > 0 and bool(known.head(1).str.contains(pattern).all() and known.str.contains(pattern).all())

    if are_all(BOOLEAN):
        return values.str.to_lowercase() == "true"
    kind = pl.Int64 if are_all(INTEGER) else pl.Float64 if are_all(FLOAT) else pl.String
    typed = values.cast(kind, strict=False)
    return typed if typed.null_count() == values.null_count() else values


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
    table = read_table_file(path)
    frame = _typed(table, list(named.values()))
    for key, column in named.items():
        if column not in frame.columns:
            raise InputError(
                f'{path}: there is no column "{column}"; its columns are {", ".join(frame.columns)}.'
                f"{nearest(column, frame.columns)}",
                ("Name the right one: ", Key(key, "…")),
            )
        if column in table.repeated:
            raise InputError(f'{path}: the column "{column}" occurs more than once.', "Rename or remove all but one.")
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
        problem = f'{ids.null_count():,} rows have no "{column}".'
        raise InputError((f"{path}: ", Key("data.id_column"), f": {problem}"), "Every row needs one.")
    repeated = ids.is_duplicated()
    if repeated.any():
        raise InputError(
            (f"{path}: ", Key("data.id_column"), f': the id "{ids.filter(repeated)[0]}" stands in more than one row.'),
            "Every row needs its own.",
        )


def _identifiers(texts: pl.Series) -> list[str]:
    """Row number and content hash, so that an id tells the same example on the same file."""
    digests = (hashlib.sha256((text or "").encode()).hexdigest()[:8] for text in texts)
    return [f"{row}-{digest}" for row, digest in enumerate(digests, start=1)]
