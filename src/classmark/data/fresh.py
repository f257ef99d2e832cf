"""Validation rows that are put aside: what is chosen on the others is looked at on these."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from classmark.data.duplicates import content_keys, stay_together
from classmark.data.splits import TRAIN, VALIDATION, Splits, assign_parts, split_seed
from classmark.errors import InputError, Key
from classmark.recipes.schema import Data

FRESH = "fresh"


def with_fresh(splits: Splits, data: Data, seed: int, name: str) -> Splits:
    """The splits with `data.fresh` of the validation rows in the place of the test rows, which are left out.

    Rows are drawn by class; whole groups and all copies of a text or an image file are on one side.

    Args:
        splits: of the recipe without `data.fresh`.
        data: the recipe's `data`.
        seed: fixes which rows, where `data` has no seed for it.
        name: of the data, for messages.

    Raises:
        InputError: there are too few validation rows, or too many of them have to stay together.
    """
    assert data.fresh is not None
    rows = splits.frames["validation"].with_columns(content_keys(splits.frames["validation"]))
    count, classes = round(data.fresh * rows.height), rows["label"].n_unique()
    if min(count, rows.height - count) < classes:
        raise InputError(
            f"{name}: {data.fresh:g} of its {rows.height:,} validation rows are to be put aside; both sides need one row or "
            f"more for each of the {classes} classes.",
            ("Hold back more rows, with ", Key("data.validation"), "."),
        )
    units = stay_together(rows, [*(["group"] if "group" in rows.columns else []), "key"])
    sides = assign_parts(rows, units, {VALIDATION: count}, split_seed(data, seed))
    kept, fresh = (rows.filter(sides == side).drop("key") for side in (TRAIN, VALIDATION))
    if not min(kept.height, fresh.height):
        raise InputError(
            f"{name}: too many of its validation rows have to stay together (data.group, copies), so that none can be put "
            "aside.",
            ("Hold back more rows, with ", Key("data.validation"), "."),
        )
    if "leaked" not in fresh.columns:
        fresh = fresh.with_columns(pl.lit(False).alias("leaked"))
    return replace(splits, frames={**splits.frames, "validation": kept, "test": fresh})


def named_fresh(description: dict[str, Any]) -> dict[str, Any]:
    """What `data.json` says of such splits: the rows that were put aside are called so."""
    renamed = {
        key: {FRESH if split == "test" else split: value for split, value in description[key].items()}
        for key in ("splits", "class_counts")
    }
    return {**description, **renamed}
