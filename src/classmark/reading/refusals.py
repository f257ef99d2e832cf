"""What is said if no plan fits a table."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from classmark.errors import InputError, Option, shortened
from classmark.reading.decisions import MisfitError, align
from classmark.reading.names import ID, LISTS, LOGIT, LOGIT_LISTS, PREDICTED, SCORE, is_named
from classmark.reading.table import Table
from classmark.system.types import kind_of


def nothing_predicted(table: Table, label: Sequence[str]) -> MisfitError:
    """What is said if neither scores nor predicted classes are found."""
    others = [name for name in table.columns if name not in label]
    if table.options.labels_only:
        return MisfitError(
            f"{table.source}: no column of predicted classes is found; the columns are {shortened([*label, *others])}.",
            ("Name it: ", Option("predicted", "COLUMN"), ", or leave out ", Option("labels_only", True), "."),
        )
    _check_unreadable(table, others)
    scores = [name for name in others if (one := table.columns[name]).is_continuous and not one.is_nested]
    named = [name for name in scores if (numbers := table.columns[name].numbers) is not None and numbers.are_shares]
    if len(named or scores) == 1:
        name = (named or scores)[0]
        return MisfitError(
            f'{table.source}: nothing says that "{name}" holds the model\'s score; no predicted classes are found.',
            ("If it does: ", Option("probabilities", (name,)), *(() if named else (" ", Option("logits", True)))),
        )
    return MisfitError(
        f"{table.source}: neither probabilities nor predicted classes are found; the columns are "
        f"{shortened([*label, *others])}.",
        ("Name them: ", Option("probabilities", ("COLUMN", "COLUMN")), " or ", Option("predicted", "COLUMN")),
    )


def _check_unreadable(table: Table, names: Sequence[str]) -> None:
    """Refuse a column that is named as scores are and cannot be read, rather than take it as absent.

    Raises:
        InputError: there is one.
    """
    for name in names:
        column = table.columns[name]
        if is_named(name, (*LOGIT_LISTS, *LOGIT)) and not is_named(name, (*SCORE, *LISTS)):
            raise InputError(
                f'{table.source}: the column "{name}" may hold logits.', ("Say so: ", Option("logits", True))
            )
        if not is_named(name, (*SCORE, *LISTS)):
            continue
        if column.is_nested:
            raise InputError(
                f'{table.source}: the column "{name}" holds {kind_of(column.series.dtype)}, which cannot be read as scores.',
                "Write a list of numbers, one per class, in every row.",
            )
        if column.series.dtype == pl.String and column.numbers is None:
            words = column.series.str.strip_chars()
            bad = (words.cast(pl.Float64, strict=False).is_null() & words.is_not_null()).arg_max() or 0
            raise InputError(
                f'{table.place(bad)}: "{name}" holds {column.series[bad]!r}, which is not a number.',
                "Give one number per row, or another name to a column that holds no scores.",
            )


def explained(table: Table, error: InputError, tried: Sequence[str]) -> InputError:
    """The error of the most likely plan, and the columns whose classes would suit."""
    predicted = [name for name, one in table.columns.items() if is_named(name, PREDICTED) and one.can_be_classes]
    fitting = [
        name
        for name, column in table.columns.items()
        if name not in (*tried, *predicted)
        and not is_named(name, ID)
        and column.can_be_classes
        and predicted
        and column.has_at_most(51)
        and 1 < len(column.classes) <= 50
        and align(table.columns[predicted[0]].classes, column.classes) is not None
    ]
    if not fitting:
        return error
    return InputError(
        error.problem,
        (f"If the true classes are in {quoted(fitting[:3])}: ", Option("label", fitting[0])),
    )


def quoted(names: Sequence[str]) -> str:
    """The first names in quotes."""
    return ", ".join(f'"{name}"' for name in names[:4]) + (", …" if len(names) > 4 else "")
