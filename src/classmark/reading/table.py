"""A table that others made, ready to be understood: its columns, what the user said about them, and where rows stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import InputError, Option, nearest, shortened
from classmark.reading.classes import match
from classmark.reading.columns import Column
from classmark.reading.nested import flattened
from classmark.reading.options import ReadOptions
from classmark.system.types import kind_of

MOST_VALUES = 10_000


@dataclass(frozen=True)
class Table:
    """A table with N rows.

    Attributes:
        source: how messages call it.
        frame: the columns as they are.
        columns: the same by name, nested ones laid out.
        options: what the user said.
        row_numbers: number of each row in the file, shape (N,).
        repeated: names that several columns have.
        notes: what was done to read the file.
        order: class names in the order of lists of probabilities, if the table says so.
        in_memory: the values were given in memory, role by role.
    """

    source: str
    frame: pl.DataFrame
    columns: dict[str, Column]
    options: ReadOptions
    row_numbers: NDArray[np.int64]
    repeated: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    order: tuple[str, ...] | None = None
    in_memory: bool = False

    def place(self, row: int) -> str:
        """`file.csv, row 17` for a row index from 0."""
        return f"{self.source}, row {self.row_numbers[row]}"

    def column(self, name: str, option: str) -> Column:
        """The column that the user named by an option.

        Raises:
            InputError: there is none, or there are two.
        """
        if name not in self.columns:
            raise InputError(
                (f'{self.source}: there is no column "{name}" (', Option(option), "); the columns are ",
                 f"{shortened(list(self.columns))}."),
                nearest(name, self.columns).strip(),
            )  # fmt: skip
        self.check_single([name])
        return self.columns[name]

    def check_single(self, names: Iterable[str]) -> None:
        """Refuse names that several columns have."""
        for name in names:
            if name in self.repeated:
                raise InputError(
                    f'{self.source}: several columns are called "{name}".', "Give each of them a name of its own."
                )

    def without(self, *names: str | None) -> dict[str, Column]:
        """The columns but for some."""
        return {name: column for name, column in self.columns.items() if name not in names}

    def numbers(self, *left_out: str | None) -> dict[str, Column]:
        """The columns of numbers but for some."""
        return {
            name: one for name, one in self.without(*left_out).items() if not one.is_nested and one.numbers is not None
        }


def build_table(
    source: str,
    frame: pl.DataFrame,
    options: ReadOptions,
    *,
    textual: bool = False,
    row_numbers: NDArray[np.int64] | None = None,
    repeated: frozenset[str] = frozenset(),
    notes: tuple[str, ...] = (),
    order: tuple[str, ...] | None = None,
    in_memory: bool = False,
) -> Table:
    """The table of a frame; rows that `options.where` does not name are left out.

    Raises:
        InputError: a condition names no column or no row.
    """
    numbers = np.arange(1, frame.height + 1) if row_numbers is None else row_numbers
    columns = {name: Column(name, frame[name], textual) for name in frame.columns}
    table = Table(source, frame, columns, options, numbers, repeated, notes, order, in_memory)
    for name, value in options.where:
        table = _where(table, name, value)
    return replace(table, columns=flattened(table.columns, source))


def _where(table: Table, name: str, value: str) -> Table:
    """The rows that have a value in a column."""
    column = table.column(name, "where")
    if column.is_nested:
        raise InputError(f'{table.source}: the column "{name}" holds {kind_of(column.series.dtype)}.', argument="where")
    meant = match([value], column.classes) if column.has_at_most(MOST_VALUES) else None
    wanted = value if meant is None or meant.likeness not in ("", "number") else meant.names[value]
    keep = (column.names == wanted).fill_null(False)
    if not keep.any():
        known = [word for word in column.classes if word]
        raise InputError(
            f'{table.source}: no row has "{value}" in the column "{name}"; it holds {shortened(known)}.'
            f"{nearest(value, known)}",
            argument="where",
        )
    frame = table.frame.filter(keep)
    columns = {one: Column(one, frame[one], table.columns[one].textual) for one in frame.columns}
    return replace(table, frame=frame, columns=columns, row_numbers=table.row_numbers[keep.to_numpy()])
