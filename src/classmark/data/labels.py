"""Class names as numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray


def class_indices(frame: pl.DataFrame, classes: Sequence[str]) -> NDArray[np.int64]:
    """Each row's class index, shape (N,), writable."""
    numbers = {name: index for index, name in enumerate(classes)}
    return frame["label"].replace_strict(numbers, return_dtype=pl.Int64).to_numpy().copy()
