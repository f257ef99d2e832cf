"""Rows with more or fewer fields than the header: what explains all of them alike, or the refusal of the first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from classmark.errors import InputError
from classmark.tables.layout import SEPARATORS
from classmark.tables.rows import Cells, Rows

ROW_NAMES = "row_names"
ROWS_LOOKED_AT = 1_000  # for what would be in most rows


def settle_widths(table: Rows, source: str, separator: str, *, exact: bool = False, is_last: bool = True) -> Cells:
    """The cells by column.

    More fields in every row than in the header are empty last ones, or one field with the row names that R writes.

    Args:
        table: the rows.
        source: for messages.
        separator: one character.
        exact: every row must have as many fields as the header.
        is_last: no rows of the file follow.

    Raises:
        InputError: a row has more or fewer fields than the header.
    """
    header, rows, notes = list(table.header), table.rows, list[str]()
    widths = set(map(len, rows))
    width = len(header)
    if exact and widths - {width}:
        _refuse_first(table, source, is_last)
    elif min(widths, default=0) > width and all(cell is None for row in rows for cell in row[width:]):
        several = max(widths) > width + 1
        rows = [row[:width] for row in rows]
        notes.append(
            "Every row ends with separators; the empty last columns were left out."
            if several
            else "Every row ends with a separator; the empty last column was left out."
        )
    elif widths == {width + 1} and _are_row_names(rows):
        header.insert(0, ROW_NAMES)
        notes.append(f'The header has no name for the first column, as R writes row names; it is called "{ROW_NAMES}".')
    elif widths == {width - 1} and not header[-1].strip():
        header.pop()
        notes.append("The header ends with a separator; the empty last name was left out.")
    elif widths - {width}:
        _refuse_first(table, source, is_last)
    notes += [*_joined_rows(table, separator), *_quotes_kept(rows, table.numbers)]
    columns: Sequence[Sequence[str | None]] = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    series = [pl.Series(values, dtype=pl.String) for values in columns]
    return Cells(header, series, np.array(table.numbers, dtype=np.int64), tuple(notes))


def _are_row_names(rows: Sequence[Sequence[str | None]]) -> bool:
    """Whether the first fields can be R's row names: each another, and none the start of a text cut at its comma."""
    firsts = {row[0] for row in rows}
    cut = any((row[1] or "").startswith(" ") for row in rows)
    return len(rows) > 1 and len(firsts) == len(rows) and None not in firsts and not cut


def _refuse_first(table: Rows, source: str, is_last: bool) -> None:
    width = len(table.header)
    index = next(index for index, row in enumerate(table.rows) if len(row) != width)
    fields = len(table.rows[index])
    problem = f"{source}, row {table.numbers[index]}: {_counted(fields)}, but the header has {width}."
    if fields > width:
        raise InputError(problem, _remedy_for_more(table.rows[index]))
    if is_last and table.numbers[index] > 1 and index == len(table.rows) - 1:
        raise InputError(problem, "It is the last row: the file may be cut off. Fetch it again.")
    raise InputError(problem, 'Put a text that holds a line break in quotes: "…".')


def _remedy_for_more(row: Sequence[str | None]) -> str:
    """What to do about a row with more fields than the header; some rows have quotes that do not enclose a text."""
    cells = [cell for cell in row if cell]
    if any("\\" in cell and '"' in cell for cell in cells):
        return 'A quote inside a text is written twice (""), not with a backslash in front.'
    if any(cell[0] == " " and cell.lstrip(" ").startswith('"') for cell in cells):
        return "A blank stands between a separator and a quote, so that the quote encloses nothing. Remove such blanks."
    return 'Put a text that holds the separator in quotes: "…".'


def _counted(fields: int) -> str:
    return "1 field" if fields == 1 else f"{fields} fields"


def _joined_rows(table: Rows, separator: str) -> list[str]:
    """A note where a quote opens in one row and closes in a later one, so that all between became one text."""
    if len(table.header) < 2:
        return []
    suspects = table.joined if separator == "\t" else _with_known_values(table, separator)
    if not suspects:
        return []
    number, lines = suspects[0]
    more = f" So do {len(suspects) - 1} more rows." if len(suspects) > 1 else ""
    return [
        f"Row {number} spans {len(lines)} lines and holds {SEPARATORS.get(separator, 'separators')}; a quote may have "
        f'joined {len(lines)} rows.{more} Write a quote inside a text twice ("") and put the text in quotes.'
    ]


def _quotes_kept(rows: Sequence[Sequence[str | None]], numbers: Sequence[int]) -> list[str]:
    """A note where quotes belong to a cell because a blank stands in front of them, or stand in it with a backslash."""
    notes = dict[str, str]()
    for row, number in zip(rows[:ROWS_LOOKED_AT], numbers, strict=False):
        for cell in row:
            if cell and cell[0] == " " and cell[-1] == '"' and cell.lstrip(" ").startswith('"'):
                notes.setdefault(
                    "blank",
                    f"Row {number} has a blank between a separator and a quote, so that the quotes belong to the cell. "
                    "Remove such blanks.",
                )
            elif cell and '\\"' in cell and cell[-1] == '"':
                notes.setdefault(
                    "backslash",
                    f"Row {number} has quotes with a backslash in front, which were kept. "
                    'A quote inside a text is written twice ("").',
                )
    return list(notes.values())


def _with_known_values(table: Rows, separator: str) -> list[tuple[int, list[str]]]:
    """Of the rows that may be joined, those in whose lines one column holds only values that other rows have too."""
    if not table.joined:
        return []
    suspected = {number for number, _ in table.joined}
    others = [row for row, number in zip(table.rows, table.numbers, strict=True) if number not in suspected]
    known = [set(column) for column in zip(*others, strict=False)]
    return [
        (number, lines)
        for number, lines in table.joined
        if any(
            {field.strip('"\r\n') for field in fields} <= values
            for fields, values in zip(zip(*(line.split(separator) for line in lines), strict=True), known, strict=False)
        )
    ]
