"""What a caller gives to a classifier, as a list with one text or image per row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any, Literal

import numpy as np

from classmark.errors import InputError
from classmark.reading.arrays import is_frame, is_missing


def input_rows(inputs: Any, kind: Literal["text", "images"]) -> list[Any]:
    """The N texts or images of a list, an array, or a polars or pandas series.

    Raises:
        InputError: it is one text or image, a table, or a row is missing or of another type.
    """
    name = type(inputs).__name__
    if isinstance(inputs, str | bytes | Path):
        raise InputError(f"{name}: give a list, even of one: predict_proba([…])")
    if isinstance(inputs, Mapping) or is_frame(inputs):
        raise InputError(f"{name}: give one column of it: predict_proba(table[COLUMN])")
    if isinstance(inputs, Set):
        raise InputError(f"{name}: it has no order. Give a list: predict_proba([…])")
    if not isinstance(inputs, Iterable) or (isinstance(inputs, np.ndarray) and inputs.ndim == 0):
        raise InputError(f"{name}: give a list, an array or a series, even of one: predict_proba([…])")
    if isinstance(inputs, np.ndarray) and kind == "text" and inputs.ndim != 1:
        raise InputError(f"an array of shape {inputs.shape}: give one text per row, shape (N,)")
    rows = inputs.to_list() if hasattr(inputs, "to_list") else list(inputs)
    what = "text" if kind == "text" else "image"
    for number, row in enumerate(rows, start=1):
        if is_missing(row):
            raise InputError(f"row {number}: the {what} is missing.")
        if kind == "text":
            _check_text(row, number)
    return rows


def _check_text(row: Any, number: int) -> None:
    if not isinstance(row, str):
        raise InputError(f"row {number}: {type(row).__name__} is no text.")
    try:
        row.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"row {number}: character {error.start + 1} is half of a surrogate pair, which is no character.",
            'Replace it: text.encode("utf-8", "replace").decode()',
        ) from None
