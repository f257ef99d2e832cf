"""Tables that others made (CSV, TSV, JSONL, Parquet) read as predictions; what is guessed is stated in the notes.

A row's prediction may be one probability a class (a column each, or one list column), one score for two classes,
the same as logits when that is declared, or a predicted label only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.data.tables import read_table
from classmark.errors import InputError, nearest, shortened
from classmark.predictions import Predictions, read, read_metadata
from classmark.reading.table import ReadOptions, Rows, Scores, class_names, from_labels, from_scores

ALL_GUESSED = ReadOptions()
LABEL_NAMES = (
    *("label", "true_label", "y_true", "true", "truth", "target", "gold", "class", "y"),
    *("actual", "observed", "obs", "reference", "gold_label"),
)
PREDICTED_NAMES = ("predicted", "prediction", "predicted_label", "pred_label", "y_pred", "pred")
ID_NAMES = ("id", "row_id", "example_id", "index")
LIST_NAMES = ("probabilities", "probs", "proba", "probas", "y_proba", "scores")
SCORE_NAMES = ("score", "probability", "prob", "proba", "y_score", "y_prob", "y_proba", "p")
PREFIXES = ("probability_", "proba_", "prob_", "score_", "p_")
LOGIT_LIST_NAMES, LOGIT_SCORE_NAMES, LOGIT_PREFIXES = ("logits",), ("logit", "score"), ("logits_", "logit_")
CONTRACT = ("id", "label", "probabilities", "predicted", "logits")


def read_predictions(path: Path, options: ReadOptions = ALL_GUESSED) -> Predictions:
    """The checked predictions in anyone's table, or in one that classmark wrote.

    Raises:
        InputError: the file cannot be read, a column is missing, or the table breaks the contract.
    """
    if path.suffix.lower() == ".parquet" and path.is_file() and not options.names_columns:
        metadata = read_metadata(path)
        if metadata is not None:
            return read(path)
    # Ids and class names are text: 007 is not 7, and numbers as wide as a hash keep their digits.
    named = [name for name in (options.label, options.id, options.predicted) if name]
    frame = read_table(path, strings=(*LABEL_NAMES, *PREDICTED_NAMES, *ID_NAMES, *named))
    source, notes = str(path), list[str]()
    label = _column(source, frame, "label", options.label, LABEL_NAMES, notes)
    if label is None:
        raise InputError(
            f"{source}: no column is known to hold the true classes; the columns are {shortened(frame.columns)}. "
            "Name it: --label COLUMN"
        )
    labels = class_names(_text(source, frame, label))
    ids, id_column = _ids(source, frame, options, notes)
    scores = _scores(source, frame, options, labels, notes)
    guessed = _column(source, frame, "predicted", options.predicted, PREDICTED_NAMES, notes if scores is None else [])
    if scores is None and guessed is None:
        raise InputError(
            f"{source}: neither probabilities nor predicted classes are found; the columns are "
            f"{shortened(frame.columns)}. Name them: --probabilities COLUMN,COLUMN or --predicted COLUMN"
        )
    used = {label, id_column, guessed, *(scores.columns if scores else ())}
    others = carried_along(frame.drop([name for name in used if name]), source)
    rows = Rows(source, options, ids, labels, others, notes)
    predicted = class_names(_text(source, frame, guessed)) if guessed else None
    if scores is not None:
        table = from_scores(rows, scores, predicted)
    else:
        assert predicted is not None
        table = from_labels(rows, predicted)
    return table if id_column else replace(table, metadata={**table.metadata, "numbered": True})


def _column(
    source: str, frame: pl.DataFrame, what: str, named: str | None, usual: Sequence[str], notes: list[str]
) -> str | None:
    """The column that is named, else the first of usual name (noted), else None."""
    if named is not None:
        return _known(source, frame, what, named)
    lowered = {name.strip().lower().replace(" ", "_"): name for name in reversed(frame.columns)}
    for name in usual:
        if name in lowered:
            if lowered[name] != what:
                notes.append(f'Column "{lowered[name]}" is taken as the {what}.')
            return lowered[name]
    return None


def _known(source: str, frame: pl.DataFrame, option: str, name: str) -> str:
    if name not in frame.columns:
        raise InputError(
            f'{source}: there is no column "{name}" (--{option}); the columns are {shortened(frame.columns)}.'
            f"{nearest(name, frame.columns)}"
        )
    return name


def _text(source: str, frame: pl.DataFrame, name: str) -> pl.Series:
    """A column of one value a row as text."""
    column = frame[name]
    if column.dtype.is_nested() or column.dtype == pl.Object:
        raise InputError(f'{source}: the column "{name}" holds {column.dtype}, not one text or number a row.')
    try:
        return column.cast(pl.String)
    except pl.exceptions.PolarsError:
        raise InputError(
            f'{source}: the column "{name}" holds {column.dtype} that cannot be read as UTF-8 text. Save it as text.'
        ) from None


def _ids(source: str, frame: pl.DataFrame, options: ReadOptions, notes: list[str]) -> tuple[pl.Series, str | None]:
    column = _column(source, frame, "id", options.id, ID_NAMES, notes)
    if column is not None:
        return _text(source, frame, column).alias("id"), column
    notes.append("No id column: rows are numbered from 1, so two files compare only if their rows have one order.")
    return pl.Series("id", [str(row) for row in range(1, frame.height + 1)]), None


def _scores(
    source: str, frame: pl.DataFrame, options: ReadOptions, labels: pl.Series, notes: list[str]
) -> Scores | None:
    """The probability columns that are named, or found by their names; None where there are none."""
    columns = options.probabilities
    if columns is not None:
        for name in columns:
            _known(source, frame, "probabilities", name)
    else:
        columns = _found(frame, options, labels)
        if columns is None:
            return None
        if columns != ("probabilities",):
            what = "logits" if options.logits else "probabilities" if len(columns) > 1 else "score"
            notes.append(f"Taken as {what}: {_quoted(columns)}.")
    if len(columns) == 1:
        return Scores(columns, _numbers(source, frame, columns), ())
    return Scores(columns, _numbers(source, frame, columns), names_in(columns, labels))


def _found(frame: pl.DataFrame, options: ReadOptions, labels: pl.Series) -> tuple[str, ...] | None:
    """Columns by prefix, by the class names themselves, one list column, or one score, in this order."""
    lists = LOGIT_LIST_NAMES if options.logits else LIST_NAMES
    singles = LOGIT_SCORE_NAMES if options.logits else SCORE_NAMES
    numeric = [name for name in frame.columns if frame[name].dtype.is_numeric()]
    nested = [name for name in frame.columns if frame[name].dtype in (pl.List, pl.Array)]
    for prefix in LOGIT_PREFIXES + PREFIXES if options.logits else PREFIXES:
        matching = tuple(name for name in numeric if name.lower().startswith(prefix))
        if len(matching) > 1:
            return matching
    classes = set(options.classes or labels.drop_nulls().unique().to_list())
    matching = tuple(name for name in numeric if name in classes)
    if len(matching) > 1 and len(matching) == len(classes):
        return matching
    for name in nested:
        if name.lower() in lists:
            return (name,)
    for single in singles:
        for name in numeric:
            if name.lower() == single:
                return (name,)
    matching = tuple(name for name in numeric if name.lower().startswith(PREFIXES[:3] + LOGIT_PREFIXES))
    return matching if len(matching) == 1 else None


def names_in(columns: Sequence[str], labels: pl.Series) -> tuple[str, ...]:
    """The class names that the columns carry: their whole names, or what differs after a common prefix."""
    known = set(labels.drop_nulls().unique().to_list())
    if known <= set(columns):
        return tuple(columns)
    for prefix in (*LOGIT_PREFIXES, *PREFIXES):
        if all(name.lower().startswith(prefix) for name in columns):
            return tuple(name[len(prefix) :] for name in columns)
    shared = len(_common_prefix(columns))
    cut = tuple(name[shared:] for name in columns)
    return cut if known <= set(cut) else tuple(columns)


def _common_prefix(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    same = next((place for place, letter in enumerate(first) if letter != last[place]), len(first))
    return first[:same]


def _numbers(source: str, frame: pl.DataFrame, columns: Sequence[str]) -> NDArray[np.float64]:
    """The columns as float64, shape (N, C); one list column gives C."""
    first = frame[columns[0]]
    if len(columns) == 1 and first.dtype in (pl.List, pl.Array):
        lists = _lists_of_numbers(source, first)
        lengths = lists.list.len()
        width = int(lengths[0] or 0)
        if width == 0:
            raise InputError(
                f'{source}, row 1: "{columns[0]}" holds no number. Every row needs one probability a class.'
            )
        wrong = (lengths != width).fill_null(True)
        if wrong.any():
            row = int(wrong.arg_max() or 0)
            raise InputError(
                f'{source}, row {row + 1}: "{columns[0]}" holds {lengths[row] or 0} numbers, {width} in row 1. '
                "Every row needs one probability a class."
            )
        return lists.explode(empty_as_null=False).to_numpy().astype(np.float64).reshape(-1, width)
    for name in columns:
        if not frame[name].dtype.is_numeric():
            bad = _text(source, frame, name).cast(pl.Float64, strict=False).is_null()
            row = int(bad.arg_max() or 0)
            raise InputError(
                f'{source}, row {row + 1}: "{name}" holds {frame[name][row]!r}, which is not a number. '
                "Probability columns must hold numbers only."
            )
    return np.column_stack([frame[name].cast(pl.Float64).to_numpy() for name in columns])


def _lists_of_numbers(source: str, column: pl.Series) -> pl.Series:
    """A list column as lists of float64, null where nothing is given."""
    given = column.arr.to_list() if column.dtype == pl.Array else column
    try:
        numbers = given.cast(pl.List(pl.Float64), strict=False)
    except pl.exceptions.PolarsError:
        raise InputError(f'{source}: the column "{column.name}" holds {column.dtype}, not lists of numbers.') from None
    bad = _nulls(numbers) > _nulls(given)
    if bad.any():
        row = int(bad.fill_null(value=False).arg_max() or 0)
        raise InputError(
            f'{source}, row {row + 1}: "{column.name}" holds {given[row].to_list()!r}, which are not all numbers. '
            "Probability columns must hold numbers only."
        )
    return numbers


def _nulls(lists: pl.Series) -> pl.Series:
    return lists.list.eval(pl.element().is_null()).list.sum()


def carried_along(frame: pl.DataFrame, source: str) -> pl.DataFrame:
    """The columns that are carried along, `group` and `leaked` in their types.

    Raises:
        InputError: one of these two does not hold one value a row.
    """
    frame = frame.drop([name for name in CONTRACT if name in frame.columns])
    if "group" in frame.columns:
        frame = frame.with_columns(_text(source, frame, "group"))
    if "leaked" in frame.columns:
        text = _text(source, frame, "leaked").str.to_lowercase()
        frame = frame.with_columns(text.is_in(["true", "1", "1.0", "yes"]).fill_null(value=False).alias("leaked"))
    return frame


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names[:6]) + (f", … ({len(names)} in all)" if len(names) > 6 else "")
