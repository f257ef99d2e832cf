"""What stands in a recipe before its keys say what it means: words as they were written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

SHOWN_CHARACTERS = 60
NUMBER_LIKE = re.compile(r"[+-]?[0-9.][0-9.eE+-]{0,19}")


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
        case str():
            return str(value) if NUMBER_LIKE.fullmatch(value) else f'"{shown_text(value)}"'
        case None | bool() | float():
            return str(value)
        case int():
            return str(value) if abs(value) < 10**20 else "a number of more than 20 digits"
        case Mapping():
            return "a section of keys"
        case Sequence():
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
    """The items of `a, b` or `[a, b]`, each as typed; one in quotes may hold commas.

    Raises:
        ValueError: a quote is not closed, or nothing stands between two commas.
    """
    inner = text.strip()
    if inner.startswith("[") and inner.endswith("]"):
        inner = inner[1:-1].strip()
    items: list[Word] = []
    while inner:
        item, inner = _quoted_item(inner) if inner[0] in "\"'" else _plain_item(inner)
        items.append(Word(item))
    return items


def _plain_item(text: str) -> tuple[str, str]:
    item, _, rest = text.partition(",")
    if not item.strip():
        raise ValueError(f"{shown(text)}: nothing stands in front of a comma. Take the comma away")
    return item.strip(), rest.strip()


def _quoted_item(text: str) -> tuple[str, str]:
    """The item in quotes that a text begins with, and what follows it; a quote inside is doubled."""
    quote, at, letters = text[0], 1, ""
    while at < len(text):
        if text[at] != quote:
            letters += text[at]
        elif text[at + 1 : at + 2] == quote:
            letters, at = letters + quote, at + 1
        else:
            rest = text[at + 1 :].lstrip()
            if rest and not rest.startswith(","):
                return _plain_item(text)  # the quote belongs to the name, as in "no" more
            return letters, rest[1:].strip()
        at += 1
    return _plain_item(text) if quote == "'" else _unclosed(text)


def _unclosed(text: str) -> tuple[str, str]:
    raise ValueError(f"{shown(text)}: a quote is not closed. Close it, or double it if it belongs to the name")
