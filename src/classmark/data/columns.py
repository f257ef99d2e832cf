"""Columns of a user's file beside those that classmark adds: no name of the one is ever taken for the other.

A frame of examples has classmark's columns under their plain names. A column of the file that is called like one of them
waits under a name that no file can have, with a blank before it, until the predictions table is written.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

# Those of a predictions table, which keep their meaning there.
CONTRACT = frozenset({"id", "label", "probabilities", "predicted", "logits", "group", "weight", "leaked"}) | frozenset(
    {"text", "length", "path", "thumbnail"}
)
OURS = CONTRACT | {"place", "split", "key", "image", "row", "sha256", "width", "height", "fault", "part", "side"}
NOT_SHOWN = frozenset({"row", "sha256"})
MARK = " "  # `classmark.tables` takes blanks away around the names of columns


def set_apart(name: str) -> str:
    """What the column of a file is called in a frame of examples."""
    return f"{MARK}{name}" if name in OURS else name


def further_columns(names: Iterable[str]) -> list[str]:
    """Of the columns of a frame, those that are not classmark's."""
    return [name for name in names if name not in OURS]


def own_names(names: Iterable[str]) -> dict[str, str]:
    """Of the columns of a frame of examples, those that were set apart → their names in the predictions table.

    A column is called as in the file, unless the predictions table has one of classmark's that is called so.
    """
    named = list(names)
    taken = CONTRACT | {name for name in named if not name.startswith(MARK) and name not in NOT_SHOWN}
    found = dict[str, str]()
    for name in named:
        if name.startswith(MARK):
            written = unique = name.removeprefix(MARK)
            number = 1
            while unique in taken:
                number += 1
                unique = f"{written} ({number})"
            taken |= {unique}
            found[name] = unique
    return found


def changed_names(names: Iterable[str]) -> dict[str, str]:
    """Columns of the file → their other names in the predictions table, for those that have another one there."""
    found = {mark.removeprefix(MARK): name for mark, name in own_names(names).items()}
    return {written: name for written, name in found.items() if written != name}


def shown_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns of a frame of examples that go into a predictions table beside `id` and `label`."""
    return frame.drop("id", "label", *NOT_SHOWN, strict=False).rename(own_names(frame.columns))
