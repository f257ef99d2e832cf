"""Exact duplicates: texts that are equal but for case, markup, punctuation and white space; equal image files."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

MARKUP = r"<[^>]{1,40}>"
# Letters, the marks that belong to them (without which some scripts lose their vowels), numbers, and pictures.
NO_WORD = r"[^\p{L}\p{M}\p{N}\p{So}]+"


def content_keys(rows: pl.DataFrame) -> pl.Series:
    """A series `key`; two rows are duplicates where their keys are equal."""
    return text_keys(rows["text"]) if "text" in rows.columns else rows["sha256"].alias("key")


def text_keys(texts: pl.Series) -> pl.Series:
    """A series `key`: the normalised texts; two texts are duplicates where their keys are equal.

    A text of nothing but markup and punctuation keeps its own characters as key.
    """
    spaced = texts.str.to_lowercase().str.replace_all(MARKUP, " ").str.replace_all(NO_WORD, " ")
    bare = spaced.str.strip_chars()
    return pl.select(pl.when(bare != "").then(bare).otherwise(texts)).to_series().alias("key")


def later_copies(keys: pl.Series) -> int:
    """How many rows repeat the key of an earlier one."""
    return len(keys) - keys.n_unique()


def stay_together(rows: pl.DataFrame, columns: list[str]) -> NDArray[np.int64]:
    """A number for each row, shape (N,), equal for rows that share a value in any of `columns`, also in a chain.

    Copies of a text tie the groups that they stand in together: only so do both stay on one side of a split.
    """
    if not columns:
        return np.arange(rows.height, dtype=np.int64)
    frame = rows.select(columns).with_row_index("unit")
    while True:
        before = frame["unit"]
        for column in columns:
            frame = frame.with_columns(pl.col("unit").min().over(column))
        if len(columns) == 1 or frame["unit"].equals(before):
            return (frame["unit"].rank("dense").to_numpy() - 1).astype(np.int64)
