"""What is odd about classes: columns that hold something else than one label per row, and names that look alike."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from classmark.data.class_names import (
    INVISIBLE,
    NUMBER,
    TRUTH,
    TRUTH_NUMBERS,
    is_missing_word,
    look_alikes,
    without_decimals,
)
from classmark.errors import InputError, Key
from classmark.predictions import Remark
from classmark.recipes.schema import Data

FROM_COLUMN = ("table", "image-table", "huggingface")
NAMED = (*FROM_COLUMN, "image-folder")  # sources whose classes a user has named
FEW_ROWS, MANY_NUMBERS, MOST_SHOWN = 20, 20, 3
DASHES = frozenset({"-", "--", "---", ".", "\u2013", "\u2014"})
MAY_BE_CLASSES = DASHES | {"none", "missing", "unknown"}
SEPARATORS = ("|", ";", ",", "/", "+", "&")
LISTS = re.compile(r"[\[({].*[\])}]", re.DOTALL)


def check_labels(parts: Mapping[str, pl.DataFrame], data: Data, name: str) -> list[Remark]:
    """What a reader must know about the classes.

    Args:
        parts: the rows of each part that can be used; `label` holds class names.
        data: the recipe's `data`.
        name: of the training data, for messages.

    Raises:
        InputError: the column of the labels holds something else, such as measured values or ids.
    """
    if data.source not in NAMED:
        return []
    counts = dict(pl.concat([frame["label"] for frame in parts.values()]).value_counts().sort("label").iter_rows())
    remarks = [*_look_alikes(counts), *_truth_and_numbers(counts), *_invisible(counts), *_missing(counts)]
    if data.source in FROM_COLUMN:
        _refuse_values(parts["train"]["label"], data, name)
        remarks += [*_several_in_a_cell(counts), *_numbers(counts)]
    return remarks


def _refuse_values(labels: pl.Series, data: Data, name: str) -> None:
    """Refuse a column in which nearly every row has a label of its own."""
    classes = labels.unique().sort().to_list()
    if len(labels) < FEW_ROWS or len(classes) * 2 <= len(labels):
        return
    numbers = all(NUMBER.fullmatch(label) for label in classes)
    shown = ", ".join(f'"{_short(label)}"' for label in classes[:2])
    what = "numbers, as measured values are" if numbers else "labels, as ids or texts are"
    remedy = (
        "Put the values into classes of your own (a regression is not trained here)"
        if numbers
        else "Give at least a few rows of each class"
    )
    raise InputError(
        f'{name}: the column "{data.label_column}" holds {len(classes):,} different {what}, in {len(labels):,} rows '
        f"({shown}, …).",
        (f"{remedy}, or name the column of the classes: ", Key("data.label_column", "…")),
    )


def _look_alikes(counts: Mapping[str, int]) -> list[Remark]:
    alike = look_alikes(counts)
    if not alike:
        return []
    shown = "; ".join(", ".join(_counted(name, counts) for name in group) for group in alike[:MOST_SHOWN])
    more = f"; and {len(alike) - MOST_SHOWN} more" if len(alike) > MOST_SHOWN else ""
    message = f"Classes that look alike count as different ones: {shown}{more}."
    return [Remark("look_alike_classes", "warning", message)]


def _truth_and_numbers(counts: Mapping[str, int]) -> list[Remark]:
    """That truth values and the numbers 0 and 1 count as different classes."""
    words = [name for name in counts if name.lower() in TRUTH]
    numbers = [name for name in counts if without_decimals(name) in TRUTH_NUMBERS.values()]
    if not words or not numbers:
        return []
    shown = ", ".join(_counted(name, counts) for name in [*numbers, *words])
    message = f"Classes that may mean the same count as different ones: {shown}."
    return [Remark("look_alike_classes", "warning", message)]


def _invisible(counts: Mapping[str, int]) -> list[Remark]:
    names = [name for name in counts if INVISIBLE.search(name)]
    if not names:
        return []
    shown = ", ".join(f"{name!a} ({counts[name]:,} rows)" for name in names[:MOST_SHOWN])
    message = f"Class names with invisible characters inside: {shown}."
    return [Remark("invisible_characters", "info", message)]


def _missing(counts: Mapping[str, int]) -> list[Remark]:
    names = [name for name in counts if is_missing_word(name) or name in DASHES]
    if not names:
        return []
    shown = ", ".join(_counted(name, counts) for name in names[:8])
    doubtful = any(name.casefold() not in MAY_BE_CLASSES for name in names)
    message = f"Classes with names that often stand for a missing label are kept as classes: {shown}."
    return [Remark("missing_word_classes", "warning" if doubtful else "info", message)]


def _several_in_a_cell(counts: Mapping[str, int]) -> list[Remark]:
    found = next((names for mark in SEPARATORS if (names := _joined(counts, mark))), None)
    found = found or [name for name in counts if LISTS.fullmatch(name)]
    if not found:
        return []
    shown = ", ".join(_counted(name, counts) for name in found[:MOST_SHOWN])
    more = f", and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
    message = f"Labels that seem to be several in one count as classes of their own: {shown}{more}. One label per row is learned."
    return [Remark("several_labels", "warning", message)]


def _joined(counts: Mapping[str, int], mark: str) -> list[str]:
    """The names whose parts between marks are all classes, or parts of other names too."""
    parts = {name: [part.strip() for part in name.split(mark)] for name in counts if mark in name}
    seen = dict.fromkeys((name for name in counts if mark not in name), 2)
    for split in parts.values():
        for part in set(split):
            seen[part] = seen.get(part, 0) + 1
    return [name for name, split in parts.items() if all(split) and all(seen[part] > 1 for part in split)]


def _numbers(counts: Mapping[str, int]) -> list[Remark]:
    if len(counts) <= MANY_NUMBERS or not all(NUMBER.fullmatch(name) for name in counts):
        return []
    values = sorted(map(float, counts))
    span = f"The {len(counts):,} classes are numbers, from {values[0]:g} to {values[-1]:g}"
    if values[-1] - values[0] + 1 == len(values) and values[0] in (0, 1):
        return [Remark("numeric_labels", "info", f"{span}; their order and distance mean nothing to a classifier.")]
    message = f"{span}, with gaps, as measured values are; their order and distance mean nothing to a classifier."
    return [Remark("numeric_labels", "warning", message)]


def _counted(name: str, counts: Mapping[str, int]) -> str:
    rows = counts[name]
    return f'"{_short(name)}" ({rows:,} row{"" if rows == 1 else "s"})'


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:39]}\u2026"
