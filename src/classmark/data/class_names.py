"""One class name: how it is spelled, which names look alike, and which words mean "no label"."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

from classmark.errors import nearest

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
WHOLE_AS_DECIMAL = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0*")
# The soft hyphen, zero-width and direction marks, the byte order mark, variation selectors.
INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
AROUND = re.compile(rf"^(?:\s|{INVISIBLE.pattern})+|(?:\s|{INVISIBLE.pattern})+$")
MISSING_WORDS = frozenset(
    {
        "na",
        "n/a",
        "#n/a",
        "<na>",
        "n.a.",
        "k.a.",
        "nan",
        "nat",
        "none",
        "null",
        "(null)",
        "\\n",  # of MySQL and PostgreSQL
        "nil",
        "?",
        "missing",
        "unknown",
    }
    | {"unlabeled", "unlabelled", "undefined", "not available", "#value!", "#null!"}
)
# Letters of other alphabets that look like Latin ones (of Unicode's confusables, those of everyday words).
TWINS = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеорсухіјѕԁһ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονι",
    "ABESIJKMHOPCTYXaeopcyxijsdh" + "ABEZHIKMNOPTYXovi",
)
TRUTH = {"true": "True", "false": "False"}
TRUTH_NUMBERS = {"True": "1", "False": "0"}


def trimmed(name: str) -> str | None:
    """A class name composed (NFC), without blanks and invisible characters around it; None if nothing is left."""
    text = AROUND.sub("", unicodedata.normalize("NFC", name).replace("\u00a0", " "))
    return re.sub("\u2212(?=[0-9])", "-", text) or None


def bare(name: str) -> str:
    """A trimmed name without the invisible characters inside."""
    return trimmed(INVISIBLE.sub("", name)) or name


def without_decimals(name: str) -> str:
    """`1` for `1.0`, and any other name as it is."""
    found = WHOLE_AS_DECIMAL.fullmatch(name)
    return name if found is None else "0" if found[1] == "-0" else found[1]


def matched_name(name: str, classes: Sequence[str]) -> str | None:
    """The class that a trimmed name means by the rules of `classmark.data.rows`; None if the model has no such class."""
    truth = TRUTH.get(name.lower(), name)
    candidates = [name, without_decimals(name), truth]
    if (visible := bare(name)) != name:
        candidates += [visible, without_decimals(visible), TRUTH.get(visible.lower(), visible)]
    candidates += [one for one in classes if INVISIBLE.search(one) and bare(one) == visible]
    if set(classes) == {"0", "1"}:
        candidates.append(TRUTH_NUMBERS.get(truth, name))
    if set(classes) == {"False", "True"}:
        candidates += [word for word, number in TRUTH_NUMBERS.items() if number == without_decimals(name)]
    return next((candidate for candidate in candidates if candidate in classes), None)


def is_missing_word(name: str) -> bool:
    """Whether tools write this word where a value is missing."""
    return name.casefold() in MISSING_WORDS


def fold(name: str) -> str:
    """What stays equal when case, width and blanks are left aside."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def plain_number(name: str) -> str | None:
    """A number in its shortest form, so that 1, 1.0 and 1e0 are one; None if the name is no number."""
    if not NUMBER.fullmatch(name):
        return None
    value = float(name)
    if not math.isfinite(value):
        return None
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)


def look_alikes(names: Iterable[str]) -> list[list[str]]:
    """Classes that differ in capitals, blanks, width, alphabet, invisible characters or the spelling of a number only."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(plain_number(name) or _outline(name), []).append(name)
    return [sorted(group) for group in groups.values() if len(group) > 1]


def _outline(name: str) -> str:
    """How a name looks at a glance: without invisible characters, and with Cyrillic and Greek letters as their Latin twins."""
    return fold(INVISIBLE.sub("", name).translate(TWINS))


LIKENESSES: tuple[tuple[str, Callable[[str], str | None]], ...] = (
    ("in case", str.casefold),
    ("in blanks", lambda name: "".join(name.split())),
    ("in invisible characters", lambda name: INVISIBLE.sub("", name)),
    ("in the spelling of a number", plain_number),
    ("in case, width, blanks or alphabet", _outline),
)


def near_class(name: str, classes: Sequence[str]) -> str:
    """` The class "pos" differs in case alone.` for a name that no class has, or an empty string if none is near."""
    for likeness, alike in LIKENESSES:
        key = alike(name)
        same = [one for one in classes if key is not None and alike(one) == key]
        if same:
            return f' The class "{same[0]}" differs {likeness} alone.'
    return nearest(name, classes)
