"""Which columns may hold the model's scores: one per class, a list, or one score; by names, checked by values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from classmark.errors import InputError, Option, shortened
from classmark.reading.classes import WHOLE_NUMBER, match
from classmark.reading.columns import Column
from classmark.reading.families import (
    Family,
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
from classmark.reading.scores import Kind, Scores, columns_scores


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
        if logits and (counted := _counted_only(family, classes)) is not None:  # no sums tell which columns are classes
            ranked.append(
                (-1 if says_logits(family) else order, columns_scores(columns, counted.columns, counted.classes))
            )
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


def _counted_only(family: Family, classes: Sequence[str]) -> Family | None:
    """The columns of the labels' classes, and of numbers between 0 and the largest of them; None if these are all."""
    numbers = [int(name) for name in classes if WHOLE_NUMBER.fullmatch(name)]
    between = {str(number) for number in range(max(numbers) + 1)} if len(numbers) == len(classes) and numbers else set()
    kept = family.only([name for name in family.classes if name in classes or name in between])
    return kept if len(kept.classes) < len(family.classes) and len(kept.classes) > 1 else None


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
