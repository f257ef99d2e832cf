"""The fast way through a delimited text whose quotes and lines are all regular; its cells are those of Python's csv."""

from __future__ import annotations

import csv

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.tables.fields import whole_fields
from classmark.tables.rows import Cells

QUOTE, LINE_FEED = ord('"'), ord("\n")


def regular_cells(body: str, separator: str) -> Cells | None:
    r"""The cells of a text that begins with the header; None for a text that is not regular.

    In a regular text each quote opens or closes a whole field or is doubled inside one, no field holds a line end, no line
    is blank, and each has as many fields as the header.
    """
    if not separator.isascii() or body.count("\r") != body.count("\r\n"):
        return None
    text = body.replace("\r\n", "\n") if "\r" in body else body
    line, _, rest = text.partition("\n")
    rest = rest.rstrip("\n")
    if not rest or rest.startswith("\n") or "\n\n" in rest or line.count('"') % 2:
        return None
    with whole_fields():
        header = next(csv.reader([line], delimiter=separator))
    data = rest.encode()
    rows = rest.count("\n") + 1
    if not _is_regular(data, ord(separator), rows * (len(header) - 1)):
        return None
    # With a name of ours first, polars cannot take the text for compressed data.
    names = separator.join(f"c{index}" for index in range(len(header))).encode()
    try:
        # Without the last line feed polars takes a last row with an empty field too many.
        frame = pl.read_csv(names + b"\n" + data + b"\n", separator=separator, infer_schema=False, quote_char='"')
    except pl.exceptions.PolarsError:  # a row has more fields
        return None
    if frame.shape != (rows, len(header)):
        return None
    return Cells(header, frame.get_columns(), np.arange(1, rows + 1, dtype=np.int64), ())


def _is_regular(data: bytes, separator: int, separators: int) -> bool:
    """Whether all quotes are regular, and there are this many separators outside of them."""
    if b'"' not in data:
        return data.count(separator) == separators
    outside = outside_quotes(data, separator)
    if outside is None:
        return False
    return int(np.count_nonzero((np.frombuffer(data, dtype=np.uint8) == separator) & outside)) == separators


def outside_quotes(data: bytes, separator: int) -> NDArray[np.bool_] | None:
    """Which bytes are outside of quoted fields; None if a quote is not regular, or a quoted field holds a line feed."""
    characters = np.frombuffer(data, dtype=np.uint8)
    is_quote = characters == QUOTE
    quotes = np.flatnonzero(is_quote)
    if len(quotes) % 2:
        return None
    opening, closing = quotes[0::2], quotes[1::2]
    ends = np.zeros(256, dtype=bool)
    ends[[separator, LINE_FEED, QUOTE]] = True
    if not (_borders(characters, opening - 1, ends) and _borders(characters, closing + 1, ends)):
        return None
    outside: NDArray[np.bool_] = np.cumsum(is_quote, dtype=np.uint8) % 2 == 0
    return None if np.any((characters == LINE_FEED) & ~outside) else outside


def _borders(characters: NDArray[np.uint8], positions: NDArray[np.int64], ends: NDArray[np.bool_]) -> bool:
    """Whether there is the start, the end, or one of these characters at every position."""
    inner = positions[(positions >= 0) & (positions < len(characters))]
    return bool(ends[characters[inner]].all())
