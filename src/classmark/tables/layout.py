"""Where a delimited text has its header, and what separates its columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from classmark.errors import InputError
from classmark.tables.fields import whole_fields

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
SHOWN = {"\t": "<tab>"}
SAMPLE_CHARACTERS, SAMPLE_ROWS = 1_000_000, 50
SEP_LINE = re.compile(r'"?sep=([^\r\n"])"?[\r\n]*', re.IGNORECASE)
# A number, as a header hardly ever holds one and data often do.
NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", re.ASCII)


@dataclass(frozen=True)
class Layout:
    """How to read a delimited text.

    Attributes:
        separator: one character.
        start: the position in the text at which the header begins.
        notes: what was passed over or settled.
        comment_header: the header is written as a comment (`# y_true,y_score`), as numpy does.
    """

    separator: str
    start: int
    notes: tuple[str, ...]
    comment_header: bool = False


def find_layout(text: str, source: str, ending: str) -> Layout:
    """The layout of a text that is not blank.

    Args:
        text: the whole.
        source: for messages.
        ending: `.csv`, `.tsv`, `.txt`, or empty where it is not known.

    Raises:
        InputError: the separator or the header cannot be told.
    """
    with whole_fields():
        return _layout(text, source, ending)


def _layout(text: str, source: str, ending: str) -> Layout:
    lines = list(io.StringIO(text[:SAMPLE_CHARACTERS], newline=""))
    if len(text) > SAMPLE_CHARACTERS and len(lines) > 1:
        lines.pop()
    first = _next_filled(lines, 0)
    named = SEP_LINE.fullmatch(lines[first])
    notes = list[str]()
    if named:
        notes.append(f'The first line, "sep={SHOWN.get(named.group(1), named.group(1))}", names the separator.')
        first = _next_filled(lines, first + 1)
    rest = _next_filled(lines, first, comments=True)
    given = named.group(1) if named else None
    if rest == first:
        separator = given or _separator(lines[first:], source, ending, notes)
        return Layout(separator, _position(lines, first), tuple(notes))
    return _after_comments(lines, (first, rest), source, ending, given, notes)


def _next_filled(lines: Sequence[str], first: int, *, comments: bool = False) -> int:
    """The next line that is not blank, nor a comment."""
    while first < len(lines) and (not lines[first].strip() or (comments and lines[first].startswith("#"))):
        first += 1
    return first


def _position(lines: Sequence[str], first: int) -> int:
    return sum(map(len, lines[:first]))


def _rows(lines: Sequence[str], separator: str) -> list[list[str]]:
    """The first rows that are not blank."""
    rows = list[list[str]]()
    for row in csv.reader(lines, delimiter=separator):
        if len(rows) == SAMPLE_ROWS:
            break
        if len(row) > 1 or (row and row[0].strip()):
            rows.append(row)
    return rows


def _fits(lines: Sequence[str], separator: str) -> bool:
    """Whether it separates every line into as many fields, at least two; the header may lack that of row names."""
    header, *rest = [len(row) for row in _rows(lines, separator)] or [0]
    return header >= 2 and (set(rest) <= {header} or set(rest) == {header + 1})


def _separator(lines: Sequence[str], source: str, ending: str, notes: list[str]) -> str:
    usual = {".csv": ",", ".tsv": "\t"}.get(ending)
    if usual and max(map(len, _rows(lines, usual)[:1]), default=0) > 1:
        return usual
    present = [mark for mark in SEPARATORS if mark != usual and mark in lines[0]]
    fitting = [mark for mark in present if _fits(lines, mark) and not (ending == ".txt" and f"{mark} " in lines[0])]
    if len(fitting) == 1:
        if usual:
            notes.append(f"The columns are separated by {SEPARATORS[fitting[0]]}, not by {SEPARATORS[usual]}.")
        return fitting[0]
    if fitting:
        marks = " or ".join(SEPARATORS[mark] for mark in fitting)
        raise InputError(f"{source}: the columns could be separated by {marks}.", "Save the file with commas as .csv.")
    if ending == ".txt":
        raise InputError(
            f"{source}: a .txt file is read as a table if tabs, commas, semicolons or vertical bars separate its header "
            "and every row alike. Those of this file do not.",
            "Save it as .csv, .tsv or .jsonl.",
        )
    if present and (usual or len(present) > 1):
        _refuse_unfit(source, present[0], usual)
    return usual or (present[0] if present else ",")


def _refuse_unfit(source: str, mark: str, usual: str | None) -> None:
    if usual is None:
        raise InputError(f"{source}: no separator fits the header and every row.", "Save the file with commas as .csv.")
    raise InputError(
        f"{source}: the header seems to be separated by {SEPARATORS[mark]}, but not every row has as many fields.",
        f'Put a text that holds the separator in quotes: "…". Or save the file with {SEPARATORS[usual]}.',
    )


def _after_comments(
    lines: Sequence[str], span: tuple[int, int], source: str, ending: str, given: str | None, notes: list[str]
) -> Layout:
    """The layout of a text whose first lines begin with #: comments, or the last of them is the header."""
    first, rest = span
    last = next(line for line in range(rest - 1, first - 1, -1) if lines[line].startswith("#"))
    comment = lines[last]
    if rest == len(lines):
        separator = given or _separator(lines[first:], source, ending, notes)
        return Layout(separator, _position(lines, first), tuple(notes))
    tried = list[str]()
    separator = given or _separator(lines[rest:], source, ending, tried)
    after = _rows(lines[rest:], separator)
    widths = {len(row) for row in after}
    if widths != {len(next(csv.reader([comment], delimiter=separator)))}:
        count = rest - first - sum(not line.strip() for line in lines[first:rest])
        skipped = f"The first {count} lines are comments and were skipped."
        notes += [*tried, "The first line is a comment and was skipped." if count == 1 else skipped]
        return Layout(separator, _position(lines, rest), tuple(notes))
    if comment[1:2].strip():
        return Layout(separator, _position(lines, last), (*notes, *tried))
    of_names = len(after[0]) > 2 or separator == "\t" or any(NUMBER.fullmatch(cell) for cell in after[0])
    if not of_names:
        raise InputError(
            f"{source}: the line {comment.strip()} may be a comment or the header.",
            "Remove the line if it is a comment, or its # if it is the header.",
        )
    note = "The header is the line that begins with #, which is no part of its first name."
    return Layout(separator, _position(lines, last), (*notes, *tried, note), comment_header=True)
