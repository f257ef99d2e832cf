"""The columns that may hold the true class, and their labels."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from classmark.data.class_names import NUMBER, is_missing_word
from classmark.errors import InputError, Option, nearest, shortened
from classmark.reading.classes import MISSING_CODES
from classmark.reading.columns import Column
from classmark.reading.decisions import MisfitError
from classmark.reading.names import LABEL, PREDICTED, SCORE, TRUTH, is_named, plain
from classmark.reading.table import Table

FEWEST_NUMERIC = 20
MOST_CLASSES = 50
DASHES = ("-", "--", ".")


def label_candidates(table: Table) -> list[list[str]]:
    """The columns that may hold the true class, the surest tier first."""
    taken = {table.options.predicted, table.options.id, *(table.options.probabilities or ())}
    able = [name for name, column in table.columns.items() if not column.is_nested and name not in taken]
    predictions = [name for name in able if "pred" in name.casefold()]
    predictions = (
        predictions if len(predictions) <= MOST_CLASSES else []
    )  # a column per class is no column of decisions
    linked = [name for name in able if any(_is_prediction_of(other, name) for other in predictions if other != name)]
    tiers = [linked]
    for usual in (TRUTH, LABEL):
        tiers.append([name for name in able if name in usual])
        tiers.append([name for name in able if name not in usual and is_named(name, usual)])
    before = [set[str]().union(*tiers[:place]) for place in range(len(tiers))]
    return [[name for name in tier if name not in seen] for tier, seen in zip(tiers, before, strict=True)]


def _is_prediction_of(name: str, label: str) -> bool:
    """Whether a column is named as the prediction of another: `prediction(churn)`, `predicted_churn`, `churn_PREDICTION`."""
    wanted = re.escape(label.casefold())
    patterns = (
        rf"pred\w*\s*\(\s*{wanted}\s*\)",
        rf"pred(icted|iction)[_ .]{wanted}",
        rf"{wanted}[_ .]pred(icted|iction)",
    )
    general = not name.strip().endswith(")") and is_named(
        name, (*PREDICTED, *SCORE)
    )  # prediction_score is of no "score"
    return (
        not general
        and plain(label) not in PREDICTED
        and any(re.fullmatch(one, name.casefold().strip()) for one in patterns)
    )


def label_names(table: Table, column: Column) -> pl.Series:
    """One class name per row of the column."""
    try:
        return column.names
    except pl.exceptions.PolarsError:
        raise InputError(
            f'{table.source}: the column "{column.name}" holds {column.series.dtype} that cannot be read as UTF-8 text.',
            "Save it as text.",
        ) from None


def without_words(table: Table, names: pl.Series, words: set[str]) -> pl.Series:
    """The labels without words that mean a missing one."""
    known = set(names.drop_nulls().unique().to_list())
    absent = sorted(words - known)
    if absent and table.options.missing_label in absent:
        raise InputError(
            f'{table.source}: no label is "{absent[0]}"; the labels are {shortened(sorted(known))}.'
            f"{nearest(absent[0], known)}",
            argument="missing_label",
        )
    blank = pl.when(names.is_in(list(words))).then(None).otherwise(names)
    return pl.select(blank.alias(names.name)).to_series()


def missing_words(classes: Sequence[str]) -> tuple[str, ...]:
    """The classes that are words or codes for a missing value, such as −1 beside 0 and 1."""
    found = tuple(one for one in classes if is_missing_word(one) or (one in DASHES and "+" not in classes))
    others = [one for one in classes if one not in found]
    codes = [one for one in others if one in MISSING_CODES]
    rest = [one for one in others if one not in codes]
    counted = {str(place) for place in range(len(rest) + 1)}
    if len(codes) == 1 and len(rest) > 1 and (set(rest) <= counted or not any(NUMBER.fullmatch(one) for one in rest)):
        found = (*found, *codes)
    return found


def check_classes(table: Table, column: Column, names: pl.Series) -> None:
    """Refuse labels that are measured numbers."""
    numbers = column.numbers
    if column.is_continuous and numbers is not None and names.n_unique() > FEWEST_NUMERIC:
        raise MisfitError(
            f'{table.source}: the column "{column.name}" holds {names.n_unique():,} different fractions, such as '
            f"{shortened(names.drop_nulls().head(3).to_list())}: measured values, not classes.",
            ("Name the column of the true classes: ", Option("label", "COLUMN")),
        )
