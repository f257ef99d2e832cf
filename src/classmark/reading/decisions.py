"""The columns that may hold predicted classes, and how their names are those of the labels."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from classmark.data.class_names import NUMBER
from classmark.errors import InputError, Option, shortened
from classmark.reading.classes import LIKENESSES, Match, by_index, conventional_positive, match
from classmark.reading.columns import Column
from classmark.reading.names import LABEL, PREDICTED, TRUTH, is_named, numbered, plain
from classmark.reading.table import Table


class MisfitError(InputError):
    """A column cannot be the true class, as nothing predicts it; another one may be."""


@dataclass(frozen=True)
class Decisions:
    """A column of predicted classes.

    Attributes:
        column: its name.
        names: N class names, spelled as the labels are.
        likeness: what the spellings differ in; empty if in nothing.
        by_index: the column holds numbers that count the classes which the user named.
    """

    column: str
    names: pl.Series
    likeness: str = ""
    by_index: bool = False


@dataclass(frozen=True)
class Claims:
    """The columns that claim to be the predicted classes.

    Attributes:
        fitting: with at least one class of the labels.
        strange: names of those with no class in common with the labels.
        further: columns that are named as labels are and may be predictions, as `label` beside `true_label`.
        other: columns that are named as labels are, with as many classes as the labels and none in common.
        alike: columns of any other name whose classes are among the labels'.
        common: the same if these are names that any column may have, such as 0 and 1.
    """

    fitting: tuple[Decisions, ...] = ()
    strange: tuple[str, ...] = ()
    further: tuple[Decisions, ...] = ()
    alike: tuple[Decisions, ...] = ()
    common: tuple[Decisions, ...] = ()
    other: tuple[str, ...] = ()


LOOSE = ("a prefix", "punctuation", "a truth value")


def align(names: Iterable[str], known: Iterable[str]) -> Match | None:
    """Which known class each name means; names that mean none stay as they are. None if no name means any.

    Equal names are one class. Of the others, those are paired that are alike in the closest way, if one to one.
    """
    found, classes = list(dict.fromkeys(names)), list(dict.fromkeys(known))
    meant = {name: name for name in found if name in classes}
    likeness = ""
    for word, alike in LIKENESSES:
        left = [name for name in found if name not in meant]
        free = [name for name in classes if name not in meant.values()]
        keys = [alike(name) for name in free]
        own = [alike(name) for name in left]
        every = [key for key in [*map(alike, classes)] if key is not None]
        pairs = {
            name: free[keys.index(key)]
            for name, key in zip(left, own, strict=True)
            if key is not None and own.count(key) == 1 and keys.count(key) == 1 and every.count(key) == 1
        }
        if word in LOOSE and len(pairs) < len(left):
            continue  # 1 is LABEL_1 only if every number is such a label, and not a place in a list
        meant |= pairs
        likeness = likeness or (word if pairs else "")
    if not meant:
        return None
    return Match({name: meant.get(name, name) for name in found}, likeness)


def decisions_in(column: Column, classes: Sequence[str]) -> Decisions | None:
    """The column as predicted classes; None if it has no class in common with the labels."""
    found = align(column.classes, classes)
    if found is None:
        return None
    names = column.names
    if any(name != meant for name, meant in found.names.items()):
        names = names.replace_strict(found.names, return_dtype=pl.String, default=None)
    return Decisions(column.name, names, found.likeness)


def find_claims(table: Table, label: Sequence[str], classes: Sequence[str], rivals: Sequence[str] = ()) -> Claims:
    """The columns that may hold the predicted classes.

    Args:
        table: of N rows.
        label: the columns of the true class.
        classes: what the labels are.
        rivals: columns that may hold the true class just as well.

    Raises:
        InputError: the column that the user named has no class in common with the labels.
    """
    if table.options.predicted is not None:
        return Claims(fitting=(_named(table, label, classes),))
    columns = table.without(*label)
    usual = {name: name in PREDICTED for name in columns if _is_usual(name, label)}
    able = {name: columns[name] for name in columns if name in usual or is_named(name, LABEL)}
    able = {name: one for name, one in able.items() if one.can_be_classes and _few(one, classes)}
    able = {name: one for name, one in able.items() if not _holds_shares(one, classes)}
    exact = [name for name in able if usual.get(name)]
    loose = [name for name in able if name in usual and not usual[name]]
    fitting, strange = [], []
    for name in [*exact, *loose]:
        found = decisions_in(able[name], classes)
        (strange.append(name) if found is None else fitting.append(found))
    claimed = {*exact, *loose}
    further = [
        found
        for name, column in able.items()
        if name not in claimed and name not in rivals and is_named(name, LABEL) and not is_named(name, TRUTH)
        if (found := decisions_in(column, classes)) is not None
    ]
    other = [
        name
        for name, column in able.items()
        if name not in usual and name not in rivals and len(column.classes) == len(classes)
        if decisions_in(column, classes) is None
    ]
    alike = tuple(_alike(columns, {*able, *usual}, classes))
    usual_names = conventional_positive(classes) is not None or all(NUMBER.fullmatch(name) for name in classes)
    return Claims(
        tuple(fitting),
        tuple(strange),
        tuple(further),
        () if usual_names else alike,
        alike if usual_names else (),
        tuple(other),
    )


def _alike(columns: Mapping[str, Column], named: Collection[str], classes: Sequence[str]) -> Iterator[Decisions]:
    """Columns without a telling name that hold at least two of the labels' classes and nothing else."""
    for name, column in columns.items():
        if name in named or is_named(name, TRUTH) or not column.can_be_classes:
            continue
        if not column.has_at_most(len(classes)) or not 1 < len(column.classes) <= len(classes):
            continue
        if match(column.classes, classes) is not None and (found := decisions_in(column, classes)) is not None:
            yield found


def _holds_shares(column: Column, classes: Sequence[str]) -> bool:
    """Whether a column holds probabilities, most of them 0 and 1, rather than classes: fractions that no label is."""
    numbers = column.numbers
    if numbers is None or numbers.are_whole or not numbers.are_shares:
        return False
    return not any(NUMBER.fullmatch(name) and float(name) % 1 for name in classes)


def _is_usual(name: str, label: Sequence[str]) -> bool:
    return is_named(name, PREDICTED) or _linked(name, label) or numbered(name, "pgr")


def _few(column: Column, classes: Sequence[str]) -> bool:
    """Whether a column has about as many classes as the labels, not a name for every row."""
    return column.has_at_most(max(50, 4 * len(classes)))


def _linked(name: str, label: Sequence[str]) -> bool:
    """Whether a name is that of the label with a word for a prediction: `prediction(churn)`, `predicted_churn`."""
    if len(label) != 1:
        return False
    rest = plain(name).replace(plain(label[0]), "", 1).strip("_")
    return rest in ("predicted", "prediction", "pred", "predict") and plain(label[0]) in plain(name)


def _named(table: Table, label: Sequence[str], classes: Sequence[str]) -> Decisions:
    assert table.options.predicted is not None
    column = table.column(table.options.predicted, "predicted")
    if column.is_nested:
        raise InputError(
            f'{table.source}: the column "{column.name}" holds {column.series.dtype}, not one class per row.',
            ("Name another one: ", Option("predicted", "COLUMN")),
        )
    found = decisions_in(column, classes)
    if found is not None:
        return found
    if (named := by_index(column.names, table.options.classes)) is not None:
        return Decisions(column.name, named, by_index=True)
    raise nothing_in_common(table, label[0], classes, column)


def nothing_in_common(table: Table, label: str, classes: Sequence[str], column: Column) -> MisfitError:
    """What is said if no predicted class is among the labels."""
    return MisfitError(
        f'{table.source}: no class of "{column.name}" ({shortened(column.classes)}) is among those of "{label}" '
        f"({shortened(list(classes))}).",
        "Write both with the same class names.",
    )
