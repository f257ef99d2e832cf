"""One's own texts: CSV, TSV, JSONL or Parquet with a text and a label column."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from classmark.data.sources.examples import read_parts
from classmark.data.sources.source import TEST, TRAIN, VALIDATION, Source
from classmark.data.sources.typed import inferred
from classmark.errors import InputError
from classmark.tables import KNOWN_ENDINGS, TableFile, read_table_file

if TYPE_CHECKING:
    from classmark.recipes.schema import Data

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
ENDINGS = (*(ending for ending in KNOWN_ENDINGS if ending != ".txt"), ".gz", ".zst")


def read_tables(data: Data) -> Source:
    """The rows of `data.path`, and as validation and test set those that `read_parts` finds.

    Raises:
        InputError: a file or a column is missing, or a file cannot be read.
    """
    if data.path is None:
        raise InputError("data.path: this recipe reads a table of yours. Say which: data.path=reviews.csv")
    parts = read_parts(data, "text", _identifiers)
    return Source(
        data.path,
        parts.frames[TRAIN],
        parts.frames.get(TEST),
        validation=parts.frames.get(VALIDATION),
        paths=parts.paths,
        notes=parts.notes,
    )


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


def _identifiers(texts: pl.Series) -> list[str]:
    """Row number and content hash, so that an id tells the same example on the same file."""
    digests = (hashlib.sha256((text or "").encode()).hexdigest()[:8] for text in texts)
    return [f"{row}-{digest}" for row, digest in enumerate(digests, start=1)]
