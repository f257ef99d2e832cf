"""Train, validation and test: by class, by seed, with groups and copies kept together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.data.duplicates import content_keys, later_copies, stay_together
from classmark.errors import InputError
from classmark.recipes.schema import Data

TRAIN, VALIDATION, TEST = 0, 1, 2
SPLITS = {TRAIN: "train", VALIDATION: "validation", TEST: "test"}

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Splits:
    """The split rows.

    Attributes:
        frames: `train`, `validation` and `test`; `test` has `leaked`, and so has a validation set of its own.
        copies: how many of the rows that were split repeat an earlier one's text or image file.
        moved: how many of those a split by row alone would have put on another side than the first.
    """

    frames: dict[str, pl.DataFrame]
    copies: int
    moved: int

    def fewer_than(self, count: int) -> dict[str, int]:
        """Class → its number of training rows, where these are fewer than `count`."""
        rows = self.frames["train"]["label"].value_counts().sort("label").iter_rows()
        return {label: number for label, number in rows if number < count}


def split_seed(data: Data, seed: int) -> int:
    """What fixes the rows that are held back: the recipe's `data.split_seed`, else its seed."""
    return seed if data.split_seed is None else data.split_seed


def limited(parts: Mapping[str, pl.DataFrame], limit: int, seed: int, name: str) -> dict[str, pl.DataFrame]:
    """A sample by class of `limit` rows for training and validation, and of no more than that of the test rows.

    A validation set of its own keeps its share of the rows.

    Raises:
        InputError: there are fewer rows for training and validation than that, or more classes.
    """
    heights = {part: frame.height for part, frame in parts.items() if part != "test"}
    total = sum(heights.values())
    if limit > total:
        raise InputError(
            f"data.limit: {limit:,} rows, but {name} has {total:,} for training and validation. "
            "Ask for no more than that."
        )
    validation = max(round(limit * heights.get("validation", 0) / total), 1) if "validation" in heights else 0
    counts = {"train": limit - validation, "validation": validation, "test": limit}
    numbers = {"train": 0, "test": 1, "validation": 2}  # of the streams of random numbers
    return {
        part: _sample(frame, min(counts[part], frame.height), (seed, numbers[part])) for part, frame in parts.items()
    }


def carve(
    parts: Mapping[str, pl.DataFrame], data: Data, seed: int, name: str, before: pl.DataFrame | None = None
) -> Splits:
    """The splits: validation and test as they are if they are given, else out of the training rows.

    Args:
        parts: `train`, and where there are such rows `validation` and `test`.
        data: the recipe's `data`.
        seed: fixes the split where `data` has no seed for it, and which training rows are drawn.
        name: of the data, for messages.
        before: the training rows before `data.limit`.

    Raises:
        InputError: a class or the whole is too small for what is asked.
    """
    rows = parts["train"].with_columns(content_keys(parts["train"]))
    asked = {TEST: data.test, VALIDATION: data.validation}
    asked = {part: amount for part, amount in asked.items() if amount and SPLITS[part] not in parts}
    _check_class_sizes(rows, 1 + len(asked), name, before)
    counts = _counts(rows, asked, data, name)
    groups = ["group"] if "group" in rows.columns else []
    units = stay_together(rows, [*groups, "key"])
    sides = assign_parts(rows, units, counts, split_seed(data, seed))
    _check_filled(rows, sides, units, {TRAIN, *counts}, name)
    by_row_alone = assign_parts(rows, stay_together(rows, groups), counts, split_seed(data, seed))
    of_the_first = rows.select("key", part=by_row_alone).select(pl.col("part").first().over("key")).to_series()
    frames = {
        split: parts[split].with_columns(content_keys(parts[split]))
        if split != "train" and split in parts
        else rows.filter(sides == side)
        for side, split in SPLITS.items()
    }
    if data.examples_per_class is not None:
        frames["train"] = _draw_examples(frames["train"], data.examples_per_class, seed)
    # Only given rows can stand elsewhere too: training and validation rows in the test set, training rows in validation.
    for split, others in (("test", ("train", "validation")), ("validation", ("train",))):
        if split == "test" or split in parts:
            seen = pl.concat([frames[other]["key"] for other in others]).unique().implode()
            frames[split] = frames[split].with_columns(frames[split]["key"].is_in(seen).alias("leaked"))
    return Splits(
        {split: frame.drop("key") for split, frame in frames.items()},
        later_copies(rows["key"]),
        int((by_row_alone != of_the_first.to_numpy()).sum()),
    )


def _check_class_sizes(rows: pl.DataFrame, splits: int, name: str, before: pl.DataFrame | None) -> None:
    what = "text" if "text" in rows.columns else "image"
    for label, count in rows.group_by("label").agg(pl.col("key").n_unique()).sort("label").iter_rows():
        if count >= splits:
            continue
        few = f"{count} different {what}{'s' if count > 1 else ''}, too few for {splits} splits"
        if before is not None and content_keys(before.filter(label=label)).n_unique() >= splits:
            classes = rows["label"].n_unique()
            raise InputError(
                f'data.limit: of {rows.height:,} rows of {name} the class "{label}" gets {few}.',
                f"Set a higher limit; {classes:,} classes need {splits * classes:,} rows or more.",
            )
        raise InputError(
            f'{name}: the class "{label}" has {few}. Add some, or name the classes to use: data.classes=[…]'
        )


def _counts(rows: pl.DataFrame, asked: Mapping[int, float], data: Data, name: str) -> dict[int, int]:
    """Part → number of rows that the recipe asks for, in the order in which they are drawn."""
    counts = {part: round(amount * rows.height) if amount < 1 else int(amount) for part, amount in asked.items()}
    classes = rows["label"].n_unique()
    wanted = " and ".join(f"{count:,} for {SPLITS[part]}" for part, count in counts.items()) or "none"
    if min(*counts.values(), rows.height - sum(counts.values()), rows.height) < classes:
        whole = "" if data.limit is None else " (data.limit)"
        raise InputError(
            f"{name}: of its {rows.height:,} rows{whole} the recipe holds back {wanted}; every split, training too, needs at "
            f"least one row for each of the {classes} classes. Ask for other numbers, or use more data."
        )
    return counts


def assign_parts(rows: pl.DataFrame, units: Integers, counts: dict[int, int], seed: int) -> Integers:
    """The part of each row, shape (N,): whole units, by class where no groups are given."""
    parts = np.full(rows.height, TRAIN, dtype=np.int64)
    labels = (rows["label"].rank("dense").to_numpy() - 1).astype(np.int64)
    strata = np.zeros_like(labels) if "group" in rows.columns else labels
    for number, (part, count) in enumerate(counts.items()):
        free = np.flatnonzero(parts == TRAIN)
        reserve = len(counts) - number  # rows of each class for the splits that are still to be filled
        drawn = _draw(strata[free], units[free], count, reserve, np.random.default_rng((seed, part)))
        if not len(drawn):
            drawn = _nearest_unit(labels[free], units[free], count, np.random.default_rng((seed, part)))
        parts[free[drawn]] = part
    return parts


def _nearest_unit(labels: Integers, units: Integers, count: int, generator: np.random.Generator) -> Integers:
    """Places of the one unit nearest to `count` rows, at most half of all, without which every class still has rows."""
    numbers, sizes = np.unique(units, return_counts=True)
    order = generator.permutation(len(numbers))
    for place in order[np.argsort(np.abs(sizes[order] - count), kind="stable")]:
        here = units == numbers[place]
        if 2 * sizes[place] <= len(units) and len(np.unique(labels[~here])) == len(np.unique(labels)):
            places: Integers = np.flatnonzero(here)
            return places
    return np.zeros(0, dtype=np.int64)


def _check_filled(rows: pl.DataFrame, parts: Integers, units: Integers, expected: set[int], name: str) -> None:
    if set(parts.tolist()) == expected and rows.filter(parts == TRAIN)["label"].n_unique() == rows["label"].n_unique():
        return
    sizes = np.unique(units, return_counts=True)[1]
    largest = "their only group" if len(sizes) == 1 else f"the largest of {len(sizes):,} groups"
    raise InputError(
        f"{name}: too many of its rows have to stay together (data.group, copies of a text): {largest} "
        f"has {sizes.max():,} rows. A split is left without rows, or training without a class. "
        "Ask for other split sizes, or use more data."
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


def _draw_examples(rows: pl.DataFrame, count: int, seed: int) -> pl.DataFrame:
    """`count` different examples of each class in their order, or all of a class that has no more."""
    order = np.random.default_rng((seed, len(SPLITS))).permutation(rows.height)
    shuffled = rows.select("label", "key").with_row_index("number")[order]
    different = shuffled.unique(["label", "key"], keep="first", maintain_order=True)
    return rows[different.group_by("label", maintain_order=True).head(count)["number"].sort()]


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
