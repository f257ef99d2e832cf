"""Texts and images that a program holds in memory, one label each."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from classmark.data.images.files import ImageFiles
from classmark.data.sources.source import Source
from classmark.data.sources.table import row_ids

NAME = "the given rows"


def text_source(texts: Sequence[str], labels: Sequence[str]) -> Source:
    """The rows of N texts; ids are made as for a table."""
    content = pl.Series("text", texts, dtype=pl.String)
    return Source(NAME, pl.DataFrame([pl.Series("id", row_ids(content)), content, *_others(labels)]))


def image_source(files: ImageFiles, labels: Sequence[str]) -> Source:
    """The rows of N images; the ids are their numbers."""
    numbers = range(len(files))
    columns = [
        pl.Series("id", [f"image-{number + 1}" for number in numbers], dtype=pl.String),
        pl.Series("path", files.names, dtype=pl.String),
        pl.Series("row", numbers, dtype=pl.Int64),
    ]
    return Source(NAME, pl.DataFrame([*columns, *_others(labels)]), files=files)


def _others(labels: Sequence[str]) -> list[pl.Series]:
    places = [f"row {number}" for number in range(1, len(labels) + 1)]
    return [pl.Series("label", labels, dtype=pl.String), pl.Series("place", places, dtype=pl.String)]
