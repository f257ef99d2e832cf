"""Train, validation and test: by class, by seed, with groups and copies of a text kept together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.data.duplicates import later_copies, stay_together, text_keys
from classmark.errors import InputError
from classmark.recipes.schema import Data

TRAIN, VALIDATION, TEST = 0, 1, 2

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Splits:
    """The split rows.

    Attributes:
        frames: `train`, `validation` and `test`; `test` has `leaked`.
        copies: how many of the rows that were split repeat an earlier one's text.
        moved: how many of those a split by row alone would have put on another side than the first.
    """

    frames: dict[str, pl.DataFrame]
    copies: int
    moved: int


def limited(training: pl.DataFrame, test: pl.DataFrame | None, limit: int, seed: int, name: str) -> list[pl.DataFrame]:
    """A sample by class of `limit` training rows and, where there are test rows, of no more of them.

    Raises:
        InputError: there are fewer training rows than that.
    """
    if limit > training.height:
        raise InputError(
            f"data.limit: {limit:,} rows, but {name} has {training.height:,} for training and validation. "
            "Ask for no more than that."
        )
    frames = [training] if test is None else [training, test]
    return [_sample(frame, min(limit, frame.height), (seed, number)) for number, frame in enumerate(frames)]


def carve(training: pl.DataFrame, test: pl.DataFrame | None, data: Data, seed: int, name: str) -> Splits:
    """The splits of the training rows; the test rows as they are where there are some.

    Raises:
        InputError: a class or the whole is too small for what is asked.
    """
    rows = training.with_columns(text_keys(training["text"]))
    _check_class_sizes(rows, 2 if test is not None else 3, name)
    groups = ["group"] if "group" in rows.columns else []
    parts = _assign(rows, stay_together(rows, [*groups, "key"]), test is None, data, seed, name)
    by_row_alone = _assign(rows, stay_together(rows, groups), test is None, data, seed, name)
    of_the_first = rows.select("key", part=by_row_alone).select(pl.col("part").first().over("key")).to_series()
    frames = {"train": rows.filter(parts == TRAIN), "validation": rows.filter(parts == VALIDATION)}
    seen = rows["key"] if test is not None else rows.filter(parts != TEST)["key"]
    last = rows.filter(parts == TEST) if test is None else test.with_columns(text_keys(test["text"]))
    frames["test"] = last.with_columns(last["key"].is_in(seen.unique().implode()).alias("leaked"))
    return Splits(
        {split: frame.drop("key") for split, frame in frames.items()},
        later_copies(rows["key"]),
        int((by_row_alone != of_the_first.to_numpy()).sum()),
    )


def _check_class_sizes(rows: pl.DataFrame, splits: int, name: str) -> None:
    for label, texts in rows.group_by("label").agg(pl.col("key").n_unique()).sort("label").iter_rows():
        if texts < splits:
            raise InputError(
                f'{name}: the class "{label}" has {texts} different text{"s" if texts > 1 else ""}, too few for '
                f"{splits} splits. Add some, or leave the class out."
            )


def _assign(rows: pl.DataFrame, units: Integers, with_test: bool, data: Data, seed: int, name: str) -> Integers:
    """The part of each row, shape (N,): whole units, by class where no groups are given."""
    parts = np.full(rows.height, TRAIN, dtype=np.int64)
    labels = (rows["label"].rank("dense").to_numpy() - 1).astype(np.int64)
    strata = np.zeros_like(labels) if "group" in rows.columns else labels
    asked = [(TEST, data.test, "data.test")] if with_test else []
    for part, amount, key in [*asked, (VALIDATION, data.validation, "data.validation")]:
        count = round(amount * rows.height) if amount < 1 else int(amount)
        free = np.flatnonzero(parts == TRAIN)
        reserve = 2 if part == TEST else 1  # rows of each class for the splits that are still to be filled
        classes = int(labels.max()) + 1
        if count < classes or count > len(free) - reserve * classes:
            raise InputError(
                f"{key}: {count:,} rows, but of the {len(free):,} rows of {name} that are free for it, each split "
                f"needs one for each of the {classes} classes. Ask for another number, or use more data."
            )
        generator = np.random.default_rng((seed, part))
        parts[free[_draw(strata[free], units[free], count, reserve, generator)]] = part
        if len(np.unique(labels[parts == TRAIN])) < classes or not (parts == part).any():
            raise InputError(
                f"{key}: the groups of {name} (data.group: {data.group}) are too large for {count:,} rows: a split "
                "or a class is left without rows. Ask for another number, or use more data."
            )
    return parts


def _draw(strata: Integers, units: Integers, count: int, reserve: int, generator: np.random.Generator) -> Integers:
    """Places of about `count` rows: whole units in random order, as many of each stratum as its share."""
    _, first, numbered, sizes = np.unique(units, return_index=True, return_inverse=True, return_counts=True)
    of_unit = strata[first]
    rows_of = np.bincount(strata)
    room = _quotas(rows_of, count, np.maximum(rows_of - reserve, 0))
    taken = np.zeros(len(sizes), dtype=np.bool_)
    for unit in generator.permutation(len(sizes)).tolist():
        if sizes[unit] <= room[of_unit[unit]]:
            taken[unit] = True
            room[of_unit[unit]] -= sizes[unit]
    places: Integers = np.flatnonzero(taken[numbered])
    return places


def _sample(frame: pl.DataFrame, count: int, seed: tuple[int, int]) -> pl.DataFrame:
    """`count` rows in their order, of each class its share."""
    labels = (frame["label"].rank("dense").to_numpy() - 1).astype(np.int64)
    sizes = np.bincount(labels)
    quotas = _quotas(sizes, count, sizes)
    order = np.random.default_rng(seed).permutation(frame.height)
    chosen = [order[labels[order] == label][:quota] for label, quota in enumerate(quotas)]
    return frame[np.sort(np.concatenate(chosen))]


def _quotas(sizes: Integers, count: int, most: Integers) -> Integers:
    """Whole numbers that add up to `count`, in proportion to `sizes`: at least one each, at most `most`."""
    exact = sizes * count / sizes.sum()
    quotas = np.clip(np.floor(exact).astype(np.int64), np.minimum(1, most), most)
    while (missing := count - int(quotas.sum())) != 0:
        step = 1 if missing > 0 else -1
        movable = quotas < most if missing > 0 else quotas > 1
        if not movable.any():
            break
        behind = np.where(movable, step * (exact - quotas), -np.inf)
        quotas[np.argmax(behind)] += step
    return quotas
