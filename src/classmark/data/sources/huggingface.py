"""Data sets of the Hugging Face hub, or folders of such a layout, through the package `datasets`."""

from __future__ import annotations

from typing import Any

import polars as pl

from classmark.data.columns import set_apart
from classmark.data.rows import as_written, text_column
from classmark.data.sources.source import Source
from classmark.errors import InputError, MissingExtraError, nearest
from classmark.recipes.schema import Data


def read_huggingface(data: Data) -> Source:
    """The split `train` of a data set and, where it is labelled, its split `test`; no code of it is run.

    Raises:
        MissingExtraError: the package `datasets` is not installed.
        InputError: the data set or a column is missing.
    """
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("datasets", "huggingface", "data.source: huggingface") from None
    if data.path is None:
        raise InputError("data.path: name the data set. For instance: data.path=stanfordnlp/imdb")
    try:
        splits = datasets.load_dataset(data.path)
    except Exception as error:  # its own kinds, and those of the libraries that it fetches with
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"data.path: {data.path} cannot be loaded ({reason}).") from None
    if "train" not in splits:
        raise InputError(f'data.path: {data.path} has no split "train"; it has {", ".join(splits)}.')
    test = _frame(splits["test"], data, "test") if "test" in splits else None
    labelled = test is not None and test["label"].null_count() < test.height
    return Source(data.path, _frame(splits["train"], data, "train"), test if labelled else None)


def _frame(split: Any, data: Data, name: str) -> pl.DataFrame:
    for key, column in (("data.text_column", data.text_column), ("data.label_column", data.label_column)):
        if column not in split.column_names:
            raise InputError(
                f'data.path: {data.path} has no column "{column}"; its columns are {", ".join(split.column_names)}.'
                f"{nearest(column, split.column_names)} Name the right one: {key}=…"
            )
    named = {data.text_column, data.label_column}
    columns = {column: _column(split, column) for column in split.column_names if column not in named}
    texts, labels = (_plain_column(split, column, data) for column in (data.text_column, data.label_column))
    rows = range(1, len(split) + 1)
    known: dict[str, list[Any]] = {"id": [f"{name}/{row}" for row in rows], "text": texts, "label": labels}
    if data.group is not None and columns.get(data.group) is not None:
        known["group"] = columns[data.group] or []
    frame = pl.DataFrame([_series(column, values) for column, values in known.items()])
    further = [_series(set_apart(column.strip()), values) for column, values in columns.items() if values is not None]
    return frame.with_columns(text_column(frame[name]) for name in frame.columns if name != "label").with_columns(
        as_written(frame["label"]).alias("label"), *further
    )


def _series(name: str, values: list[Any]) -> pl.Series:
    return pl.Series(name, values, strict=False)


def _plain_column(split: Any, column: str, data: Data) -> list[Any]:
    values = _column(split, column)
    if values is None:
        raise InputError(f'data.path: {data.path}: the column "{column}" holds lists or records, not plain values.')
    return values


def _column(split: Any, column: str) -> list[Any] | None:
    """The values of a column, class numbers as their names, or None where it holds more than plain values."""
    names = getattr(split.features[column], "names", None)
    values = list(split[column])
    if names is not None:  # −1 marks a label that is kept secret
        return [None if value is None or value < 0 else names[value] for value in values]
    plain = all(value is None or isinstance(value, str | int | float) for value in values)
    return values if plain else None
