"""The folds of a cross-validation: one of them is the test set of a run, the others are what it trains on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.data.duplicates import content_keys, stay_together
from classmark.data.splits import TRAIN, assign_parts, split_seed
from classmark.errors import InputError
from classmark.recipes.schema import Data


def with_fold(parts: Mapping[str, pl.DataFrame], data: Data, seed: int, name: str) -> dict[str, pl.DataFrame]:
    """The parts of a source with fold `data.fold` of the training rows as the test set; one of its own is left aside.

    Args:
        parts: `train`, and where there are such rows `validation` and `test`.
        data: the recipe's `data`, with `folds` and `fold`.
        seed: fixes the folds where `data` has no seed for it; it is the same in all folds of a repetition.
        name: of the data, for messages.

    Raises:
        InputError: there are fewer rows of a class, or fewer groups, than folds.
    """
    assert data.folds is not None
    assert data.fold is not None
    rows = parts["train"]
    repeat, place = divmod(data.fold - 1, data.folds)
    drawn = np.random.SeedSequence((split_seed(data, seed), repeat)).generate_state(1)
    here = fold_numbers(rows, data.folds, int(drawn[0]), name) == place + 1
    kept = {part: frame for part, frame in parts.items() if part != "test"}
    return {**kept, "train": rows.filter(~here), "test": rows.filter(here)}


def fold_numbers(rows: pl.DataFrame, folds: int, seed: int, name: str) -> NDArray[np.int64]:
    """The fold of each row, from 1, shape (N,): of about equal sizes, by class where there are no groups.

    Whole groups and all copies of a text or an image file are in one fold.

    Raises:
        InputError: there are fewer rows of a class, or fewer groups, than folds.
    """
    keyed = rows.with_columns(content_keys(rows))
    groups = ["group"] if "group" in rows.columns else []
    units = stay_together(keyed, [*groups, "key"])
    for label, count in rows["label"].value_counts().sort("label").iter_rows():
        if count < folds:
            raise InputError(
                f'{name}: the class "{label}" has {count} rows, too few for {folds} folds.', "Use fewer folds."
            )
    share = rows.height / folds
    ends = [round(share * number) for number in range(folds + 1)]
    counts = {number: ends[number] - ends[number - 1] for number in range(1, folds)}
    assigned = assign_parts(keyed, units, counts, seed)
    numbers: NDArray[np.int64] = np.where(assigned == TRAIN, folds, assigned)
    if len(np.unique(numbers)) < folds:
        raise InputError(
            f"{name}: too many of its rows have to stay together (data.group, copies): a fold of {folds} is left without rows.",
            "Use fewer folds.",
        )
    return numbers
