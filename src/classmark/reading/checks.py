"""Whether what was read is plausible: classes that look alike, columns that nobody used and somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from classmark.data.class_names import NUMBER, look_alikes
from classmark.errors import InputError
from classmark.predictions import Remark
from classmark.reading.classes import in_order
from classmark.reading.columns import Column
from classmark.reading.decisions import Decisions
from classmark.reading.names import FOLD, MODEL, SPLIT, SPLIT_WORDS, WEIGHTS, is_named
from classmark.reading.table import Table

FEW_ROWS = 20
MOST_PARTS = 60
MANY_NUMBERS = 30
COUNTS = ("count", "counts", "freq", "frequency", "frequencies", "n", "proportion")


def check_names(classes: Sequence[str], decisions: Decisions | None, rows: int) -> list[Remark]:
    """What is odd about the class names."""
    found = []
    if decisions is not None and decisions.likeness:
        message = (
            f'Labels and the predicted classes in "{decisions.column}" are spelled differently ({decisions.likeness}); they '
            "were matched one to one."
        )
        found.append(Remark("classes_matched", "warning", message))
    alike = look_alikes(classes)
    if alike:
        shown = "; ".join(", ".join(f'"{name}"' for name in group) for group in alike[:3])
        message = f"Classes that look alike count as different ones: {shown}."
        found.append(Remark("look_alike_classes", "warning", message))
    if rows >= FEW_ROWS and len(classes) * 2 > rows:
        message = (
            f"{len(classes):,} classes in {rows:,} rows: the column of the labels may hold something else than classes."
        )
        found.append(Remark("many_classes", "warning", message))
    elif len(classes) > MANY_NUMBERS and all(NUMBER.fullmatch(name) for name in classes):
        ordered = [float(name) for name in in_order(classes)]
        if ordered[-1] - ordered[0] + 1 != len(ordered):
            message = f"The {len(classes):,} classes are numbers with gaps, as measured values are."
            found.append(Remark("numeric_labels", "warning", message))
    return found


def check_not_counted(table: Table, labels: pl.Series, decisions: Decisions | None) -> None:
    """Refuse a table that counts each pair of true and predicted class once.

    Raises:
        InputError: it does.
    """
    if decisions is None or table.options.weights is not None:
        return
    pairs = pl.DataFrame([labels.alias("label"), decisions.names.alias("predicted")])
    counts = [name for name in table.frame.columns if is_named(name, COUNTS) and table.columns.get(name) is not None]
    classes = set(labels.drop_nulls()) | set(decisions.names.drop_nulls())
    if not counts or pairs.is_duplicated().any() or len(labels) > len(classes) ** 2 or len(labels) < 2:
        return
    raise InputError(
        f'{table.source}: each pair of true and predicted class stands in one row, and "{counts[0]}" seems to count them.',
        "Give one line per example, or judge the counts as a matrix: classmark judge --confusion 880,20,10,90, or "
        "classmark.judge_matrix([[880, 20], [10, 90]]).",
    )


def check_last_row(labels: pl.Series, decisions: Decisions | None) -> list[Remark]:
    """Whether the last row is a total: its label and its prediction occur nowhere else."""
    if decisions is None or len(labels) < FEW_ROWS:
        return []
    label, said = labels[-1], decisions.names[-1]
    if label is None or said is None or label == said:
        return []
    alone = [((labels == name).sum() or 0) + ((decisions.names == name).sum() or 0) for name in (label, said)]
    if alone != [1, 1]:
        return []
    message = (
        f'The last row has the label "{label}" and the prediction "{said}", which occur nowhere else: is it a total?'
    )
    return [Remark("odd_last_row", "warning", message)]


def check_columns(table: Table, used: Iterable[str]) -> list[Remark]:
    """Columns without a role that look as if they should have one."""
    left = [column for name, column in table.columns.items() if name not in set(used) and not column.is_nested]
    return [remark for column in left if (remark := _odd(column)) is not None]


def _odd(column: Column) -> Remark | None:
    name, rows = column.name, len(column.series)
    if is_named(name, WEIGHTS):
        numbers = column.numbers
        if numbers is not None and len(set(numbers.known[:1000].tolist())) > 1 and (numbers.known >= 0).all():
            message = f'The column "{name}" looks like weights and is not used: every row counts alike.'
            return Remark("unused_weights", "warning", f'{message} To use it, name it with the option "weights".')
        return None
    classes = column.classes if _may_be_parts(column) else ()
    if not 2 <= len(classes) <= min(MOST_PARTS, rows // 2):
        return None
    shown = ", ".join(classes[:4]) + (", …" if len(classes) > 4 else "")
    if {one.casefold() for one in classes} <= SPLIT_WORDS:
        message = (
            f'The column "{name}" names several splits ({shown}), and the rows of all of them are judged together.'
        )
        return Remark("split_column", "warning", f'{message} To judge one, use the option "where".')
    if is_named(name, SPLIT) and len(classes) <= 4 and {one.casefold() for one in classes} & SPLIT_WORDS:
        message = (
            f'The column "{name}" seems to name splits ({shown}), and the rows of all of them are judged together.'
        )
        return Remark("split_column", "warning", f'{message} To judge one, use the option "where".')
    if is_named(name, MODEL):
        message = (
            f'The column "{name}" names several models or runs ({shown}), and all rows are judged as of one model.'
        )
        return Remark("model_column", "warning", f'{message} To judge each, use the option "by".')
    if is_named(name, FOLD):
        message = (
            f'The column "{name}" looks like folds ({shown}): rows are predicted by different models and judged as one.'
        )
        return Remark("fold_column", "warning", message)
    return None


def _may_be_parts(column: Column) -> bool:
    return column.can_be_classes and column.has_at_most(MOST_PARTS)
