"""Predictions of rows without a label, read as those of the labelled rows are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from classmark.errors import InputError
from classmark.predictions import Predictions
from classmark.reading.arrays import is_frame
from classmark.reading.options import ReadOptions
from classmark.reading.side import Side, open_side
from classmark.reading.values import Values
from classmark.tables import read_table_file

SOURCE = "unlabelled"
OF_ROWS = ("probabilities", "ids", "groups")


def open_unlabelled(given: Any, judged: Any, side: Side, options: ReadOptions) -> Predictions:
    """The predictions of rows whose labels are not known or not used.

    A table with a label of its own kind (a run, a file of `classmark predict`) is read by itself. Another is read below the
    labelled table, whose labels say what the columns mean.

    Args:
        given: a file, a frame, a side, or probabilities (M, C) or (M,).
        judged: what the labelled rows were read from: a file, a frame, or `Values`.
        side: of the labelled rows.
        options: what the user says about the labelled table.

    Raises:
        InputError: it cannot be read, or not as the labelled rows are.
    """
    own = options.with_(where=(), labels=None)
    said = own.with_(label=None)
    if isinstance(judged, Values):
        return _without_labels(_values_below(given, judged, side, own))
    if _is_table(given):
        try:
            return _without_labels(open_side(given, said, SOURCE).table)
        except InputError:
            if not _is_table(judged):
                raise
        return _without_labels(_frame_below(given, _where(_frame(judged), options), own))
    return _without_labels(open_side(given, said, SOURCE).table)


def _is_table(given: Any) -> bool:
    if isinstance(given, str | Path):
        return not (Path(given).is_dir() and (Path(given) / "recipe.yaml").is_file())
    return is_frame(given) or isinstance(given, Mapping)


def _frame(given: Any) -> pl.DataFrame:
    found = read_table_file(given).frame if isinstance(given, str | Path) else given
    if isinstance(found, pl.LazyFrame):
        return found.collect()
    if isinstance(found, pl.DataFrame):
        return found
    columns = found if isinstance(found, Mapping) else {str(name): found[name] for name in found.columns}
    return pl.DataFrame({str(name): pl.Series(list(values)) for name, values in columns.items()})


def _where(frame: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    """The rows of the labelled table that are judged."""
    for name, value in options.where:
        frame = frame.filter(pl.col(name).cast(pl.String) == value)
    return frame


def _frame_below(given: Any, above: pl.DataFrame, options: ReadOptions) -> Predictions:
    """The rows of a table below those of the labelled one, read together; then these alone."""
    below = _frame(given)
    if missing := [name for name in above.columns if name not in below.columns and name != options.label]:
        below = below.with_columns(pl.lit(None, dtype=above[name].dtype).alias(name) for name in missing)
    both = pl.concat([above, below.select(n for n in above.columns if n in below.columns)], how="diagonal_relaxed")
    source = str(given) if isinstance(given, str | Path) else SOURCE
    table = open_side(both, options, source).table
    if len(table) != above.height + below.height:
        raise InputError(f"{source}: {above.height + below.height - len(table):,} rows cannot be used.", "Remove them.")
    return _last(replace(table, source=source), below.height)


def _values_below(given: Any, judged: Values, side: Side, options: ReadOptions) -> Predictions:
    """Probabilities below those of the labelled rows, read together; then these alone."""
    parts = dict(given) if isinstance(given, Mapping) else {"probabilities": given}
    if "probabilities" not in parts or not set(parts) <= set(OF_ROWS):
        names = ", ".join(OF_ROWS)
        raise InputError(f"probabilities, or a dictionary of {names}; it has {', '.join(parts)}.", argument=SOURCE)
    above, below = np.asarray(judged.probabilities), np.asarray(parts["probabilities"])
    if above.ndim != below.ndim or above.shape[1:] != below.shape[1:]:
        raise InputError(
            f"its probabilities have the shape {below.shape}, those of the labelled rows {above.shape}.",
            "Give as many columns.",
            argument=SOURCE,
        )
    labels = [*side.table.frame["label"].to_list(), *[None] * len(below)]
    values = Values(labels, np.concatenate([above, below]))
    table = open_side(values, options.with_(classes=side.table.classes), SOURCE).table
    found = _last(table, len(below))
    columns = {column: parts[name] for name, column in (("ids", "id"), ("groups", "group")) if name in parts}
    series = [pl.Series(name, list(map(str, one)), dtype=pl.String) for name, one in columns.items()]
    return replace(
        found,
        frame=found.frame.with_columns(series),
        metadata={**found.metadata, "numbered": "ids" not in parts},
    )


def _last(table: Predictions, rows: int) -> Predictions:
    return replace(table, frame=table.frame.tail(rows))


def _without_labels(table: Predictions) -> Predictions:
    return replace(table, frame=table.frame.with_columns(pl.lit(None, dtype=pl.String).alias("label")))
