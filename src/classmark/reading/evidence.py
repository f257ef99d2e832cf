"""How scores and predicted classes of a table explain each other, and which of them are therefore read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from classmark.data.class_names import NUMBER
from classmark.errors import InputError, Option, shortened
from classmark.reading.candidates import class_in_name, class_scores, list_columns, several, single_scores
from classmark.reading.decisions import Decisions
from classmark.reading.families import families, indexed_families
from classmark.reading.names import LOGIT_LISTS, TRUTH, is_named, words_in
from classmark.reading.scores import Scores, columns_scores, list_scores
from classmark.reading.single import find_with_single, find_without_scores
from classmark.reading.sought import (
    ENOUGH_ROWS,
    Found,
    Sought,
    check_read,
    known_classes,
    note_passed_over,
    second_label,
    strange_classes,
    the_one,
    threshold_column,
)
from classmark.reading.table import Table

FEWEST_ROWS = 10  # fewer may follow from the probabilities by chance
NEARLY_ALL = 0.9


def find_predictions(sought: Sought) -> Found:
    """The predicted classes and the scores that the evidence supports.

    Raises:
        InputError: several columns may be the ones, or those that must be can not be read.
    """
    options, claims = sought.table.options, sought.claims
    if options.labels_only:
        return Found(the_one(sought, claims.fitting or claims.further))
    groups = _named_scores(sought) if options.probabilities else _groups(sought)
    if groups and not groups[0].is_single:
        return _with_group(sought, groups)
    singles = groups or single_scores(sought.numbers, sought.label_name, known_classes(sought), logits=options.logits)
    if len(known_classes(sought)) != 2:
        return find_without_scores(sought, singles)
    return find_with_single(sought, singles)


def _groups(sought: Sought) -> list[Scores]:
    """Columns with a score per class, or one column of lists."""
    table = sought.table
    found = class_scores(sought.numbers, sought.label_name, sought.classes, logits=table.options.logits)
    lists = list_columns(table.without(*sought.label), logits=table.options.logits)
    if found or not lists:
        return found
    if len(lists) > 1:
        lists = [name for name in lists if not is_named(name, LOGIT_LISTS) or table.options.logits] or lists
    return [list_scores(table.columns[name], table.source) for name in lists]


def _named_scores(sought: Sought) -> list[Scores]:
    """The scores in the columns that the user named."""
    table = sought.table
    names: list[str] = []
    for name in table.options.probabilities or ():
        inside = [one for one in table.columns if one.startswith(f"{name}.")]
        if name not in table.columns and inside:
            names += inside
        else:
            names.append(table.column(name, "probabilities").name)
    nested = [name for name in names if table.columns[name].is_nested]
    if nested:
        if len(names) > 1:
            raise InputError(f'{table.source}: "{nested[0]}" holds lists.', "Name it alone.", argument="probabilities")
        return [list_scores(table.columns[names[0]], table.source)]
    columns = {name: table.columns[name] for name in names}
    if len(names) == 1:
        one = columns_scores(columns, names)
        return [replace(one, of_class=class_in_name(names[0], sought.label_name, known_classes(sought), logits=True))]
    for family in families(columns, sought.classes, sought.label_name, whole=True):
        if set(family.columns) == set(names):
            order = dict(zip(family.columns, family.classes, strict=True))
            return [columns_scores(columns, names, [order[name] for name in names])]
    for family in indexed_families(columns, words_in(sought.label_name)):
        if list(family.columns) == names:
            return [replace(columns_scores(columns, names, family.classes), indexed=True)]
    return [columns_scores(columns, names)]


def _with_group(sought: Sought, groups: Sequence[Scores]) -> Found:
    """A score per class, with the predicted classes beside them if there are any."""
    table, claims = sought.table, sought.claims
    scores = groups[0]
    if len(groups) > 1:
        scores = _agreeing(sought, groups)
    check_read(table, scores)
    _check_not_ranked(table, scores)
    sure = table.options.label is not None or is_named(sought.label_name, TRUTH)
    if not claims.fitting and claims.strange and not (sure and _follow(sought, scores)):
        raise strange_classes(sought)
    named = scores.classes and not scores.indexed
    same = [one for one in (*claims.fitting, *claims.further) if named and one.names.to_list() == scores.largest]
    if same:
        return Found(same[0], scores)
    passed_over = [one for one in claims.alike if not (named and one.names.to_list() == scores.largest)]
    if claims.fitting:
        decisions = the_one(sought, claims.fitting)
        if decisions is not None and decisions.by_index and named:
            raise InputError(
                f'{table.source}: the numbers in "{decisions.column}" do not count the classes in the order '
                f"{shortened(table.options.classes or ())}: they are not the places of the largest probabilities.",
                "Write the predicted classes by their names.",
            )
        return Found(decisions, scores)
    if table.options.probabilities is None:
        for one in claims.further:
            if not one.names.equals(sought.labels):
                raise second_label(sought, one, scores)
    for one in (*claims.alike, *claims.common) if named else ():
        plain = one.names.to_list() == scores.largest or one.names.equals(sought.labels)
        if plain or not _explains(one, scores):
            continue
        if (
            any(one is other for other in claims.common)
            and len(scores.classes) == 2
            and table.options.probabilities is None
        ):
            raise threshold_column(sought, one, scores)
        return Found(one, scores)
    return Found(None, scores, remarks=tuple(note_passed_over(one) for one in passed_over[:1]))


def _explains(decisions: Decisions, scores: Scores) -> bool:
    """Whether a column of classes follows from the probabilities: at one threshold of two, nearly the largest of more."""
    if len(scores.values) < FEWEST_ROWS:
        return False
    if len(scores.classes) != 2:
        largest = pl.Series(scores.largest, dtype=pl.String)
        return float((decisions.names == largest).mean() or 0) >= NEARLY_ALL  # type: ignore[arg-type]
    second = (decisions.names == scores.classes[1]).fill_null(False).to_numpy()
    values = scores.values[:, 1]
    return bool(second.any() and not second.all() and values[second].min() >= values[~second].max())


def _follow(sought: Sought, scores: Scores) -> bool:
    """Whether a column of other class names gives the place of the largest score in every row, counted from 0 or 1."""
    largest = np.argmax(scores.values, axis=1)
    for name in sought.claims.strange:
        numbers = sought.table.columns[name].numbers
        if numbers is not None and any(np.array_equal(numbers.values, largest + first) for first in (0, 1)):
            return True
        codes = sought.table.columns[name].names
        pairs = pl.DataFrame([codes.alias("code"), pl.Series("place", largest)]).unique()
        if pairs.height == pairs["code"].n_unique() == pairs["place"].n_unique():
            return True
    return False


def _agreeing(sought: Sought, groups: Sequence[Scores]) -> Scores:
    """The one of several groups whose largest score is the predicted class in every row; equal groups count once."""
    first = groups[0]
    if all(one.classes == first.classes and np.array_equal(one.values, first.values) for one in groups[1:]):
        return first
    claims = [one.names.to_list() for one in sought.claims.fitting]
    found = [one for one in groups if one.classes and one.largest in claims]
    if len(found) != 1:
        raise several(sought.table.source, groups)
    return found[0]


def _check_not_ranked(table: Table, scores: Scores) -> None:
    """Refuse scores that fall from column to column in every row, as those of the k best classes do."""
    named = scores.classes and not scores.indexed and not all(NUMBER.fullmatch(name) for name in scores.classes)
    rows, count = scores.values.shape
    if named or rows < ENOUGH_ROWS or count < 3 or table.options.classes is not None:
        return
    steps = np.diff(scores.values, axis=1)
    if (steps <= 0).all() and (steps < 0).any(axis=1).mean() > 0.5:
        raise InputError(
            f"{table.source}: the scores in {shortened(scores.columns)} fall from left to right in every row, as those of the "
            "best classes of each row do.",
            ("Give one column per class. If each column is one class: ", Option("classes", ("NAME", "NAME"))),
        )


__all__ = ["Found", "Sought", "find_predictions"]
