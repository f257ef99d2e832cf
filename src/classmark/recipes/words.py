"""What stands in a recipe before its keys say what it means: words as they were written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SHOWN_CHARACTERS = 60
QUOTED = re.compile(r"""(["'])((?:(?!\1).|\1\1)*)\1\s*(?:,|$)""", re.DOTALL)
AS_IT_IS = re.compile(r"[+-]?[0-9.][0-9.eE+-]{0,19}|\[[ -~]{0,40}\]")  # numbers and lists, which need no quotes


class Word(str):
    """A scalar of a YAML file or the value of an override, in its own characters; the type of its key reads it.

    Attributes:
        unset: it stands for "no value": `null`, `~` or nothing in YAML, `null` or nothing in an override.
        plain: it stands in YAML without quotes.
    """

    __slots__ = ("plain", "unset")
    unset: bool
    plain: bool

    def __new__(cls, text: str, *, unset: bool = False, plain: bool = False) -> Word:
        word = super().__new__(cls, text)
        word.unset, word.plain = unset, plain
        return word


def is_unset(value: Any) -> bool:
    """Whether a value stands for "no value"."""
    return value is None or (isinstance(value, Word) and value.unset)


def shown(value: Any) -> str:
    """A value as a message quotes it: one short line that any screen can show."""
    match value:
        case Word() if AS_IT_IS.fullmatch(value):
            return str(value)
        case str():
            return f"'{shown_text(value)}'" if '"' in value else f'"{shown_text(value)}"'
        case None | bool() | float():
            return str(value)
        case int():
            return str(value) if abs(value) < 10**20 else "a number of more than 20 digits"
        case Mapping():
            return "a section of keys"
        case list() | tuple():
            simple = all(isinstance(one, str | bool | float | None) or type(one) is int for one in value[:9])
            text = f"[{', '.join(map(_in_list, value[:9]))}]" if simple and len(value) < 9 else ""
            return text if 0 < len(text) <= SHOWN_CHARACTERS else f"a list of {len(value)} values"
    return type(value).__name__


def _in_list(value: Any) -> str:
    return shown_text(value) if isinstance(value, str) else shown(value)


def shown_text(text: str) -> str:
    """A text on one line, its end left out if it is long; characters that no screen shows are escaped."""
    cut = text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in cut
    )


def split_list(text: str) -> list[Word]:
    """The items of `a, b` or `[a, b]`, each as typed; one in quotes may hold commas, and its quotes are doubled.

    Raises:
        ValueError: a quote is not closed, or nothing stands in front of a comma.
    """
    rest = text.strip()
    inner = rest[1:-1]
    # Brackets around the whole: those of `[UNK],[PAD]` belong to two names.
    if rest.startswith("[") and rest.endswith("]") and ("]" not in inner or -1 < inner.find("[") < inner.find("]")):
        rest = inner.strip()
    items: list[Word] = []
    while rest:
        found = QUOTED.match(rest)
        item, _, after = (found[2], "", rest[found.end() :]) if found else rest.partition(",")
        if not item.strip():
            raise ValueError(f"{shown(text)}: nothing stands in front of a comma. Take the comma away")
        if not found and item.startswith('"'):
            raise ValueError(f"{shown(text)}: a quote is not closed. Close it, or double it if it belongs to the name")
        items.append(Word(item.replace(found[1] * 2, found[1]) if found else item.strip()))
        rest = after.strip()
    return items
