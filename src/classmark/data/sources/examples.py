"""The examples in tables of one's own: their contents, labels, ids, groups and splits, whatever else stands beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from classmark.data.columns import set_apart
from classmark.data.rows import as_written, is_plain, text_column
from classmark.data.sources.label_tables import refuse_missing_label
from classmark.data.sources.source import TEST, TRAIN, VALIDATION
from classmark.data.sources.typed import inferred
from classmark.data.split_names import split_of
from classmark.errors import InputError, Key, Message, nearest, shortened
from classmark.system.types import kind_of
from classmark.tables import TableFile, read_table_file
from classmark.tables.table_file import PUT_NAMES

if TYPE_CHECKING:
    from classmark.recipes.schema import Data

OwnIds = Callable[[pl.Series], list[str]]
Kind = Literal["text", "image"]


@dataclass(frozen=True)
class Parts:
    """What the tables of a recipe hold.

    Attributes:
        frames: part → its rows, from `read_examples`.
        paths: part → the file that it is in.
        notes: what reading the files did, one sentence each.
    """

    frames: dict[str, pl.DataFrame]
    paths: dict[str, str]
    notes: tuple[str, ...] = field(default=())


def read_parts(data: Data, kind: Kind, own_ids: OwnIds) -> Parts:
    """The rows of `data.path`, split by `data.split_column`, and those of `data.validation_path` and `data.test_path`.

    Args:
        data: the recipe's `data`.
        kind: what the rows hold; `data.text_column` or `data.image_column` names its column.
        own_ids: gives an id for each value of that column, where there is no `data.id_column`.

    Raises:
        InputError: a table cannot be read, lacks a column, or a part is given twice.
    """
    assert data.path is not None
    rows, notes = read_examples(data.path, data, kind, own_ids)
    parts = {TRAIN: rows} if data.split_column is None else _split(rows, data.split_column, data.path)
    paths = dict.fromkeys(parts, data.path)
    said = list(notes)
    whole = data.model_copy(update={"split_column": None})
    for part, path in ((VALIDATION, data.validation_path), (TEST, data.test_path)):
        if path is None:
            continue
        if part in parts:
            raise InputError(
                f'data.{part}_path: {data.path} has rows for {part} itself, by its column "{data.split_column}". '
                f"Leave out data.{part}_path or data.split_column."
            )
        rows, notes = read_examples(path, whole, kind, own_ids)
        # Ids that are not the file's own must not meet those of other files.
        parts[part] = rows if data.id_column else rows.with_columns(id=f"{part}-" + pl.col("id"))
        paths[part] = path
        said += notes
    return Parts(parts, paths, tuple(said))


def read_examples(path: str, data: Data, kind: Kind, own_ids: OwnIds) -> tuple[pl.DataFrame, list[str]]:
    """The columns `id`, the kind's, `label` (as written) and `place` of a table, and notes on how it was read.

    Where the recipe names them, also `group` and `split`; and the file's further columns of plain values, called as
    `classmark.data.columns` says. Rows count from 1 without the header; blank ones are passed over.

    Raises:
        InputError: the table cannot be read, lacks a column, or its ids are not unique.
    """
    table = read_table_file(Path(path), quotes=data.quoting == "auto")
    if data.quoting == "none" and not table.textual:
        raise InputError((Key("data.quoting"), f": {path} is no CSV or TSV, so it has no quotes."), "Leave it out.")
    content_column = data.text_column if kind == "text" else data.image_column
    named = {f"data.{kind}_column": content_column, "data.label_column": data.label_column}
    more = {"data.id_column": data.id_column, "data.group": data.group, "data.split_column": data.split_column}
    named |= {key: column for key, column in more.items() if column is not None}
    _check_columns(table, named, data)
    values = {key: _plain(table, key, column) for key, column in named.items()}
    content = text_column(values[f"data.{kind}_column"]).alias(kind)
    columns = {
        "id": _ids(table, values.get("data.id_column"), data.id_column, content, own_ids),
        kind: content,
        "label": as_written(values["data.label_column"]),
        "place": pl.Series([f"{path}, row {row}" for row in table.row_numbers.tolist()], dtype=pl.String),
    }
    columns |= {name: text_column(values[f"data.{key}"]) for name, key in _OPTIONAL if f"data.{key}" in values}
    used = {column for key, column in named.items() if key != "data.group"}
    further = {set_apart(name): _further(table, name) for name in table.frame.columns if name not in used}
    columns |= {name: found for name, found in further.items() if found is not None}
    return pl.DataFrame(columns), _notes(table)


_OPTIONAL = (("group", "group"), ("split", "split_column"))


def _check_columns(table: TableFile, named: Mapping[str, str], data: Data) -> None:
    """Refuse columns that are not there, are there twice, or have two roles that exclude each other."""
    names = table.frame.columns
    for key, column in named.items():
        if column in names and column not in table.repeated:
            continue
        if column in names:
            raise InputError(
                f'{table.source}: the column "{column}" occurs more than once.', "Rename or remove all but one."
            )
        if key == "data.group":
            further = [name for name in names if name not in named.values()]
            known = shortened(further) or "none"
            raise InputError(
                f'data.group: {table.source} has no column "{column}". Its further columns: {known}.'
                f"{nearest(column, further)}"
            )
        if key == "data.label_column":
            refuse_missing_label(table.frame, table.source, column, set(named.values()))
        raise InputError(
            f'{table.source}: there is no column "{column}"; its columns are {shortened(names)}.{nearest(column, names)}',
            _remedy(key, table, data),
        )
    label = named["data.label_column"]
    for key in set(named) - {"data.label_column", "data.id_column"}:
        if named[key] == label:
            raise InputError(
                f'{key}: "{label}" is the column of the labels (data.label_column). Name another one, or leave the key out.'
            )


def _remedy(key: str, table: TableFile, data: Data) -> Message:
    """What to do where a column is not there: a header that looks like data is none."""
    names = table.frame.columns
    if table.lacks_names:
        return PUT_NAMES
    part = {data.validation_path: "validation", data.test_path: "test"}.get(table.source)
    if key == "data.label_column" and part is not None and not nearest(data.label_column, names):
        return f"A {part} set needs labels; rows without labels are for classmark predict."
    return ("Name the right one: ", Key(key, "…"))


def _plain(table: TableFile, key: str, column: str) -> pl.Series:
    """The values of a column that the recipe names.

    Raises:
        InputError: they are lists, records or bytes.
    """
    values = table.frame[column]
    if not is_plain(values.dtype):
        kind = kind_of(values.dtype)
        raise InputError(
            f'{table.source}: the column "{column}" holds {kind}, not text.',
            "Keep one label per row, or train one model for each label." if key == "data.label_column" else "",
        )
    return values


def _further(table: TableFile, column: str) -> pl.Series | None:
    """A column that nobody names, with a type for slices; None if it does not hold plain values."""
    values = table.frame[column]
    if table.textual:
        return inferred(values)
    return values if is_plain(values.dtype) and values.dtype != pl.Null else None


def _ids(table: TableFile, ids: pl.Series | None, column: str | None, content: pl.Series, own_ids: OwnIds) -> pl.Series:
    """The ids of the rows: the file's own, else those that tell row and content."""
    if ids is None or column is None:
        rows = table.row_numbers - 1
        in_file: list[str | None] = [None] * (int(rows[-1]) + 1)
        for row, value in zip(rows.tolist(), content.to_list(), strict=True):
            in_file[row] = value
        return pl.Series(own_ids(pl.Series(in_file, dtype=pl.String)))[rows]
    names = text_column(ids)
    if names.null_count():
        problem = f'{names.null_count():,} rows have no "{column}".'
        raise InputError((f"{table.source}: ", Key("data.id_column"), f": {problem}"), "Every row needs one.")
    repeated = names.is_duplicated()
    if repeated.any():
        problem = f': the id "{names.filter(repeated)[0]}" stands in more than one row.'
        raise InputError((f"{table.source}: ", Key("data.id_column"), problem), "Every row needs its own.")
    return names


def _split(rows: pl.DataFrame, column: str, path: str) -> dict[str, pl.DataFrame]:
    """Part → its rows, by the names of splits in the column `split`."""
    written = rows["split"].unique(maintain_order=True).to_list()
    parts = {value: split_of(value) if value is not None else None for value in written}
    other = [value for value in written if parts[value] not in (TRAIN, VALIDATION, TEST)]
    if other:
        first = rows.filter(pl.col("split").eq_missing(other[0]))["place"][0]
        known = shortened([f'"{value}"' for value in written if value is not None])
        what = "there is no split" if other[0] is None else f'"{other[0]}" is no split'
        raise InputError(
            f'{first}: {what} in the column "{column}" (data.split_column); its values are {known}.',
            "Write train, validation or test in each row, or leave out data.split_column.",
        )
    part = rows["split"].replace_strict(parts, return_dtype=pl.String)
    frames = {name: rows.filter(part == name).drop("split") for name in (TRAIN, VALIDATION, TEST) if name in set(part)}
    if TRAIN not in frames:
        raise InputError(f'{path}: no row is for training by its column "{column}" (data.split_column).')
    return frames


def _notes(table: TableFile) -> list[str]:
    """What reading did, with the key that changes it."""
    key = " Or, if quotes are ordinary characters here: data.quoting=none"
    return [f"{table.source}: {note}{key if 'a quote may have' in note else ''}" for note in table.notes]
