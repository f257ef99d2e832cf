"""Columns that belong together: one per class, told by names such as `prob_cat`, `P(target=cat)`, `cat` or `cat_score`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from classmark.data.class_names import NUMBER, fold, plain_number
from classmark.reading.classes import match, spelled
from classmark.reading.columns import Column
from classmark.reading.names import (
    LOGIT_WORDS,
    ONLY_LOGIT_WORDS,
    PROBABILITY_WORDS,
    SCORING_WORDS,
    TRUTH_WORDS,
    words_in,
)

SEPARATORS = " _-.:=()[]|/'\"\u00b7"


@dataclass(frozen=True)
class Family:
    """Columns whose names are one pattern with a class name in it.

    Attributes:
        before, after: what stands before and after the class name.
        columns: N column names, in the order of the table.
        classes: N class names as the labels spell them, else as the columns do.
    """

    before: str
    after: str
    columns: tuple[str, ...]
    classes: tuple[str, ...]

    def only(self, classes: Sequence[str]) -> Family:
        """The columns of these classes alone."""
        kept = [(name, one) for name, one in zip(self.columns, self.classes, strict=True) if one in classes]
        return Family(self.before, self.after, tuple(name for name, _ in kept), tuple(one for _, one in kept))

    @property
    def words(self) -> list[str]:
        return words_in(f"{self.before} {self.after}")

    def says(self, vocabulary: Iterable[str], further: Iterable[str] = ()) -> bool:
        """Whether all that stands around the class names is of this vocabulary."""
        return set(self.words) <= {*vocabulary, *further}


def spellings(name: str) -> list[str]:
    """How a class name may stand in a column name: as it is, as a number, as R writes it, as a truth value."""
    found = [name]
    if (number := plain_number(name)) is not None:
        found += [number, f"{number}.0"]
    mangled = "".join(letter if letter.isalnum() else "." for letter in name)
    found += [mangled, mangled.replace(".", "_"), f"X{mangled}"]
    truth = {"true": ("1",), "false": ("0",), "1": ("true",), "0": ("false",)}
    found += truth.get(fold(name), ())
    return list(dict.fromkeys(found))


def families(
    columns: Mapping[str, Column], classes: Sequence[str], label: str = "", *, whole: bool = False
) -> list[Family]:
    """Every family that has a column for each of the classes; it may have columns of further classes too.

    Args:
        columns: the columns of numbers.
        classes: what the labels are.
        label: the column of the labels, whose name some tools write before the class.
        whole: the columns are known to be scores, so that a name that is no class of the labels is one without rows.
    """
    if not classes:
        return []
    anchor = max(classes, key=len)
    found: dict[tuple[str, ...], Family] = {}
    for before, after in patterns(columns, anchor, label):
        if (family := _family(columns, before, after, classes, whole=whole)) is not None:
            known = found.get(family.columns)
            if known is None or len(family.words) < len(known.words):
                found[family.columns] = family
    return _widest(list(found.values()))


def patterns(columns: Iterable[str], name: str, label: str = "") -> dict[tuple[str, str], None]:
    """What stands before and after a class name in any column, where it is set apart; `label` is the label's column."""
    found: dict[tuple[str, str], None] = {}
    for column in columns:
        lowered = column.casefold()
        if len(lowered) != len(column):
            lowered = column
        for spelling in spellings(name):
            word = spelling.casefold()
            start = lowered.find(word)
            while start >= 0:
                before, after = column[:start], column[start + len(word) :]
                if _apart(before, word, after, label):
                    found[before, after] = None
                start = lowered.find(word, start + 1)
    return found


def _apart(before: str, word: str, after: str, label: str) -> bool:
    """Whether a class name is set apart in a column name: by a separator, a change of case, or a digit after letters."""
    opened = not before or before[-1] in SEPARATORS or (before[-1].isalpha() and (word[0].isdigit() or word[0] == "-"))
    opened = opened or before.casefold() in ("p", "prob", "proba")
    opened = opened or (bool(label) and before.casefold().endswith(label.casefold()))
    return opened and (not after or after[0] in SEPARATORS)


def _family(
    columns: Mapping[str, Column], before: str, after: str, classes: Sequence[str], *, whole: bool
) -> Family | None:
    stems = {}
    for name in columns:
        if len(name) > len(before) + len(after) and name.startswith(before) and name.endswith(after):
            stem = spelled(name[len(before) : len(name) - len(after)])
            if stem is not None:
                stems[name] = stem
    if len(stems) < 2 or len(set(stems.values())) < len(stems):
        return None
    meant = match(classes, stems.values())
    if meant is None:
        return None
    labels = {stem: name for name, stem in meant.names.items()}
    if not before and not after and not whole:  # nothing but class names: most other columns of numbers are no classes
        counted = all(NUMBER.fullmatch(name) for name in classes)
        stems = {name: stem for name, stem in stems.items() if stem in labels or (counted and NUMBER.fullmatch(stem))}
    return Family(before, after, tuple(stems), tuple(labels.get(stem, stem) for stem in stems.values()))


def _widest(found: list[Family]) -> list[Family]:
    """Without families that are part of another one of the same columns and more."""
    return [
        one
        for one in found
        if not any(set(one.columns) < set(other.columns) and other.before == one.before for other in found)
    ]


def indexed_families(columns: Mapping[str, Column], further: Iterable[str] = ()) -> list[Family]:
    """Families that number their classes from 0 or 1 and are called as probabilities are: prob_0, prob_1."""
    grouped: dict[tuple[str, str], dict[str, str]] = {}
    for name in columns:
        digits = [place for place, letter in enumerate(name) if letter.isdigit()]
        if not digits:
            continue
        end = digits[-1] + 1
        start = end
        while start > 0 and name[start - 1].isdigit():
            start -= 1
        grouped.setdefault((name[:start], name[end:]), {})[name[start:end]] = name
    found = []
    for (before, after), numbers in grouped.items():
        wanted = [[str(place + first) for place in range(len(numbers))] for first in (0, 1)]
        order = next((names for names in wanted if set(names) == set(numbers)), None)
        if order is None or len(order) < 2:
            continue
        family = Family(before, after, tuple(numbers[name] for name in order), tuple(order))
        if family.words and family.says(LOGIT_WORDS, further):
            found.append(family)
    return found


def is_truth(family: Family, columns: Mapping[str, Column]) -> bool:
    """Whether a family is the true class, one-hot: names such as `label_cat`, and one 1 among zeros in every row."""
    if not family.words or not family.says(TRUTH_WORDS):
        return False
    return is_one_hot(family, columns)


def is_one_hot(family: Family, columns: Mapping[str, Column]) -> bool:
    """Whether every row has one 1 and zeros."""
    numbers = [columns[name].numbers for name in family.columns]
    if any(one is None or one.bad is not None or not one.are_flags for one in numbers):
        return False
    return bool((np.sum([one.values for one in numbers if one is not None], axis=0) == 1).all())


def rank(family: Family, label: str, *, logits: bool) -> int:
    """How surely a family's names say that it holds scores: 0 by a word for them, 1 by class names alone, 2 not at all."""
    vocabulary = LOGIT_WORDS if logits else PROBABILITY_WORDS
    if not family.words:
        return 1
    if not family.says(vocabulary, words_in(label)):
        return 2
    return 0 if set(family.words) & {*SCORING_WORDS, *(LOGIT_WORDS - PROBABILITY_WORDS)} or family.before else 1


def says_logits(family: Family) -> bool:
    """Whether a family's names say that it holds logits."""
    return bool(set(family.words) & ONLY_LOGIT_WORDS)
