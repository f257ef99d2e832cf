"""How rows are prepared, the same for training, `predict` and `audit`: labels, texts, and which rows can be used.

A label is a class name (`classmark.data.class_names`): composed (NFC), without blanks and invisible characters around it.
Labels that differ in invisible characters alone are one. If all are numbers, `1.0` is `1`; if all are truth values, `true` is
`True`. NaN and a label of blanks are no label.
A text is kept as it is; one without a visible character is empty.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from classmark.data.class_names import (
    INVISIBLE,
    NUMBER,
    TRUTH,
    bare,
    is_missing_word,
    matched_name,
    trimmed,
    without_decimals,
)
from classmark.data.columns import further_columns
from classmark.errors import InputError, one_line
from classmark.recipes.schema import Data

MOST_NAMED = 5
NO_TEXT, EMPTY_TEXT, NO_LABEL = "the text is missing", "the text is empty", "the label is missing"
VISIBLE = rf"[^\s{INVISIBLE.pattern[1:-1]}]"


@dataclass(frozen=True)
class MatchedLabels:
    """New labels as classes of a trained model; both series have N rows.

    Attributes:
        names: `String`, the class; null where there is no label, or one that the model lacks.
        unknown: `String`, the label that the model lacks; null everywhere else.
    """

    names: pl.Series
    unknown: pl.Series


def is_plain(kind: pl.DataType) -> bool:
    """Whether a column of this type holds plain values, of which texts and labels can be made."""
    known = (pl.String, pl.Boolean, pl.Categorical, pl.Enum, pl.Null)
    return kind.is_numeric() or kind.is_temporal() or kind in known


def text_column(values: pl.Series) -> pl.Series:
    """A plain column as texts: `String`, null where there is none (NaN is none).

    A date with a time is spelled without what is zero, as dates are in a CSV; a duration as ISO 8601 has it.
    """
    match values.dtype:
        case pl.Duration():
            return values.dt.to_string("iso")
        case pl.Datetime():
            seconds = values.cast(pl.String).str.replace(r"\.0+($|[+-][0-9:]+$)", "$1")
            return seconds.str.replace(r"^(\S+) 00:00:00$", "$1")
        case kind if kind.is_float():
            values = values.fill_nan(None)
    return values.cast(pl.String)


def text_faults(texts: pl.Series) -> pl.Series:
    """Why a text cannot be used, `String`: it is missing, or has no visible character; null where it can."""
    frame = pl.select(
        pl.when(texts.is_null()).then(pl.lit(NO_TEXT)).when(~texts.str.contains(VISIBLE)).then(pl.lit(EMPTY_TEXT))
    )
    return frame.to_series().alias("fault")


def label_columns(*columns: pl.Series) -> tuple[pl.Series, ...]:
    """The class names in plain columns of labels, `String`, null where there is none.

    Args:
        columns: the labels of all splits: whether they are numbers or truth values is decided over all of them.
    """
    texts = [as_written(column) for column in columns]
    written = dict.fromkeys(name for column in texts for name in column.drop_nulls().unique().to_list())
    names = {name: trimmed(name) for name in written}
    names = _without_twins(names)
    rule = _spelling([name for name in names.values() if name is not None])
    spelled = {name: None if value is None else rule.get(value, value) for name, value in names.items()}
    return tuple(_renamed(column, spelled) for column in texts)


def match_labels(labels: pl.Series, classes: Sequence[str]) -> MatchedLabels:
    """The labels of a plain column as classes of a trained model, by the rules by which its own labels were prepared.

    Besides, 1 and 0 are True and False, and the other way around, if those are the classes. What one row means does not
    depend on other rows.
    """
    texts = as_written(labels)
    names = {name: trimmed(name) for name in texts.drop_nulls().unique().to_list()}
    meant = {name: None if value is None else matched_name(value, classes) for name, value in names.items()}
    return MatchedLabels(
        _renamed(texts, meant), _renamed(texts, {name: names[name] if meant[name] is None else None for name in names})
    )


def as_written(column: pl.Series) -> pl.Series:
    """A plain column of labels as text: as written in a CSV, and truth values as `True` and `False`."""
    if column.dtype == pl.Boolean:
        return column.replace_strict({True: "True", False: "False"}, return_dtype=pl.String, default=None)
    return text_column(column)


def _without_twins(names: dict[str, str | None]) -> dict[str, str | None]:
    """The names; those that differ in invisible characters inside alone become one, without them."""
    visible: dict[str, set[str]] = {}
    for name in names.values():
        if name is not None:
            visible.setdefault(bare(name), set()).add(name)
    return {
        written: name if name is None or len(visible[bare(name)]) == 1 else bare(name)
        for written, name in names.items()
    }


def _spelling(names: Sequence[str]) -> dict[str, str]:
    """How numbers and truth values are spelled if all labels are that; words for a missing value do not count."""
    kept = [name for name in names if not is_missing_word(name)]
    if all(NUMBER.fullmatch(name) for name in kept):
        return {name: without_decimals(name) for name in kept}
    if all(name.lower() in TRUTH for name in kept):
        return {name: TRUTH[name.lower()] for name in kept}
    return {}


def _renamed(column: pl.Series, names: dict[str, str | None]) -> pl.Series:
    """Each value by its new name; quick if none changes."""
    if all(name == value for name, value in names.items()):
        return column
    return column.replace_strict(names, return_dtype=pl.String, default=None)


def label_notes(*columns: pl.Series) -> tuple[str, ...]:
    """Which labels count as one class though they are written in several ways, other than with blanks around them."""
    texts = [as_written(column) for column in columns]
    written = pl.concat(texts).drop_nulls().unique().sort()
    names = label_columns(written)[0]
    several = dict[str, list[str]]()
    for label, name in zip(written, names, strict=True):
        if name is not None and label.strip() != name:
            several.setdefault(name, []).append(label.strip())
    known = set(names.drop_nulls()) & {label.strip() for label in written}
    found = [(name, list(dict.fromkeys(ways))) for name, ways in several.items() if name in known or len(set(ways)) > 1]
    return tuple(
        f'Labels count as the class "{name}" though they are written as {", ".join(map(_shown, ways[:4]))}.'
        for name, ways in found[:MOST_NAMED]
    )


def _shown(label: str) -> str:
    """A label in quotes, with escapes if it looks like its class."""
    plain = label.isprintable() and unicodedata.is_normalized("NFC", label)
    return f'"{label}"' if plain else ascii(label).replace("'", '"')


def usable_rows(frame: pl.DataFrame, data: Data, name: str) -> pl.DataFrame:
    """The rows that can be read and have a label, with their `group` where the recipe names one.

    Args:
        frame: `id`, `label` (a class name), and `text`, or for images `path` and `fault`, why it cannot be read.
        data: the recipe's `data`.
        name: of the file or source, for messages.

    Raises:
        InputError: some have not, and `data.skip_unreadable` is off; or the group is missing.
    """
    faults, unlabelled = row_faults(frame), frame["label"].is_null()
    if not data.skip_unreadable:
        _refuse(frame, faults, unlabelled, name)
    rows = frame.filter(faults.is_null() & ~unlabelled)
    _check_classes(frame.filter(~unlabelled)["label"], rows["label"], name)
    return rows if data.group is None else _grouped(rows, data.group, name)


def row_faults(frame: pl.DataFrame) -> pl.Series:
    """Why the content of a row cannot be used, `String`; null where it can."""
    if "text" not in frame.columns:
        return frame["fault"]
    faults = text_faults(frame["text"])
    return pl.select(pl.coalesce(frame["fault"], faults)).to_series() if "fault" in frame.columns else faults


def _refuse(frame: pl.DataFrame, faults: pl.Series, unlabelled: pl.Series, name: str) -> None:
    """Refuse rows that cannot be used."""
    if faults.is_not_null().any() and "text" not in frame.columns:
        raise InputError(unreadable_images(frame.filter(faults.is_not_null()), name))
    for bad, what in ((faults.is_not_null(), None), (unlabelled, NO_LABEL)):
        if bad.any():
            problem = what or faults.filter(bad)[0]
            raise InputError(
                f"{place_of(frame.filter(bad), name)}: {problem}; rows like this: {int(bad.sum()):,}. "
                "Mend them, or leave them out: data.skip_unreadable=true"
            )


def _check_classes(before: pl.Series, after: pl.Series, name: str) -> None:
    """Refuse that a class has lost all its rows; that all have, others say."""
    lost = sorted(set(before) - set(after))
    if lost and len(after):
        raise InputError(
            f'{name}: no row of the class "{lost[0]}" can be read; rows of it: {int((before == lost[0]).sum()):,}. '
            "Mend them, or name the classes to use: data.classes=[…]"
        )


def unreadable_images(rows: pl.DataFrame, name: str) -> str:
    """What is said of images that cannot be read: which, why, and what to do."""
    columns = ("place", "path", "fault") if "place" in rows.columns else ("path", "fault")
    first = rows.head(MOST_NAMED).select(columns).iter_rows()
    listed = [
        f"{one_line(', '.join(filter(None, where)).removeprefix(f'{name}, '))}: {fault}" for *where, fault in first
    ]
    more = f"; and {rows.height - MOST_NAMED:,} more" if rows.height > MOST_NAMED else ""
    count = "1 image" if rows.height == 1 else f"{rows.height:,} images"
    return (
        f"{name}: {count} cannot be read: {'; '.join(listed)}{more}. "
        "Mend them or take them away, or leave them out: data.skip_unreadable=true"
    )


def _grouped(rows: pl.DataFrame, column: str, name: str) -> pl.DataFrame:
    """The rows with `group`; a table's own is there already."""
    if "group" not in rows.columns:
        further = further_columns(rows.columns)
        if column not in further:
            raise InputError(
                f'data.group: {name} has no column "{column}". Its further columns: {", ".join(further) or "none"}.'
            )
        rows = rows.with_columns(text_column(rows[column]).alias("group"))
    lacking = rows["group"].is_null()
    if lacking.any():
        raise InputError(
            f'{place_of(rows.filter(lacking), name)}: no "{column}", which is the data.group; '
            f"rows like this: {int(lacking.sum()):,}. Every row needs one."
        )
    return rows


def place_of(rows: pl.DataFrame, name: str) -> str:
    """Where the first of the rows stands, for a message."""
    return one_line(str(rows["place"][0]) if "place" in rows.columns else f"{name}, {rows['id'][0]}")
