"""Class names as numbers."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import torch


def class_indices(frame: pl.DataFrame, classes: Sequence[str]) -> torch.Tensor:
    """Each row's class index, int64 of shape (N,)."""
    numbers = {name: index for index, name in enumerate(classes)}
    return torch.from_numpy(frame["label"].replace_strict(numbers, return_dtype=pl.Int64).to_numpy().copy())
