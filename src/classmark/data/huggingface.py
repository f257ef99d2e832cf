"""Data sets of the Hugging Face hub, through the package `datasets`; or a folder that it saved."""

from __future__ import annotations

from typing import Any

import polars as pl

from classmark.data.source import Source
from classmark.errors import InputError, MissingExtraError, nearest
from classmark.recipes.schema import Data


def read_huggingface(data: Data) -> Source:
    """The splits `train` and, where there is one with labels, `test` of a data set.

    Raises:
        MissingExtraError: the package `datasets` is not installed.
        InputError: the data set or a column is missing.
    """
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("datasets", "huggingface", "data.source: huggingface") from None
    if data.path is None:
        raise InputError("data.path: name the data set, for instance data.path=stanfordnlp/imdb")
    try:
        splits = datasets.load_dataset(data.path)
    except Exception as error:  # the package raises its own and its network library's kinds
        raise InputError(f"data.path: {data.path} cannot be loaded ({str(error).splitlines()[0]}).") from None
    if "train" not in splits:
        raise InputError(f'data.path: {data.path} has no split "train"; it has {", ".join(splits)}.')
    test = _frame(splits["test"], data, "test") if "test" in splits else None
    labelled = test is not None and test["label"].null_count() < test.height
    return Source(data.path, _frame(splits["train"], data, "train"), test if labelled else None)


def _frame(split: Any, data: Data, name: str) -> pl.DataFrame:
    for column in (data.text_column, data.label_column):
        if column not in split.column_names:
            raise InputError(
                f'data.path: {data.path} has no column "{column}"; the columns are {", ".join(split.column_names)}.'
                f"{nearest(column, split.column_names)}"
            )
    names = getattr(split.features[data.label_column], "names", None)
    labels = [_name(value, names) for value in split[data.label_column]]
    texts = list(split[data.text_column])
    ids = [f"{name}/{row}" for row in range(1, len(texts) + 1)]
    return pl.DataFrame({"id": ids, "text": texts, "label": labels}, schema_overrides={"label": pl.String})


def _name(value: Any, names: list[str] | None) -> str | None:
    if value is None or (names is not None and value < 0):
        return None
    return names[value] if names is not None else str(value)
