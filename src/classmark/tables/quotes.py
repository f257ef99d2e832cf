"""What Python's csv reader does not tell about a row: which empty cells are quoted, and whether its last quote closes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True)
class Quotes:
    """The quotes of one row.

    Attributes:
        quoted: for each cell, whether it begins with a quote.
        closed: whether no quote is open at the end.
    """

    quoted: tuple[bool, ...]
    closed: bool


class _At(Enum):
    """Where the reader stands, as in Python's `_csv.c`."""

    START = auto()
    PLAIN = auto()
    INSIDE = auto()
    QUOTE_INSIDE = auto()


def quotes_of(row: str, separator: str) -> Quotes:
    """The quotes of one row as it is in the file, by the rules of Python's csv reader in its default dialect.

    Args:
        row: with its line ends.
        separator: one character.
    """
    quoted, at = [False], _At.START
    for character in row if row.endswith(("\n", "\r")) else f"{row}\n":
        match at:
            case _At.INSIDE:
                at = _At.QUOTE_INSIDE if character == '"' else _At.INSIDE
            case _At.QUOTE_INSIDE if character == '"':
                at = _At.INSIDE
            case _At.START if character == '"':
                quoted[-1], at = True, _At.INSIDE
            case _ if character == separator:
                quoted.append(False)
                at = _At.START
            case _:
                at = _At.PLAIN
    return Quotes(tuple(quoted), at is not _At.INSIDE)
