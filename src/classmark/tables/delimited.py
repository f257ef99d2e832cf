"""CSV and TSV: every cell exactly as written, by the rules of Python's csv reader; an empty unquoted cell is null."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from classmark.tables.collection import collection_paused
from classmark.tables.contents import Content
from classmark.tables.layout import Layout, find_layout
from classmark.tables.ragged import settle_widths
from classmark.tables.regular import regular_cells
from classmark.tables.rows import Cells, read_rows
from classmark.tables.table_file import AROUND_NAMES, TableFile, build_table
from classmark.tables.text import decoded


@dataclass(frozen=True)
class Part:
    """Where a block of rows is in its file.

    Attributes:
        before: how many rows come between the header and these.
        is_last: no rows follow.
    """

    before: int
    is_last: bool


def read_delimited(content: Content, ending: str) -> TableFile:
    """The table in a delimited text; it may have no rows.

    Args:
        content: of the file.
        ending: `.csv`, `.tsv`, `.txt`, or empty where it is not known.

    Raises:
        InputError: it is no text or no table; the message names the row.
    """
    text, decoding = decoded(content)
    layout = find_layout(text if content.quotes else text.replace('"', unused_character(text)), content.source, ending)
    cells = read_body(text[layout.start :], layout, content.source, quotes=content.quotes)
    notes = (*content.notes, *decoding, *layout.notes)
    return cells_table(cells, layout, content.source, notes)


def unused_character(text: str) -> str:
    """A character for private use that the text does not have, in place of its quotes."""
    return next(character for code in range(0xE000, 0xF8FF) if (character := chr(code)) not in text)


def read_body(body: str, layout: Layout, source: str, part: Part | None = None, *, quotes: bool = True) -> Cells:
    """The cells of a text that begins with the header.

    Args:
        body: the header and whole rows.
        layout: how to read it.
        source: for messages.
        part: where these rows are in the file, if they are a block of it, which must all have as many fields as the header.
        quotes: whether quotes enclose a cell; else they are ordinary characters.

    Raises:
        InputError: it is no table; the message names the row.
    """
    if not quotes and '"' in body:
        stand_in = unused_character(body)
        cells = read_body(body.replace('"', stand_in), layout, source, part)
        header = [name.replace(stand_in, '"') for name in cells.header]
        columns = [values.str.replace_all(stand_in, '"', literal=True) for values in cells.columns]
        return replace(cells, header=header, columns=columns)
    before = 0 if part is None else part.before
    regular = regular_cells(body, layout.separator)
    if regular is not None:
        return replace(regular, numbers=regular.numbers + before)
    with collection_paused():
        rows = read_rows(body, layout.separator, source, before)
        return settle_widths(
            rows, source, layout.separator, exact=part is not None, is_last=part is None or part.is_last
        )


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
