"""Class names: how they are spelled, which words mean "no label", and which spellings mean the same class."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from classmark.data.class_names import INVISIBLE, NUMBER, fold, is_missing_word, plain_number, trimmed

WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")
MISSING_CODES = frozenset({"-1", "-9", "-99", "-100", "-999", "-9999", "99", "999", "9999"})
# Of these, the ones that may well be a class.
CLASS_WORDS = frozenset({"none", "missing", "unknown", "-", "--", "."})
LESS_LIKELY_CLASS_WORDS = CLASS_WORDS | {"null", "nil", "undefined"}
YES, NO = frozenset({"true", "1", "t"}), frozenset({"false", "0", "f"})
# The first of each pair is the negative class by the convention of every tool that uses these words.
CONVENTIONS = (
    *(("0", "1"), ("-1", "1"), ("false", "true"), ("f", "t"), ("no", "yes"), ("n", "y"), ("-", "+")),
    *(("neg", "pos"), ("negative", "positive"), ("absent", "present"), ("control", "case"), ("off", "on")),
)
NEGATIONS = ("not", "non", "no", "un")


def spelled(name: object) -> str | None:
    """A class name without what nobody sees: composed (NFC), trimmed, no invisible characters; None if nothing is left."""
    return trimmed(INVISIBLE.sub("", str(name)))


def class_column(column: pl.Series) -> pl.Series:
    """One class name per row as text, null where there is none.

    Whole numbers that are written as decimals throughout lose the decimals: 1.0 is "1". Boolean values are "True" and
    "False". NaN is no name.
    """
    if column.dtype == pl.Boolean:
        return column.replace_strict({True: "True", False: "False"}, return_dtype=pl.String, default=None)
    if column.dtype.is_float():
        column = column.fill_nan(None)
    text = column.cast(pl.String)
    names = {name: spelled(name) for name in text.drop_nulls().unique().to_list()}
    kept = [name for name in names.values() if name is not None and not is_missing_word(name)]
    if kept and all(re.fullmatch(r"-?[0-9]+\.0+", name) for name in kept):
        names = {name: value.partition(".")[0] if value in kept else value for name, value in names.items()}
    if all(name == value for name, value in names.items()):
        return text
    return text.replace_strict(names, return_dtype=pl.String, default=None)


def by_index(names: pl.Series, classes: Sequence[str] | None) -> pl.Series | None:
    """Class indices from 0 as the names that the user gives in their order; None if the column holds something else."""
    said = set(names.drop_nulls().unique().to_list())
    indices = {str(place): name for place, name in enumerate(classes or ())}
    if "0" not in said or not said <= set(indices) or said & set(classes or ()):
        return None
    return names.replace_strict(indices, return_dtype=pl.String, default=None)


def natural_order(names: Iterable[str]) -> tuple[str, ...]:
    """Class names sorted with the numbers in them by value, so that LABEL_10 comes after LABEL_9."""

    def key(name: str) -> list[tuple[int, float, str]]:
        parts = re.split(r"([0-9]+)", name)
        return [(0, float(part), "") if part.isdigit() else (1, 0.0, part) for part in parts if part]

    return tuple(sorted(names, key=key))


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Class names sorted: by value if all are numbers, so that 10 comes after 9."""
    found = list(names)
    return tuple(sorted(found, key=float if all(NUMBER.fullmatch(name) for name in found) else None))


def conventional_positive(classes: Sequence[str]) -> str | None:
    """The positive one of two classes if convention says which: 1 of 0 and 1, yes of no and yes, spam of "not spam"."""
    if len(classes) != 2:
        return None
    folded = {fold(name): name for name in classes}
    for negative, positive in CONVENTIONS:
        if set(folded) == {negative, positive}:
            return folded[positive]
    if all(NUMBER.fullmatch(name) for name in classes):
        return max(classes, key=float)
    one, other = folded if len(folded) == 2 else ("", "")
    for negative, positive in ((one, other), (other, one)):
        rest = re.sub(r"[\s_\-.]+", "", positive)
        if rest and re.sub(r"[\s_\-.]+", "", negative) in {word + rest for word in NEGATIONS}:
            return folded[positive]
    return None


def is_usual_pair(classes: Sequence[str]) -> bool:
    """Whether two classes are the two that there are, such as no and yes, so that no third one can be missing."""
    if len(classes) != 2:
        return False
    folded = {fold(re.sub(r"^[0-9]+:", "", name)) for name in classes}  # Weka numbers its classes
    return any(folded == set(pair) for pair in CONVENTIONS) or (
        conventional_positive(classes) is not None and not all(NUMBER.fullmatch(name) for name in classes)
    )


def _without_marks(name: str) -> str | None:
    if NUMBER.fullmatch(name):  # -1 is not 1
        return None
    return re.sub(r"[\W_]+", "", fold(name)) or None


def _truth_value(name: str) -> str | None:
    folded = plain_number(name) or fold(name)
    return "yes" if folded in YES else "no" if folded in NO else None


def _without_prefix(name: str) -> str | None:
    """Without fastText's `__label__`, Hugging Face's `LABEL_`, and Weka's number before a colon."""
    return fold(re.sub(r"^(__label__|[0-9]+:|label_|class_)", "", name, flags=re.IGNORECASE)) or None


# From the closest likeness to the loosest; each maps a name to what must be equal.
LIKENESSES: tuple[tuple[str, Callable[[str], str | None]], ...] = (
    ("number", plain_number),
    ("capitals or blanks", fold),
    ("a prefix", _without_prefix),
    ("punctuation", _without_marks),
    ("a truth value", _truth_value),
)


@dataclass(frozen=True)
class Match:
    """How the names of one place are those of another.

    Attributes:
        names: each name → the known name that it means.
        likeness: what they differ in; empty if they are equal.
    """

    names: dict[str, str]
    likeness: str = ""


def match(names: Iterable[str], known: Iterable[str]) -> Match | None:
    """Which of the known classes each name means, if every one of them means a different one; else None.

    Equal names win. Otherwise the closest likeness that pairs the names one to one is taken: 1.0 and 1, No and no,
    `__label__pos` and pos, no.answer and "no answer", True and 1.
    """
    found, classes = list(dict.fromkeys(names)), list(dict.fromkeys(known))
    if set(found) <= set(classes):
        return Match({name: name for name in found})
    for likeness, alike in LIKENESSES:
        keys = {key: name for name in classes if (key := alike(name)) is not None}
        if len(keys) < len([name for name in classes if alike(name) is not None]):
            continue  # two known classes would be one
        paired = {name: keys.get(key) for name in found if (key := alike(name)) is not None}
        pairs = {name: name if name in classes else paired.get(name) for name in found}
        if None not in pairs.values() and len(set(pairs.values())) == len(found):
            return Match({name: str(meant) for name, meant in pairs.items()}, likeness)
    return None
