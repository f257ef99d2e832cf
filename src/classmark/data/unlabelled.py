"""Texts without a label: where they come from in a table, and which of them may be trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from classmark.data.duplicates import text_keys
from classmark.data.rows import text_faults
from classmark.data.sources.source import TEST, TRAIN, VALIDATION, Source
from classmark.errors import InputError


def labels_missing_set_apart(source: Source) -> Source:
    """The source with the training rows that have a text and no label as its unlabelled texts.

    Raises:
        InputError: every row has a label.
    """
    rows = source.train
    alone = rows["label"].is_null() & text_faults(rows["text"]).is_null()
    if not alone.any():
        raise InputError(
            f"data.unlabelled: {source.path(TRAIN)} has no row with a text and without a label. Leave data.unlabelled out."
        )
    return replace(source, train=rows.filter(~alone), unlabelled=rows.filter(alone)["text"])


def without_judged_texts(texts: pl.Series, frames: Mapping[str, pl.DataFrame]) -> pl.Series:
    """The texts that are no copy of a validation or test text."""
    judged = pl.concat([frames[name]["text"] for name in (VALIDATION, TEST)])
    return texts.filter(~text_keys(texts).is_in(text_keys(judged).unique().implode()))
