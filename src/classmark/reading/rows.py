"""What a table says about its rows beside predictions: ids, groups, weights, and the columns that are carried along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from classmark.errors import InputError, Option
from classmark.predictions import Remark
from classmark.reading.classes import spelled
from classmark.reading.columns import Column
from classmark.reading.names import FOLD, ID, MODEL, SPLIT, is_named, plain
from classmark.reading.table import Table
from classmark.system.types import kind_of

CONTRACT = ("id", "label", "probabilities", "predicted", "logits", "weight")
YES = ("true", "1", "1.0", "yes")


@dataclass(frozen=True)
class Ids:
    """The names of the rows.

    Attributes:
        names: N texts.
        columns: where they are from; none if the rows are numbered.
        groups: what rows of one example belong to, if examples repeat.
        remarks: what a reader must know.
        differ: no two names are equal.
    """

    names: pl.Series
    columns: tuple[str, ...] = ()
    groups: pl.Series | None = None
    remarks: tuple[Remark, ...] = ()
    differ: bool = True


def find_ids(table: Table, used: Sequence[str]) -> Ids:
    """The column that the user named, else the first of usual name whose values differ, else row numbers.

    Ids that repeat once per fold or repetition make groups.

    Raises:
        InputError: they repeat once per model or split, or the named column does not exist.
    """
    if table.options.id is not None:
        return _ids_in(table, table.column(table.options.id, "id"))
    doubtful: list[str] = []
    for name in _usual(table, used):
        column = table.columns[name]
        if column.series.null_count():
            doubtful.append(name)
            continue
        found = _ids_in(table, column)
        if found.differ or plain(name) == "id":
            return found
        doubtful.append(name)
    numbers = pl.Series("id", [str(row) for row in range(1, table.frame.height + 1)])
    message = "No id column: rows are numbered from 1, so two files compare only if their rows have one order."
    remarks = [] if table.in_memory else [Remark("assumed", "info", message)]
    if doubtful:
        message = f'Values repeat or are missing in the column "{doubtful[0]}", so it is not read as the id.'
        remarks.append(Remark("repeated_rows", "warning", message))
    return Ids(numbers, remarks=tuple(remarks))


def _usual(table: Table, used: Sequence[str]) -> list[str]:
    able = [name for name, one in table.columns.items() if name not in used and not one.is_nested]
    found = [name for usual in ID for name in able if name == usual]
    found += [name for name in able if name == ""]  # the index of a frame, written without a name
    return list(dict.fromkeys([*found, *(name for usual in ID for name in able if is_named(name, (usual,)))]))


def _ids_in(table: Table, column: Column) -> Ids:
    if column.is_nested:
        raise InputError(
            f'{table.source}: the column "{column.name}" holds {kind_of(column.series.dtype)}, not one id per row.',
            ("Name another one: ", Option("id", "COLUMN")),
        )
    names = trimmed(column, table.source).alias("id")
    if names.n_unique() == len(names):
        return Ids(names, (column.name,))
    for other in table.columns.values():
        if other.name == column.name or other.is_nested or not is_named(other.name, (*FOLD, *MODEL, *SPLIT)):
            continue
        pairs = pl.DataFrame([names, other.series.cast(pl.String).alias("part")])
        if pairs["part"].null_count() or pairs.is_duplicated().any():
            continue
        if not is_named(other.name, FOLD):
            raise _several_parts(table, column, other)
        count = names.n_unique()
        message = (
            f'Each "{column.name}" stands in several rows, once per "{other.name}": {len(names):,} rows of {count:,} '
            "examples. Rows of one example form a group, so that intervals do not count them as independent."
        )
        together = pairs.select(pl.concat_str(["id", "part"], separator="/")).to_series().alias("id")
        return Ids(
            together, (column.name, other.name), names.alias("group"), (Remark("repeated_rows", "warning", message),)
        )
    return Ids(names, (column.name,), differ=False)


def _several_parts(table: Table, column: Column, other: Column) -> InputError:
    first = str(other.series.drop_nulls()[0])
    return InputError(
        f'{table.source}: each "{column.name}" stands in several rows, once per "{other.name}".',
        (
            "Read one of them: ",
            Option("where", f"{other.name}={first}"),
            ", or each by itself: ",
            Option("by", other.name),
        ),
    )


def trimmed(column: Column, source: str) -> pl.Series:
    """A column of one value per row as text without blanks around it or invisible characters."""
    try:
        text = column.series.cast(pl.String)
    except pl.exceptions.PolarsError:
        raise InputError(
            f'{source}: the column "{column.name}" holds {kind_of(column.series.dtype)} that cannot be read as UTF-8 text.',
            "Save it as text.",
        ) from None
    fractions = r"^-?[0-9]+\.0+$"
    if (
        len(text)
        and text.head(100).str.contains(fractions).all()
        and text.str.contains(fractions).fill_null(False).all()
    ):  # whole numbers that became fractions
        text = text.str.replace(r"\.0+$", "")
    odd = text.str.contains(r"^\s|\s$|[^\x20-\x7e]").fill_null(False)
    if not odd.any():
        return text
    return pl.Series(text.name, [None if one is None else spelled(one) for one in text.to_list()], dtype=pl.String)


def find_groups(table: Table, ids: Ids) -> tuple[pl.Series | None, str | None]:
    """What rows belong to, and the column that says so: the named one, the one called `group`, or repeated ids."""
    name = table.options.group or ("group" if "group" in table.columns else None)
    if name is None:
        return ids.groups, ids.columns[0] if ids.groups is not None else None
    column = table.column(name, "group")
    if column.is_nested:
        raise InputError(
            f'{table.source}: the column "{name}" holds {kind_of(column.series.dtype)}, not one group per row.',
            ("Name another one: ", Option("group", "COLUMN")),
        )
    return trimmed(column, table.source).alias("group"), name


def find_weights(table: Table) -> pl.Series | None:
    """How much each row counts, from the column that the user named.

    Raises:
        InputError: a cell is not a number from 0.
    """
    if table.options.weights is None:
        return None
    column = table.column(table.options.weights, "weights")
    if table.options.weights in (table.options.label, table.options.predicted, table.options.group, table.options.id):
        raise InputError(f'"{column.name}" has another role too.', "Name a column of its own.", argument="weights")
    numbers = None if column.is_nested else column.numbers
    if numbers is None:
        raise InputError(f'{table.source}: the column "{column.name}" holds no numbers.', argument="weights")
    bad = ~np.isfinite(numbers.values) | (numbers.values < 0)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f'{table.place(row)}: the weight in "{column.name}" is {column.series[row]!r}, not a number from 0.',
            "Fix or remove this row.",
        )
    commas = any(one.numbers is not None and one.numbers.note == "decimal commas" for one in table.numbers().values())
    if commas and column.series.dtype == pl.String and column.series.str.contains(r"^[0-9]{1,3}(\.[0-9]{3})+$").any():
        raise InputError(
            f'{table.source}: a point in "{column.name}" may stand between thousands, as other columns have decimal commas.',
            "Write the weights without thousands separators.",
            argument="weights",
        )
    return pl.Series("weight", numbers.values)


def carried_along(table: Table, used: Iterable[str]) -> pl.DataFrame:
    """The columns without a role, for slices and for the page, in their types; nested ones are left out."""
    left_out = {*used, *CONTRACT, "group"}
    kept = [
        _typed(table.columns[name]) for name in table.frame.columns if name in table.columns and name not in left_out
    ]
    frame = pl.DataFrame([series for series in kept if not series.dtype.is_nested() and series.dtype != pl.Object])
    if "leaked" in frame.columns:
        text = frame["leaked"].cast(pl.String).str.to_lowercase()
        frame = frame.with_columns(text.is_in(list(YES)).fill_null(value=False).alias("leaked"))
    return frame


def _typed(column: Column) -> pl.Series:
    """A column of a text file as numbers or truth values, if all of its cells are."""
    series = column.series
    if not column.textual or series.dtype != pl.String:
        return series
    for kind in (pl.Int64, pl.Float64):
        numbers = series.cast(kind, strict=False)
        if numbers.null_count() == series.null_count() < len(series):
            return numbers
    lowered = series.str.to_lowercase()
    if lowered.drop_nulls().is_in(["true", "false"]).all() and series.null_count() < len(series):
        return lowered == "true"
    return series
