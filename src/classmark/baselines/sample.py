"""Fewer training rows, for a baseline that has to stay quick."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray


def sampled_rows(labels: pl.Series, most: int, seed: int) -> NDArray[np.int64]:
    """The numbers of at most so many rows, ascending: of each class its share, and one of each before a second of any.

    Args:
        labels: of the training rows.
        most: how many are wanted.
        seed: draws them.
    """
    if len(labels) <= most:
        return np.arange(len(labels))
    order = np.random.default_rng((seed, 5)).permutation(len(labels))
    turns = pl.DataFrame({"label": labels[order]}).select(pl.int_range(pl.len()).over("label") / pl.len().over("label"))
    drawn: NDArray[np.int64] = np.sort(order[np.argsort(turns.to_series().to_numpy(), kind="stable")[:most]])
    return drawn
