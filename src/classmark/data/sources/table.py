"""One's own texts: CSV, TSV, JSONL or Parquet with a text and a label column."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import polars as pl

from classmark.data.sources.examples import read_parts
from classmark.data.sources.source import TEST, TRAIN, VALIDATION, Source
from classmark.errors import InputError
from classmark.tables import KNOWN_ENDINGS

if TYPE_CHECKING:
    from classmark.recipes.schema import Data

ENDINGS = (*(ending for ending in KNOWN_ENDINGS if ending != ".txt"), ".gz", ".zst")


def read_tables(data: Data) -> Source:
    """The rows of `data.path`, and as validation and test set those that `read_parts` finds.

    Raises:
        InputError: a file or a column is missing, or a file cannot be read.
    """
    if data.path is None:
        raise InputError("data.path: this recipe reads a table of yours. Say which: data.path=reviews.csv")
    parts = read_parts(data, "text", row_ids)
    return Source(
        data.path,
        parts.frames[TRAIN],
        parts.frames.get(TEST),
        validation=parts.frames.get(VALIDATION),
        paths=parts.paths,
        notes=parts.notes,
    )


def row_ids(texts: pl.Series) -> list[str]:
    """Row number and content hash, so that an id tells the same example on the same file."""
    digests = (hashlib.sha256((text or "").encode()).hexdigest()[:8] for text in texts)
    return [f"{row}-{digest}" for row, digest in enumerate(digests, start=1)]
