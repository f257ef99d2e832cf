"""How rows are prepared, the same for training, `predict` and `audit`: labels, texts, and which rows can be used.

A label is a class name (`classmark.data.class_names`): composed (NFC), without blanks and invisible characters around it.
If all labels are numbers, `1.0` is `1`; if all are truth values, `true` is `True`. NaN and a label of blanks are no label.
A text is kept as it is; one without a visible character is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from classmark.data.class_names import (
    INVISIBLE,
    NUMBER,
    TRUTH,
    is_missing_word,
    matched_name,
    trimmed,
    without_decimals,
)
from classmark.data.sources.source import RESERVED
from classmark.errors import InputError
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
    """A plain column as texts: `String`, null where there is none (NaN is none)."""
    return (values.fill_nan(None) if values.dtype.is_float() else values).cast(pl.String)


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
    texts = [_as_written(column) for column in columns]
    written = dict.fromkeys(name for column in texts for name in column.drop_nulls().unique().to_list())
    names = {name: trimmed(name) for name in written}
    rule = _spelling([name for name in names.values() if name is not None])
    spelled = {name: None if value is None else rule.get(value, value) for name, value in names.items()}
    return tuple(_renamed(column, spelled) for column in texts)


def match_labels(labels: pl.Series, classes: Sequence[str]) -> MatchedLabels:
    """The labels of a plain column as classes of a trained model, by the rules by which its own labels were prepared.

    Besides, 1 and 0 are True and False, and the other way around, if those are the classes. What one row means does not
    depend on other rows.
    """
    texts = _as_written(labels)
    names = {name: trimmed(name) for name in texts.drop_nulls().unique().to_list()}
    meant = {name: None if value is None else matched_name(value, classes) for name, value in names.items()}
    return MatchedLabels(
        _renamed(texts, meant), _renamed(texts, {name: names[name] if meant[name] is None else None for name in names})
    )


def _as_written(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Boolean:
        return column.replace_strict({True: "True", False: "False"}, return_dtype=pl.String, default=None)
    return text_column(column)


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


def usable_rows(frame: pl.DataFrame, data: Data, name: str) -> pl.DataFrame:
    """The rows that can be read and have a label, with their `group` where the recipe names one.

    Args:
        frame: `id`, `label`, and `text`, or for images `path` and `fault`, why it cannot be read.
        data: the recipe's `data`.
        name: of the source, for messages.

    Raises:
        InputError: some have not, and `data.skip_unreadable` is off; or the group is missing.
    """
    unlabelled = frame["label"].is_null() | (frame["label"] == "")
    if "text" in frame.columns:
        unreadable = frame["text"].is_null() | (frame["text"].str.strip_chars() == "")
        problem = "the text is empty"
    else:
        unreadable, problem = frame["fault"].is_not_null(), ""
    if not data.skip_unreadable:
        if unreadable.any() and not problem:
            raise InputError(unreadable_images(frame.filter(unreadable), name))
        for bad, what in ((unreadable, problem), (unlabelled, "the label is missing")):
            if bad.any():
                raise InputError(
                    f"{_place(frame.filter(bad), name)}: {what}; rows like this: {int(bad.sum()):,}. "
                    "Mend them, or leave them out: data.skip_unreadable=true"
                )
    rows = frame.filter(~(unreadable | unlabelled))
    _check_classes(frame.filter(~unlabelled)["label"], rows["label"], name)
    if data.group is not None:
        rows = _grouped(rows, data.group, name)
    return rows.drop("place", "fault", strict=False)


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
    listed = [f"{', '.join(filter(None, where)).removeprefix(f'{name}, ')}: {fault}" for *where, fault in first]
    more = f"; and {rows.height - MOST_NAMED:,} more" if rows.height > MOST_NAMED else ""
    count = "1 image" if rows.height == 1 else f"{rows.height:,} images"
    return (
        f"{name}: {count} cannot be read: {'; '.join(listed)}{more}. "
        "Mend them or take them away, or leave them out: data.skip_unreadable=true"
    )


def _grouped(rows: pl.DataFrame, column: str, name: str) -> pl.DataFrame:
    if column not in rows.columns:
        ours = ("id", "text", "label", "place", "row", "path", "fault", "sha256")
        known = ", ".join(other for other in rows.columns if other not in ours)
        raise InputError(f'data.group: {name} has no column "{column}". Its further columns: {known or "none"}.')
    groups = rows[column].cast(pl.String)
    if groups.null_count():
        raise InputError(
            f'{_place(rows.filter(groups.is_null()), name)}: no "{column}", which is the data.group; '
            f"rows like this: {groups.null_count():,}. Every row needs one."
        )
    return rows.drop(column if column in RESERVED else ()).with_columns(groups.alias("group"))


def _place(rows: pl.DataFrame, name: str) -> str:
    """Where the first of the rows stands, for a message."""
    return str(rows["place"][0]) if "place" in rows.columns else f"{name}, {rows['id'][0]}"
