"""The predictions of several models of the same rows as one table, for an audit of the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from classmark.predictions import Predictions


def averaged(tables: Sequence[Predictions]) -> Predictions:
    """Each row of the tables once, with the mean of its probabilities; its other columns are those of the first table with it.

    Args:
        tables: with probabilities, and the same classes in the same order.
    """
    if len(tables) == 1:
        return tables[0]
    frames = [table.frame.drop("logits", "leaked", "predicted", strict=False) for table in tables]
    rows = pl.concat(frames, how="diagonal_relaxed").unique("id", keep="first", maintain_order=True)
    places = {name: place for place, name in enumerate(rows["id"].to_list())}
    sums, counts = np.zeros((rows.height, len(tables[0].classes))), np.zeros(rows.height)
    for table in tables:
        here = np.array([places[name] for name in table.ids.to_list()])
        sums[here] += table.probabilities
        counts[here] += 1
    means = pl.Series("probabilities", sums / counts[:, None], dtype=pl.Array(pl.Float64, sums.shape[1]))
    return replace(tables[0], frame=rows.with_columns(means))
