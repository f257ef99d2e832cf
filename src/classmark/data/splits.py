"""Train, validation and test: by class, by seed, with groups and copies kept together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.data.duplicates import content_keys, later_copies, stay_together
from classmark.errors import InputError
from classmark.recipes.schema import Data

TRAIN, VALIDATION, TEST = 0, 1, 2

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Splits:
    """The split rows.

    Attributes:
        frames: `train`, `validation` and `test`; `test` has `leaked`.
        copies: how many of the rows that were split repeat an earlier one's text or image file.
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
    rows = training.with_columns(content_keys(training))
    _check_class_sizes(rows, 2 if test is not None else 3, name)
    counts = _counts(rows, test is None, data, name)
    groups = ["group"] if "group" in rows.columns else []
    parts = _assign(rows, stay_together(rows, [*groups, "key"]), counts, seed)
    _check_filled(rows, parts, {TRAIN, *counts}, name)
    by_row_alone = _assign(rows, stay_together(rows, groups), counts, seed)
    of_the_first = rows.select("key", part=by_row_alone).select(pl.col("part").first().over("key")).to_series()
    frames = {"train": rows.filter(parts == TRAIN), "validation": rows.filter(parts == VALIDATION)}
    seen = rows["key"] if test is not None else rows.filter(parts != TEST)["key"]
    last = rows.filter(parts == TEST) if test is None else test.with_columns(content_keys(test))
    frames["test"] = last.with_columns(last["key"].is_in(seen.unique().implode()).alias("leaked"))
    return Splits(
        {split: frame.drop("key") for split, frame in frames.items()},
        later_copies(rows["key"]),
        int((by_row_alone != of_the_first.to_numpy()).sum()),
    )


def _check_class_sizes(rows: pl.DataFrame, splits: int, name: str) -> None:
    what = "text" if "text" in rows.columns else "image"
    for label, count in rows.group_by("label").agg(pl.col("key").n_unique()).sort("label").iter_rows():
        if count < splits:
            raise InputError(
                f'{name}: the class "{label}" has {count} different {what}{"s" if count > 1 else ""}, too few for '
                f"{splits} splits. Add some, or leave the class out."
            )


def _counts(rows: pl.DataFrame, with_test: bool, data: Data, name: str) -> dict[int, int]:
    """Part → number of rows that the recipe asks for, in the order in which they are drawn."""
    asked = {TEST: data.test, VALIDATION: data.validation} if with_test else {VALIDATION: data.validation}
    counts = {part: round(amount * rows.height) if amount < 1 else int(amount) for part, amount in asked.items()}
    classes = rows["label"].n_unique()
    wanted = " and ".join(f"{count:,} for {'test' if part == TEST else 'validation'}" for part, count in counts.items())
    if min(*counts.values(), rows.height - sum(counts.values())) < classes:
        raise InputError(
            f"{name}: of its {rows.height:,} rows the recipe holds back {wanted}; every split, training too, needs at "
            f"least one row for each of the {classes} classes. Ask for other numbers, or use more data."
        )
    return counts


def _assign(rows: pl.DataFrame, units: Integers, counts: dict[int, int], seed: int) -> Integers:
    """The part of each row, shape (N,): whole units, by class where no groups are given."""
    parts = np.full(rows.height, TRAIN, dtype=np.int64)
    labels = (rows["label"].rank("dense").to_numpy() - 1).astype(np.int64)
    strata = np.zeros_like(labels) if "group" in rows.columns else labels
    for part, count in counts.items():
        free = np.flatnonzero(parts == TRAIN)
        reserve = 2 if part == TEST else 1  # rows of each class for the splits that are still to be filled
        drawn = _draw(strata[free], units[free], count, reserve, np.random.default_rng((seed, part)))
        parts[free[drawn]] = part
    return parts


def _check_filled(rows: pl.DataFrame, parts: Integers, expected: set[int], name: str) -> None:
    if set(parts.tolist()) != expected or rows.filter(parts == TRAIN)["label"].n_unique() < rows["label"].n_unique():
        raise InputError(
            f"{name}: too many of its rows have to stay together (data.group, copies of a text): a split is left "
            "without rows, or training without a class. Ask for other split sizes, or use more data."
        )


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
    quotas: Integers = np.clip(np.floor(exact).astype(np.int64), np.minimum(1, most), most)
    while (missing := count - int(quotas.sum())) != 0:
        step = 1 if missing > 0 else -1
        movable = quotas < most if missing > 0 else quotas > 1
        if not movable.any():
            break
        behind = np.where(movable, step * (exact - quotas), -np.inf)
        quotas[np.argmax(behind)] += step
    return quotas
