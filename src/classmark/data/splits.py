"""Train, validation and test: stratified by class, by seed, with groups and copies kept together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.data.duplicates import text_keys
from classmark.errors import InputError
from classmark.recipes.schema import Data


@dataclass(frozen=True)
class Split:
    """The frames by name, with their `key` column, and how many copies were moved to the split of the first."""

    frames: dict[str, pl.DataFrame]
    moved: int


def limited(
    training: pl.DataFrame, test: pl.DataFrame | None, limit: int | None, seed: int, name: str
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """A stratified sample of `limit` training rows, and of no more test rows than that.

    Raises:
        InputError: there are fewer training rows than that.
    """
    if limit is None:
        return training, test
    if limit > training.height:
        raise InputError(f"data.limit: {limit:,}, but {name} has {training.height:,} rows. Ask for no more than that.")
    training = training[np.sort(_sample(training["label"], limit, np.random.default_rng((seed, 1))))]
    if test is not None and test.height > limit:
        test = test[np.sort(_sample(test["label"], limit, np.random.default_rng((seed, 2))))]
    return training, test


def carve(training: pl.DataFrame, test: pl.DataFrame | None, data: Data, seed: int, name: str) -> Split:
    """The splits of the training rows, which have a `key` column; the test rows as they are where there are some.

    Raises:
        InputError: a class or the whole is too small for what is asked.
    """
    parts = np.zeros(training.height, dtype=np.int64)  # 0 train, 1 validation, 2 test
    moved = 0
    if test is None:
        moved += _mark(parts, training, data.test, 2, np.random.default_rng((seed, 3)), f"data.test: {name}")
    moved += _mark(parts, training, data.validation, 1, np.random.default_rng((seed, 4)), f"data.validation: {name}")
    parts, moved_after = _copies_together(parts, training["key"])
    moved += moved_after
    frames = {"train": training.filter(parts == 0), "validation": training.filter(parts == 1)}
    frames["test"] = training.filter(parts == 2) if test is None else test.with_columns(text_keys(test["text"]))
    for split, frame in frames.items():
        if frame.height == 0:
            raise InputError(f"{name}: no rows are left for {split}. Use more data, or ask for smaller splits.")
    seen = pl.concat([frames["train"]["key"], frames["validation"]["key"]])
    leaked = frames["test"]["key"].is_in(seen.unique().implode())
    frames["test"] = frames["test"].with_columns(leaked.alias("leaked"))
    return Split(frames, moved)


def _mark(
    parts: NDArray[np.int64], rows: pl.DataFrame, asked: float, part: int, generator: np.random.Generator, place: str
) -> int:
    """Give `asked` (a share below 1, a count from 1) of the rows that are still in part 0 to `part`.

    Texts that have copies are passed over for ones that have none, so that the part has its exact size; the count of
    those passed over comes back.
    """
    free = np.flatnonzero(parts == 0)
    count = round(asked * rows.height) if asked < 1 else int(asked)
    classes = rows["label"].n_unique()
    if count < classes or len(free) - count < classes:
        raise InputError(
            f"{place}: {count:,} of {len(free):,} rows leave a split with fewer than one row for each of the "
            f"{classes} classes. Use more data, or ask for another share."
        )
    labels = rows["label"][free]
    if "group" in rows.columns:
        chosen, moved = _sample_groups(rows["group"][free], count, generator), 0
    else:
        copies = rows["key"].is_duplicated().to_numpy()[free]
        state = generator.bit_generator.state
        moved = int(copies[_sample(labels, count, generator)].sum())
        generator.bit_generator.state = state
        chosen = _sample(labels, count, generator, last=copies)
    parts[free[chosen]] = part
    lonely = set(labels.unique().to_list()) - set(rows.filter(parts == 0)["label"].unique().to_list())
    if lonely:
        missing = sorted(lonely)[0]
        raise InputError(f'{place}: no training row of the class "{missing}" is left. Add rows of it, or drop the class.')
    return moved


def _sample(
    labels: pl.Series, count: int, generator: np.random.Generator, last: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Places of `count` rows, each class with its share (largest remainders); those in `last` only if need be."""
    codes = labels.rank("dense").to_numpy().astype(np.int64) - 1
    sizes = np.bincount(codes)
    exact = sizes * count / len(codes)
    quota = np.floor(exact).astype(np.int64)
    quota[np.argsort(quota - exact, kind="stable")[: count - quota.sum()]] += 1
    order = generator.permutation(len(codes))
    if last is not None:
        order = order[np.argsort(last[order], kind="stable")]
    return np.concatenate([order[codes[order] == code][:take] for code, take in enumerate(quota)])


def _sample_groups(groups: pl.Series, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Places of all rows of randomly chosen groups, until there are `count` or just more."""
    codes = groups.rank("dense").to_numpy().astype(np.int64) - 1
    sizes = np.bincount(codes)
    order = generator.permutation(len(sizes))
    enough = int(np.searchsorted(np.cumsum(sizes[order]), count)) + 1
    return np.flatnonzero(np.isin(codes, order[:enough]))


def _copies_together(parts: NDArray[np.int64], keys: pl.Series) -> tuple[NDArray[np.int64], int]:
    """The parts with every copy of a text in the part of its first row, and how many rows that moved."""
    frame = pl.DataFrame({"key": keys, "part": parts})
    together = frame.select(pl.col("part").first().over("key")).to_series().to_numpy().astype(np.int64)
    return together, int((together != parts).sum())
