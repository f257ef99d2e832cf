"""Values of a recipe, read by the type of their key: words of a file or an override as they are typed, and Python's own."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from classmark.errors import InputError, nearest
from classmark.recipes.kinds import LARGEST, Kind, Span, expected, is_section, kind_of
from classmark.recipes.words import Word, is_unset, shown, shown_text, split_list
from classmark.recipes.yaml_text import section_of

NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
LEADING_ZEROS = re.compile(r"([+-]?)0+([0-9]+)")
APART = re.compile(r"[+-]?[0-9]{1,3}(?:[_,'][0-9]{3})+")
PERCENT = re.compile(r"([0-9]{1,2}(?:\.[0-9]+)?) ?%")
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]{1,3},(?:[0-9]{1,2}|[0-9]{4,})")
NOT_FINITE = ("inf", "infinity", "nan")
BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
LONGEST_NAME, LONGEST_PATH = 255, 4_000  # bytes of one name, characters of a path


def read_value(kind: Kind, value: Any) -> Any:
    """A value as its key takes it.

    Args:
        kind: of the key.
        value: a `Word`, or any value of Python; numpy's scalars and arrays are taken as Python's.

    Raises:
        ValueError: it is none that the key accepts; the text says what is.
    """
    value = _as_python(value)
    if is_unset(value):
        if kind.may_be_unset:
            return None
        if any(is_section(option) for option in kind.options):
            return {}
        raise ValueError(f"there is no value; {expected(kind)} is expected")
    problems = []
    for option in kind.options:
        try:
            return _read_one(option, value)
        except ValueError as error:
            problems.append(error)
    if len(problems) == 1:
        raise problems[0]
    raise ValueError(f"{shown(value)}: {expected(kind)} is expected")


def _as_python(value: Any) -> Any:
    if isinstance(value, str | bytes | Mapping | BaseModel):
        return value
    given = getattr(value, "tolist", None) or getattr(value, "to_list", None)
    return given() if callable(given) and not isinstance(value, type) else value


def read_argument(name: str, value: Any, annotation: Any, span: Span | None = None) -> Any:
    """An argument of a public function, read as a recipe's key of this type is.

    Raises:
        InputError: it is none that is accepted.
    """
    try:
        return read_value(Kind(annotation, (span,) if span else ()), value)
    except ValueError as error:
        raise InputError(f"{error}.", argument=name) from None


def _read_one(kind: Kind, value: Any) -> Any:
    if get_origin(kind.type) is Literal:
        return _choice(kind, value)
    if get_origin(kind.type) in (tuple, list):
        return _list(kind, value)
    if kind.type is bool:
        return _boolean(kind, value)
    if kind.type in (int, float):
        return _number(kind, value)
    if kind.type is str:
        return _text(kind, value)
    return _section(kind, value) if is_section(kind) else value


def _text(kind: Kind, value: Any) -> str:
    if kind.path and isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)}: {expected(kind)} is expected")
    if not value.strip():
        raise ValueError(f"there is no value; {expected(kind)} is expected")
    if _unwritable(value):
        raise ValueError(f"{shown(value)}: {expected(kind)} is expected, and it cannot hold such characters")
    return _path(value) if kind.path else str(value)


def _unwritable(text: str) -> bool:
    """Whether a text holds what no file name and no UTF-8 can: a NUL or half of a character."""
    return "\0" in text or (not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text))


def with_home(path: str) -> str:
    """The path with the home folder in place of `~`, where there is such a folder."""
    if not path.startswith("~"):
        return path
    try:
        return str(Path(path).expanduser())
    except RuntimeError:  # no home folder, or the name of no user
        return path


def _path(text: str) -> str:
    path = with_home(text)
    if len(path) > LONGEST_PATH or any(len(part.encode()) > LONGEST_NAME for part in Path(path).parts):
        raise ValueError(f"{shown(text)}: this is too long for a path")
    return path


def _number(kind: Kind, value: Any) -> int | float:
    refusal = ValueError(f"{shown(value)}: {expected(kind)} is expected{_hint(kind, value)}")
    if isinstance(value, Word):
        text = value.strip()
        if not (text.isascii() and NUMBER.fullmatch(text)):
            raise refusal
        exact: Any = Decimal(text)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        exact = value
    else:
        raise refusal
    if exact != exact or abs(exact) > 1e308:
        raise refusal
    whole = kind.type is int
    number = int(exact) if whole and abs(exact) < 1e30 else float(exact)
    if whole and number != exact:
        raise refusal
    most = kind.bound("le") or (LARGEST if whole else number)
    if number > most >= LARGEST:
        raise ValueError(f"{shown(value)}: {expected(kind)} is expected, and at most {most:,}")
    if not _within(kind, number):
        raise refusal
    return number


def _hint(kind: Kind, value: Any) -> str:
    """How a number is to be written that is none for us."""
    if str(value).strip().lower().lstrip("+-.") in NOT_FINITE:
        return ", and a finite one"
    if not isinstance(value, Word):
        return ""
    if kind.type is float and (found := PERCENT.fullmatch(value.strip())):
        return f", as a share: {float(found[1]) / 100:g}"
    if kind.type is float and DECIMAL_COMMA.fullmatch(value.strip()):
        return f", with a point: {value.strip().replace(',', '.')}"
    if found := LEADING_ZEROS.fullmatch(value.strip()):
        return f", without zeros in front: {found[1]}{found[2]}"
    if APART.fullmatch(value.strip()):
        return ", without signs between its digits: " + re.sub(r"[_,']", "", value.strip())
    return ""


def _within(kind: Kind, number: float) -> bool:
    least, above, most, below = (kind.bound(name) for name in ("ge", "gt", "le", "lt"))
    return (
        (least is None or number >= least)
        and (above is None or number > above)
        and (most is None or number <= most)
        and (below is None or number < below)
    )


def _boolean(kind: Kind, value: Any) -> bool:
    if isinstance(value, Word) and value.strip().lower() in BOOLEANS:
        return BOOLEANS[value.strip().lower()]
    if isinstance(value, bool):
        return value
    raise ValueError(f"{shown(value)}: {expected(kind)} is expected")


def _choice(kind: Kind, value: Any) -> str:
    choices = get_args(kind.type)
    if isinstance(value, str) and value.strip() in choices:
        return str(value.strip())
    near = nearest(value.strip(), choices) if isinstance(value, str) else ""
    raise ValueError(f"{shown(value)}: {expected(kind)} is expected{'.' if near else ''}{near}")


def _list(kind: Kind, value: Any) -> list[Any] | tuple[Any, ...]:
    if isinstance(value, Word) and not NUMBER.fullmatch(value.strip()):
        value = split_list(value)
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise ValueError(f"{shown(value)}: {expected(kind)} is expected")
    items = get_args(kind.type)
    if len(items) == 1 or items[1] is ...:
        items = (items[0],) * len(value)
    if len(items) != len(value):
        raise ValueError(f"{shown(value)}: {expected(kind)} is expected")
    read = [_item(kind_of(item), one) for item, one in zip(items, value, strict=True)]
    return read if get_origin(kind.type) is list else tuple(read)


def _item(kind: Kind, value: Any) -> Any:
    if kind.type is Any:
        return value
    # In a list, null is a word like any other: a class may be called so.
    return read_value(kind, Word(value) if isinstance(value, Word) else value)


def _section(kind: Kind, value: Any) -> Any:
    value = section_of(value)
    if isinstance(value, BaseModel):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"{shown(value)}: {expected(kind)} is expected")
    inner = kind_of(get_args(kind.type)[1]) if get_origin(kind.type) is dict else Kind(Any)
    found = {}
    for key, one in value.items():
        if not isinstance(key, str) or _unwritable(key):
            raise ValueError(f"{shown(key)}: this cannot be the name of a key")
        try:
            found[key] = one if inner.type is Any else read_value(inner, one)
        except ValueError as error:
            raise ValueError(f"{shown_text(key)}: {error}") from None
    return found
