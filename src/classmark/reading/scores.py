"""Which columns hold the model's scores: one per class, a list, or one score; decided by names and checked by values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

import numpy as np
import polars as pl

from classmark.errors import InputError, Option, shortened
from classmark.reading.classes import match
from classmark.reading.columns import Column, Floats
from classmark.reading.families import (
    families,
    indexed_families,
    is_one_hot,
    is_truth,
    patterns,
    rank,
    says_logits,
)
from classmark.reading.names import (
    ID,
    LISTS,
    LOGIT,
    LOGIT_LISTS,
    LOGIT_WORDS,
    PREDICTED,
    PROBABILITY_WORDS,
    SCORE,
    SCORING_WORDS,
    WEIGHTS,
    is_named,
    numbered,
    words_in,
)

SUM_TOLERANCE = 1e-4
MOST_TOLERANCE = 0.1


class Kind(StrEnum):
    """What the values of several scores per row are."""

    SHARES = "shares"  # from 0 to 1, rows sum to one
    PERCENT = "percent"  # from 0 to 100, rows sum to a hundred
    LOGARITHMS = "logarithms"  # their exponentials are shares
    UNEVEN = "uneven"  # from 0 to 1, some rows do not sum to one
    OUTSIDE = "outside"  # beyond 0 to 1
    UNREAD = "unread"  # a cell is no number


@dataclass(frozen=True)
class Scores:
    """The columns that hold scores, and their values.

    Attributes:
        columns: their names.
        values: shape (N, C), or (N, 1) for one score; NaN where a cell is not a number.
        classes: the class of each column as its name says; empty if the names say nothing.
        indexed: the names number the classes (from 0 or 1), so that only an order is known.
        foreign: the names say other classes than the labels, so that not even the order is known.
        of_class: for one score, the class that its name says.
        decimals: digits after the point, as far as rounding explains them.
        bad: column name and row index of the first cell that is not a number.
        notes: how the numbers were written.
        listed: the values come from one column of lists.
    """

    columns: tuple[str, ...]
    values: Floats
    classes: tuple[str, ...] = ()
    indexed: bool = False
    foreign: bool = False
    of_class: str | None = None
    decimals: int | None = None
    bad: tuple[str, int] | None = None
    notes: tuple[str, ...] = field(default=())
    listed: bool = False

    @property
    def is_single(self) -> bool:
        return int(self.values.shape[1]) == 1

    @cached_property
    def tolerance(self) -> float:
        """How far a row's sum may be from one: 1e-4, or what the number of digits explains."""
        if not self.decimals:
            return SUM_TOLERANCE
        explained = self.values.shape[1] * 0.5 * 10.0**-self.decimals
        return float(max(SUM_TOLERANCE, min(MOST_TOLERANCE, explained * (1 + 1e-9))))

    @cached_property
    def kind(self) -> Kind:
        """What the values are; for one score a share lies in [0, 1]."""
        values = self.values
        if self.bad is not None or not np.isfinite(values).all():
            return Kind.UNREAD
        sums = values.sum(axis=1)
        if (values >= (-1e-6 if self.is_single else 0)).all() and (values <= 1 + self.tolerance).all():
            even = self.is_single or (np.abs(sums - 1) <= self.tolerance).all()
            return Kind.SHARES if even else Kind.UNEVEN
        if self.is_single:
            return Kind.OUTSIDE
        rounding = 1e-2 if self.decimals is None else values.shape[1] * 0.5 * 10.0**-self.decimals
        if (values >= 0).all() and (np.abs(sums - 100) <= max(rounding * (1 + 1e-9), 1e-2)).all():
            return Kind.PERCENT
        if (values <= 1e-9).all() and (np.abs(np.exp(values).sum(axis=1) - 1) <= 1e-3).all():
            return Kind.LOGARITHMS
        return Kind.OUTSIDE

    @cached_property
    def largest(self) -> list[str]:
        """The class of the largest score of each row, for scores of named classes."""
        return [self.classes[place] for place in np.argmax(self.values, axis=1).tolist()]


def columns_scores(columns: Mapping[str, Column], names: Sequence[str], classes: Sequence[str] = ()) -> Scores:
    """The scores in the named columns of numbers."""
    read = {name: columns[name].numbers for name in names}
    values = [np.full(len(columns[name].series), np.nan) if one is None else one.values for name, one in read.items()]
    bad = None
    for name, one in read.items():
        place = 0 if one is None else one.bad
        if place is not None and (bad is None or place < bad[1]):
            bad = (name, place)
    decimals = [None if one is None else one.decimals for one in read.values()]
    known = [one for one in decimals if one is not None]
    notes = tuple(dict.fromkeys(one.note for one in read.values() if one is not None and one.note))
    most = max(known) if len(known) == len(decimals) and known else None
    return Scores(tuple(names), np.column_stack(values), tuple(classes), decimals=most, bad=bad, notes=notes)


def list_scores(column: Column, source: str) -> Scores:
    """The scores in a column of lists, all of one length.

    Raises:
        InputError: a list is missing, of another length, or does not hold numbers.
    """
    series = column.series.arr.to_list() if isinstance(column.series.dtype, pl.Array) else column.series
    try:
        lists = series.cast(pl.List(pl.Float64), strict=False)
    except pl.exceptions.PolarsError:
        lists = None
    if lists is None or (isinstance(series.dtype, pl.List) and series.dtype.inner.is_nested()):
        raise InputError(f'{source}: the column "{column.name}" holds {column.series.dtype}, not lists of numbers.')
    lengths = lists.list.len()
    width = int(lengths[0] or 0)
    if width == 0:
        raise InputError(
            f'{source}, row 1: "{column.name}" holds no number.', "Give one probability per class in every row."
        )
    wrong = (lengths != width).fill_null(True)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        count = lengths[row] or 0
        raise InputError(
            f'{source}, row {row + 1}: "{column.name}" holds {count} numbers, but {width} in row 1.',
            "Give one probability per class in every row.",
        )
    flat = lists.explode(empty_as_null=False)
    values = flat.cast(pl.Float64).to_numpy().astype(np.float64).reshape(-1, width)
    missing = ~np.isfinite(values).all(axis=1)
    if missing.any():
        row = int(np.argmax(missing))
        raise InputError(
            f'{source}, row {row + 1}: "{column.name}" holds {series[row].to_list()!r}, which are not all numbers.',
            "Fix or remove this row.",
        )
    sample = Column(column.name, flat.head(4_000)).numbers
    return Scores((column.name,), values, decimals=None if sample is None else sample.decimals, listed=True)


def class_scores(columns: Mapping[str, Column], label: str, classes: Sequence[str], *, logits: bool) -> list[Scores]:
    """The groups of columns that may hold a score per class, of those the ones whose names say so most clearly.

    Args:
        columns: the columns of numbers that have no other role.
        label: the column of the labels.
        classes: the labels' classes.
        logits: whether logits are looked for.
    """
    ranked: list[tuple[int, Scores]] = []
    for family in families(columns, classes, label):
        if is_truth(family, columns) or (not family.words and is_one_hot(family, columns)):
            continue
        order = rank(family, label, logits=logits)
        scores = columns_scores(columns, family.columns, family.classes)
        if scores.kind not in (Kind.SHARES, Kind.PERCENT) and len(family.classes) > len(classes) > 1:
            narrow = family.only(classes)
            narrowed = columns_scores(columns, narrow.columns, narrow.classes)
            scores = narrowed if narrowed.kind in (Kind.SHARES, Kind.PERCENT) else scores
        if order == 2 and scores.kind is not Kind.SHARES:
            continue
        if says_logits(family) != logits and says_logits(family):
            order = 3
        elif logits and says_logits(family):
            order = -1
        ranked += [
            (order, one) for one in ([scores] if family.words else _with_unnamed(columns, scores, logits=logits))
        ]
    if not ranked:
        for family in indexed_families(columns, words_in(label)):
            scores = columns_scores(columns, family.columns, family.classes)
            order = 3 if says_logits(family) and not logits else 0
            if logits or scores.kind is not Kind.OUTSIDE or says_logits(family):
                ranked.append((order, replace(scores, indexed=True)))
    if not ranked:
        return _foreign(columns, classes)
    sound = [pair for pair in ranked if pair[1].kind in (Kind.SHARES, Kind.PERCENT)] if not logits else []
    kept = sound or ranked
    best = min(order for order, _ in kept)
    return [scores for order, scores in kept if order == best]


def _with_unnamed(columns: Mapping[str, Column], scores: Scores, *, logits: bool) -> list[Scores]:
    """Columns that are called by their classes, with those of classes without rows if the sums say that there are some.

    Logits have no sums, so that both ways are possible if there are other columns of fractions.
    """
    others = [
        name
        for name, column in columns.items()
        if name not in scores.columns
        and column.numbers is not None
        and not column.numbers.are_whole
        and (logits or column.numbers.are_shares)
        and not is_named(name, (*SCORE, *LOGIT, *WEIGHTS, *ID))
    ]
    if not others:
        return [scores]
    order = [name for name in columns if name in scores.columns or name in others]
    named = dict(zip(scores.columns, scores.classes, strict=True))
    widened = columns_scores(columns, order, [named.get(name, name) for name in order])
    if logits:
        return [scores, widened]
    off = [float(np.abs(one.values.sum(axis=1) - 1).max()) for one in (scores, widened)]
    return [widened] if widened.kind is Kind.SHARES and off[1] < off[0] else [scores]


def _foreign(columns: Mapping[str, Column], classes: Sequence[str]) -> list[Scores]:
    """Probabilities whose columns name other classes than the labels do: as many as these, and rows sum to one."""
    stems: dict[str, list[str]] = {}
    for name in columns:
        words = words_in(name)
        if len(words) > 1 and words[0] in SCORING_WORDS:
            stems.setdefault(words[0], []).append(name)
    found = [columns_scores(columns, names) for names in stems.values() if len(names) == len(classes) > 1]
    return [replace(scores, foreign=True) for scores in found if scores.kind is Kind.SHARES]


def list_columns(columns: Mapping[str, Column], *, logits: bool) -> list[str]:
    """The columns of lists that are called as scores are; all columns of lists of numbers if there is only one."""
    nested = [
        name
        for name, column in columns.items()
        if isinstance(column.series.dtype, pl.Array)
        or (isinstance(column.series.dtype, pl.List) and column.series.dtype.inner.is_numeric())
    ]
    usual = [name for name in nested if is_named(name, LOGIT_LISTS if logits else LISTS)]
    if not usual and logits:
        usual = [name for name in nested if is_named(name, LISTS)]
    return usual or [name for name in nested if len(nested) == 1 and not is_named(name, LOGIT_LISTS)]


def single_scores(columns: Mapping[str, Column], label: str, classes: Sequence[str], *, logits: bool) -> list[Scores]:
    """The columns that may be one score, those named after a class or as scores are first; values must allow it."""
    found: list[tuple[int, Scores]] = []
    usual = (*LOGIT, *SCORE) if logits else SCORE
    for name, column in columns.items():
        numbers = column.numbers
        if numbers is None or column.is_nested or not len(numbers.known):
            continue
        if numbers.are_whole and not numbers.are_flags and not logits:
            continue
        of_class = class_in_name(name, label, classes, logits=logits)
        exact = name in usual
        order = (
            0 if of_class is not None else 1 if exact else 2 if is_named(name, usual) or numbered(name, "pre") else None
        )
        if order is None and not numbers.are_whole and (is_named(name, PREDICTED) or name in classes):
            order = 4
            of_class = name if name in classes else None
        if order is None:
            continue
        scores = replace(columns_scores(columns, [name]), of_class=of_class)
        if numbers.are_whole:
            order += 10
        found.append((order, scores))
    if not found:
        return []
    sound = found if logits else [pair for pair in found if pair[1].kind is Kind.SHARES or pair[1].bad is not None]
    kept = sound or found
    best = min(order for order, _ in kept)
    if best in (1, 2):  # usual names in other letters count as much, where an exact one does not settle it
        best_group = [scores for order, scores in kept if order in (1, 2)]
        exact_group = [scores for order, scores in kept if order == 1]
        return exact_group if len(exact_group) == 1 else best_group
    return [scores for order, scores in kept if order == best]


def class_in_name(name: str, label: str, classes: Sequence[str], *, logits: bool = False) -> str | None:
    """The class that a score's name says: `prob_fraud`, `P(churn=yes)`, `fraud_probability`."""
    if (same := match([name], classes)) is not None and not same.likeness:
        return name
    vocabulary = LOGIT_WORDS if logits else PROBABILITY_WORDS
    found = []
    for one in classes:
        for before, after in patterns([name], one, label):
            words = words_in(f"{before} {after}")
            rest = before.casefold().removesuffix(label.casefold()) if label else before
            known = {*vocabulary, *words_in(label)}
            said = set(words) <= known or set(words_in(f"{rest} {after}")) <= known
            if said and words and set(words) & {*SCORING_WORDS, *LOGIT_WORDS}:
                found.append(one)
                break
    exact = [one for one in found if one in name]
    found = exact or found
    longest = max(found, key=len, default=None)
    return longest if longest is not None and all(one in longest for one in found) else None


def unread(source: str, place: str, cell: object, name: str) -> InputError:
    """What is said about a cell of a score column that is not a number."""
    what = "is empty" if cell is None or cell == "" else f"holds {cell!r}, which is not a number"
    return InputError(
        f'{place}: "{name}" {what}.',
        (
            "Fix or remove this row. To judge the predicted classes alone, if there are any: ",
            Option("labels_only", True),
        ),
    )


def several(source: str, found: Sequence[Scores]) -> InputError:
    """What is said if several columns may be the scores."""
    names = [", ".join(scores.columns[:3]) + (", …" if len(scores.columns) > 3 else "") for scores in found]
    return InputError(
        f"{source}: several columns may hold the model's scores: {shortened([f'[{name}]' for name in names])}.",
        ("Name the right ones: ", Option("probabilities", found[0].columns[:8])),
    )
