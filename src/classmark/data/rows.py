"""Which rows of a source can be used: those that have something to look at and a label."""

from __future__ import annotations

import polars as pl

from classmark.data.sources.source import RESERVED
from classmark.errors import InputError
from classmark.recipes.schema import Data

MOST_NAMED = 5


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
