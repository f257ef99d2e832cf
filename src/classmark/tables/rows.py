"""The rows of a delimited text with quotes or odd line ends, by Python's csv reader."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import InputError
from classmark.tables.fields import whole_fields
from classmark.tables.quotes import quotes_of


@dataclass(frozen=True)
class Cells:
    """The cells of a delimited text, by column.

    Attributes:
        header: the names as written.
        columns: of strings; null is an empty unquoted cell.
        numbers: shape (N,): of the rows in the file, from 1.
        notes: what reading them found.
    """

    header: list[str]
    columns: list[pl.Series]
    numbers: NDArray[np.int64]
    notes: tuple[str, ...]

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.numbers)


@dataclass
class Rows:
    """The same by row; rows may differ in width.

    Attributes:
        header: the names as written.
        rows: the cells of each data row that is not blank.
        numbers: of these rows in the file, from 1.
        joined: number and lines of each row that may be several rows, joined by a quote.
    """

    header: list[str]
    rows: list[list[str | None]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    joined: list[tuple[int, list[str]]] = field(default_factory=list)


def read_rows(body: str, separator: str, source: str, before: int = 0) -> Rows:
    """The rows of a text that begins with the header.

    Args:
        body: the header and whole rows.
        separator: one character.
        source: for messages.
        before: how many rows of the file come between the header and these.

    Raises:
        InputError: a quote never closes.
    """
    lines = list(io.StringIO(body, newline=""))
    quoted_blanks = '""' in body
    with whole_fields():
        reader = csv.reader(lines, delimiter=separator)
        table = Rows(next(reader, []))
        width, first, line, number = len(table.header), 0, reader.line_num, 0
        for number, row in enumerate(reader, start=before + 1):
            first, line = line, reader.line_num
            cells: list[str | None] = list(row)
            if "" in row:
                quoted = quotes_of("".join(lines[first:line]), separator).quoted if quoted_blanks else ()
                cells = [cell if cell or (quoted and quoted[index]) else None for index, cell in enumerate(row)]
            if _is_blank(row, width):
                continue
            table.rows.append(cells)
            table.numbers.append(number)
            if line - first > 1 and all(part.count(separator) == width - 1 for part in lines[first:line]):
                table.joined.append((number, lines[first:line]))
    if not quotes_of("".join(lines[first:line]), separator).closed:
        place = f"{source}, row {number}" if number else f"{source}, the header"
        raise InputError(
            f"{place}: a quoted text begins here and never ends.",
            'Close its quote. A quote inside a text is written twice (""), and the text stands in quotes.',
        )
    return table


def _is_blank(row: Sequence[str], width: int) -> bool:
    return not row or (len(row) == 1 and width > 1 and row[0].isspace())
