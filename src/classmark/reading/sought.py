"""What is looked for in a table, what was found, and what is said if it is in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from classmark.errors import InputError, Option
from classmark.predictions import Remark
from classmark.reading.candidates import unread
from classmark.reading.columns import Column
from classmark.reading.decisions import Claims, Decisions, MisfitError, nothing_in_common
from classmark.reading.scores import Scores
from classmark.reading.table import Table

ENOUGH_ROWS = 8  # so many scores of a half or more are no chance


@dataclass(frozen=True)
class Found:
    """What predicts in a table.

    Attributes:
        decisions: the predicted classes, if a column holds them.
        scores: the scores, if columns hold them.
        is_confidence: the one score is that of the predicted class.
        remarks: what a reader must know.
        aside: columns of scores that are left aside; they follow from the model, and so make no slices.
    """

    decisions: Decisions | None = None
    scores: Scores | None = None
    is_confidence: bool = False
    remarks: tuple[Remark, ...] = ()
    aside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sought:
    """What is known when scores are looked for.

    Attributes:
        table: of N rows.
        label: the columns of the true class.
        labels: N class names.
        classes: the labels' classes.
        claims: the columns that may hold predicted classes.
    """

    table: Table
    label: tuple[str, ...]
    labels: pl.Series
    classes: tuple[str, ...]
    claims: Claims

    @property
    def label_name(self) -> str:
        return self.label[0] if len(self.label) == 1 else ""

    @property
    def numbers(self) -> dict[str, Column]:
        """The columns of numbers that may hold scores."""
        claimed = [one.column for one in self.claims.fitting]
        return self.table.numbers(*self.label, *claimed, self.table.options.id, self.table.options.weights)


def known_classes(sought: Sought) -> tuple[str, ...]:
    """The classes that labels, predictions or the user name."""
    if sought.table.options.classes:
        return sought.table.options.classes
    fitting = sought.claims.fitting[:1]
    said = [name for one in fitting for name in one.names.drop_nulls().unique().to_list()]
    return tuple(dict.fromkeys([*sought.classes, *said]))


def the_one(sought: Sought, claims: Sequence[Decisions]) -> Decisions | None:
    """The one column of predicted classes; equal ones count once."""
    if not claims:
        if sought.claims.strange:
            raise strange_classes(sought)
        return None
    first = claims[0]
    other = next((one for one in claims[1:] if not one.names.equals(first.names, null_equal=True)), None)
    if other is not None:
        raise InputError(
            f'{sought.table.source}: several columns may hold the predicted classes: "{first.column}", "{other.column}".',
            ("Name the right one: ", Option("predicted", first.column)),
        )
    return first


def strange_classes(sought: Sought) -> MisfitError:
    """What is said if predictions have no class in common with the labels."""
    column = sought.table.columns[sought.claims.strange[0]]
    return nothing_in_common(sought.table, sought.label[0], sought.classes, column)


def second_label(sought: Sought, decisions: Decisions, scores: Scores) -> InputError:
    """What is said if a column named as labels are is neither the truth nor the class of the largest probability."""
    return InputError(
        f'{sought.table.source}: "{decisions.column}" is named as labels are, but is neither "{sought.label[0]}" nor the class '
        "of the largest probability.",
        ("If it holds the predicted classes: ", Option("predicted", decisions.column), "; to leave it aside: ",
         Option("probabilities", scores.columns[:8])),
    )  # fmt: skip


def note_passed_over(decisions: Decisions) -> Remark:
    """That a column may hold decisions and is not used."""
    message = f'The column "{decisions.column}" holds classes of the labels and is not used.'
    return Remark(
        "unused_decisions", "warning", f'{message} If it holds predictions, name it with the option "predicted".'
    )


def check_read(table: Table, scores: Scores) -> None:
    """Refuse a cell that is not a number."""
    table.check_single(scores.columns)
    if scores.bad is not None:
        name, row = scores.bad
        raise unread(table.source, table.place(row), table.columns[name].series[row], name)


def threshold_column(sought: Sought, decisions: Decisions, scores: Scores) -> InputError:
    """What is said if a column of common class names follows from the probabilities at a threshold of its own."""
    return InputError(
        f'{sought.table.source}: "{decisions.column}" follows from the probabilities at a threshold other than one half.',
        ("If it holds the predicted classes: ", Option("predicted", decisions.column), "; to leave it aside: ",
         Option("probabilities", scores.columns[:8])),
    )  # fmt: skip
