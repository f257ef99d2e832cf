"""The predictions in a file: classmark's own table, or one that another tool wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from classmark.errors import InputError, Option, nearest, shortened
from classmark.predictions import Predictions, read, read_metadata
from classmark.reading.columns import Column
from classmark.reading.frames import read_frame
from classmark.reading.lm_eval import is_lm_eval, lm_eval_answers
from classmark.reading.names import ID, LABEL, TRUTH, is_named
from classmark.reading.options import ReadOptions
from classmark.reading.order import known_class
from classmark.reading.rows import trimmed
from classmark.reading.table import Table, build_table
from classmark.tables import TableFile, read_table_file

GUESSED = ReadOptions()


def read_predictions(path: Path | str, options: ReadOptions = GUESSED) -> Predictions:
    """The checked predictions in a file, a folder of parts, or standard input (`-`).

    Raises:
        InputError: the file cannot be read, or nothing or too much in it may be predictions.
        PredictionsError: the table breaks the contract.
    """
    own = _own_metadata(path)
    if own is not None and not options.with_(labels_only=False).names_columns:
        table = read(Path(path))
        table = table.without_scores() if options.labels_only else table
        if options.positive is None or len(table.classes) != 2:
            return table
        return replace(table, positive=known_class(table.source, options.positive, table.classes, "positive"))
    file = read_table_file(path)
    frame = file.frame
    notes = file.notes
    if is_lm_eval(frame):
        frame, note = lm_eval_answers(frame, file)
        notes = (*notes, note)
    if options.labels is not None:
        frame, options = _with_truth(frame, file, options)
    order = tuple(own["classes"]) if own is not None else None
    table = read_frame(_table(file, frame, options, notes, order))
    return table if own is None else replace(table, metadata={**own, **_known(table)})


def _table(
    file: TableFile, frame: pl.DataFrame, options: ReadOptions, notes: tuple[str, ...], order: tuple[str, ...] | None
) -> Table:
    return build_table(
        file.source,
        frame,
        options,
        textual=file.textual,
        row_numbers=file.row_numbers,
        repeated=file.repeated,
        notes=notes,
        order=order,
    )


def _own_metadata(path: Path | str) -> dict[str, Any] | None:
    """What classmark wrote into a Parquet file beside its columns; None for every other file."""
    file = Path(path)
    if file.suffix.lower() != ".parquet" or not file.is_file() or file.stat().st_size == 0:
        return None
    return read_metadata(file)


def _known(table: Predictions) -> Mapping[str, Any]:
    return {name: table.metadata[name] for name in ("classes", "numbered") if name in table.metadata}


def _with_truth(frame: pl.DataFrame, file: TableFile, options: ReadOptions) -> tuple[pl.DataFrame, ReadOptions]:
    """The rows with the true classes of a second file, joined by id, and the options that name their column.

    Raises:
        InputError: a file has no ids, or the second has not exactly one label for every row.
    """
    assert options.labels is not None
    truth = read_table_file(options.labels)
    truth_id = _id_column(truth, options.id)
    own_id = _id_column(file, options.id)
    label = _truth_column(truth, options.label, truth_id)
    keys = trimmed(Column(truth_id, truth.frame[truth_id]), truth.source)
    own = trimmed(Column(own_id, frame[own_id]), file.source)
    if keys.is_duplicated().any():
        again = keys.filter(keys.is_duplicated())[0]
        raise InputError(f'{truth.source}: the id "{again}" stands in several rows.', "Give each id one label.")
    lacking = own.filter(~own.is_in(keys.to_list()))
    if len(lacking):
        raise InputError(
            f"{truth.source}: {len(lacking):,} of {len(own):,} ids of {file.source} have no row there, for instance "
            f'"{lacking[0]}".',
            "Give a label for every id.",
            argument="labels",
        )
    places = pl.DataFrame({"key": keys, "place": range(len(keys))})
    order = pl.DataFrame({"key": own}).join(places, on="key", how="left", maintain_order="left")["place"]
    name = f"{label} ({Path(truth.source).name})"
    if label in frame.columns and options.predicted is None and options.probabilities is None:
        # A submission calls its prediction as the solution calls the truth.
        said = Column(label, frame[label], file.textual)
        options = options.with_(label=None)  # another column has that role, as below
        options = options.with_(probabilities=(label,)) if _is_score(said) else options.with_(predicted=label)
    return frame.with_columns(truth.frame[label][order.to_list()].alias(name)), options.with_(
        label=name, id=own_id, labels=None
    )


def _is_score(column: Column) -> bool:
    numbers = column.numbers
    return numbers is not None and numbers.are_shares and not numbers.are_whole


def _id_column(file: TableFile, named: str | None) -> str:
    columns = file.frame.columns
    if named in columns:
        return str(named)
    found = next((name for name in columns if is_named(name, ID)), None)
    if found is None:
        raise InputError(
            f"{file.source}: no column of ids to join labels by; the columns are {shortened(columns)}.",
            ("Name it: ", Option("id", "COLUMN")),
        )
    return found


def _truth_column(truth: TableFile, named: str | None, id_column: str) -> str:
    columns = [name for name in truth.frame.columns if name != id_column]
    if named is not None:
        if named not in columns:
            raise InputError(
                f'{truth.source}: there is no column "{named}"; the columns are {shortened(truth.frame.columns)}.',
                nearest(named, columns).strip(),
                argument="label",
            )
        return named
    usual = [name for name in columns if is_named(name, (*TRUTH, *LABEL))]
    found = columns if len(columns) == 1 else usual
    if len(found) != 1:
        raise InputError(
            f"{truth.source}: which column holds the true classes? The columns are {shortened(truth.frame.columns)}.",
            ("Name it: ", Option("label", "COLUMN")),
        )
    return found[0]
