"""CSV and TSV: every cell exactly as written, by the rules of Python's csv reader; an empty unquoted cell is null."""

from __future__ import annotations

import numpy as np
import polars as pl

from classmark.tables.contents import Content
from classmark.tables.layout import Layout, find_layout
from classmark.tables.ragged import settle_widths
from classmark.tables.rows import Cells, read_cells
from classmark.tables.table_file import AROUND_NAMES, TableFile, build_table
from classmark.tables.text import decoded


def read_delimited(content: Content, ending: str) -> TableFile:
    """The table in a delimited text; it may have no rows.

    Args:
        content: of the file.
        ending: `.csv`, `.tsv`, `.txt`, or empty where it is not known.

    Raises:
        InputError: it is no text or no table; the message names the row.
    """
    text, decoding = decoded(content)
    layout = find_layout(text, content.source, ending)
    body = text[layout.start :]
    cells = _regular_cells(body, layout.separator)
    if cells is None:
        cells = settle_widths(read_cells(body, layout.separator, content.source), content.source, layout.separator)
    cells = _without_headers(_named(cells, layout))
    columns = list(zip(cells.header, cells.columns, strict=True))
    notes = (*content.notes, *decoding, *layout.notes, *cells.notes)
    return build_table(content.source, columns, cells.numbers, textual=True, notes=notes)


def _regular_cells(body: str, separator: str) -> Cells | None:
    """The cells by the fast way, for a text without quotes whose lines all have as many fields; None for any other."""
    if '"' in body or not separator.isascii() or body.count("\r") != body.count("\r\n"):
        return None
    line, _, rest = body.replace("\r\n", "\n").partition("\n")
    header, rest = line.split(separator), rest.rstrip("\n")
    rows = rest.count("\n") + 1
    if not rest or rest.startswith("\n") or "\n\n" in rest or rest.count(separator) != rows * (len(header) - 1):
        return None
    # With a name of ours first, polars cannot take the text for compressed data.
    names = separator.join(f"c{index}" for index in range(len(header)))
    try:
        frame = pl.read_csv(f"{names}\n{rest}".encode(), separator=separator, infer_schema=False, quote_char=None)
    except pl.exceptions.PolarsError:  # a row has more fields
        return None
    if frame.shape != (rows, len(header)):
        return None
    return Cells(header, frame.get_columns(), np.arange(1, rows + 1, dtype=np.int64), ())


def _named(cells: Cells, layout: Layout) -> Cells:
    """The cells with a first name that lost its comment sign, and without empty last columns that have no name."""
    header, columns = list(cells.header), list(cells.columns)
    if layout.comment_header:
        header[0] = header[0].removeprefix("#")
    notes = cells.notes
    width = len(header)
    while width > 1 and not header[width - 1].strip(AROUND_NAMES) and columns[width - 1].null_count() == cells.height:
        width -= 1
    if cells.height and width < len(header):
        notes = (*notes, "Every line ends with a separator; the empty last column was left out.")
        header, columns = header[:width], columns[:width]
    return Cells(header, columns, cells.numbers, notes)


def _without_headers(cells: Cells) -> Cells:
    """The cells without rows that repeat the header, as in files that were joined."""
    if len(cells.header) < 2 or not cells.height:
        return cells
    repeats = (cells.columns[0] == cells.header[0]).fill_null(False)
    for name, values in zip(cells.header[1:], cells.columns[1:], strict=True):
        if not repeats.any():
            return cells
        repeats &= values.is_null() if name == "" else (values == name).fill_null(False)
    if not repeats.any():
        return cells
    rows = cells.numbers[repeats.to_numpy()].tolist()
    shown = ", ".join(map(str, rows[:8])) + (f", … ({len(rows)} in all)" if len(rows) > 8 else "")
    note = f"Row {shown} repeats the header and was left out."
    if len(rows) > 1:
        note = f"Rows {shown} repeat the header and were left out."
    kept = [values.filter(~repeats) for values in cells.columns]
    return Cells(cells.header, kept, cells.numbers[~repeats.to_numpy()], (*cells.notes, note))
