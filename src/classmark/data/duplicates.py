"""Exact duplicates: texts that are equal once case, markup, punctuation and white space are out of the way."""

from __future__ import annotations

import polars as pl


def text_keys(texts: pl.Series) -> pl.Series:
    """A series `key`: the normalised texts; two texts are duplicates where their keys are equal.

    A text of nothing but markup and punctuation keeps its own characters as key.
    """
    words = texts.str.to_lowercase().str.replace_all(r"<[^>]{1,40}>", " ").str.replace_all(r"[^\p{L}\p{N}]+", " ")
    bare = words.str.strip_chars()
    return pl.select(pl.when(bare != "").then(bare).otherwise(texts)).to_series().alias("key")
