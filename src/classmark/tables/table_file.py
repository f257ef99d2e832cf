"""What reading a table gives, and the steps that all formats share: names, blank rows, row numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?")
WORDS_OF_A_TEXT = 6  # more than the name of a column has
PUT_NAMES = "Its first line seems to be a row, not names. Put a line with the names of the columns above it."
# Blanks, the byte order mark, and characters without width.
AROUND_NAMES = " \t\r\n\v\f\xa0\u200b\u200c\u200d\u2060\ufeff"


@dataclass(frozen=True)
class TableFile:
    """A table as it is in a file.

    Attributes:
        source: how messages call it: the path as given, or "standard input".
        frame: at least one row; blank rows are left out.
        row_numbers: shape (N,): the number of each row in the file. Data rows count from 1, without the header and with
            the blank ones.
        textual: every column is `pl.String` exactly as written in the file (CSV, TSV). Otherwise types mean something.
        notes: what reading did, one sentence each.
        repeated: names of columns that occur more than once. The later ones are called `name (2)`, `name (3)`.
    """

    source: str
    frame: pl.DataFrame
    row_numbers: NDArray[np.int64]
    textual: bool
    notes: tuple[str, ...]
    repeated: frozenset[str]

    @property
    def lacks_names(self) -> bool:
        """Whether the first line seems to be a row: a name in it is a number, or as long as a text."""
        names = self.frame.columns
        return self.textual and any(NUMBER.fullmatch(name) or len(name.split()) >= WORDS_OF_A_TEXT for name in names)

    def place(self, row: int) -> str:
        """The file and the number of a row of the frame (from 0), for messages: `reviews.csv, row 17`."""
        return f"{self.source}, row {self.row_numbers[row]}"


def build_table(
    source: str,
    columns: Sequence[tuple[str, pl.Series]],
    row_numbers: NDArray[np.int64] | None = None,
    *,
    textual: bool = False,
    notes: Sequence[str] = (),
) -> TableFile:
    """The table with these columns, without its blank rows; it may have no rows at all.

    Args:
        source: for messages.
        columns: each name as written, and its values.
        row_numbers: of the rows; None for 1, 2, 3 and so on.
        textual: every cell is as written.
        notes: what reading did so far.
    """
    names, repeated = unique_names([name for name, _ in columns])
    frame = pl.DataFrame({name: values for name, (_, values) in zip(names, columns, strict=True)})
    numbers = np.arange(1, frame.height + 1, dtype=np.int64) if row_numbers is None else row_numbers
    if columns and all(values.null_count() for _, values in columns):
        filled = frame.select(~pl.all_horizontal(pl.all().is_null())).to_series()
        frame, numbers = frame.filter(filled), numbers[filled.to_numpy()]
    again = [
        f'The column "{name}" occurs {count} times; a number was added to the names of the later ones.'
        for name, count in repeated.items()
    ]
    return TableFile(source, frame, numbers, textual, (*notes, *again), frozenset(repeated))


def unique_names(written: Sequence[str]) -> tuple[list[str], dict[str, int]]:
    """The names without blanks around them, each different, and how often those occur that occur more than once."""
    stripped = [name.strip(AROUND_NAMES) for name in written]
    repeated = {name: count for name, count in Counter(stripped).items() if count > 1}
    taken, names = set(stripped), dict[str, None]()
    for name in stripped:
        unique, number = name, 1
        while unique in names or (number > 1 and unique in taken):
            number += 1
            unique = f"{name} ({number})"
        names[unique] = None
    return list(names), repeated
