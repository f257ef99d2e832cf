"""CSV and TSV: every cell exactly as written, by the rules of Python's csv reader; an empty unquoted cell is null."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from classmark.tables.collection import collection_paused
from classmark.tables.contents import Content
from classmark.tables.layout import Layout, find_layout
from classmark.tables.ragged import settle_widths
from classmark.tables.regular import regular_cells
from classmark.tables.rows import Cells, read_rows
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
    stand_in = None if content.quotes else _unused(text)
    if stand_in:
        text = text.replace('"', stand_in)
    layout = find_layout(text, content.source, ending)
    cells = read_body(text[layout.start :], layout, content.source)
    if stand_in:
        header = [name.replace(stand_in, '"') for name in cells.header]
        columns = [values.str.replace_all(stand_in, '"', literal=True) for values in cells.columns]
        cells = replace(cells, header=header, columns=columns)
    notes = (*content.notes, *decoding, *layout.notes)
    return cells_table(cells, layout, content.source, notes)


def _unused(text: str) -> str:
    """A character for private use that the text does not have, in place of its quotes."""
    return next(character for code in range(0xE000, 0xF8FF) if (character := chr(code)) not in text)


def read_body(body: str, layout: Layout, source: str, before: int | None = None) -> Cells:
    """The cells of a text that begins with the header.

    Args:
        body: the header and whole rows.
        layout: how to read it.
        source: for messages.
        before: how many rows of the file come between the header and these, which are a block of it and must all have as
            many fields as the header; None if they are the whole.

    Raises:
        InputError: it is no table; the message names the row.
    """
    cells = regular_cells(body, layout.separator)
    if cells is not None:
        return replace(cells, numbers=cells.numbers + (before or 0))
    with collection_paused():
        rows = read_rows(body, layout.separator, source, before or 0)
        return settle_widths(rows, source, layout.separator, exact=before is not None)


def cells_table(cells: Cells, layout: Layout, source: str, notes: Sequence[str] = ()) -> TableFile:
    """The table of these cells; it may have no rows."""
    cells = _without_headers(_named(cells, layout))
    columns = list(zip(cells.header, cells.columns, strict=True))
    return build_table(source, columns, cells.numbers, textual=True, notes=(*notes, *cells.notes))


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
