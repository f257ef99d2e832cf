"""A folder of parts, as Spark and others write one table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import polars as pl

from classmark.errors import InputError, shortened
from classmark.system.types import kind_of
from classmark.tables.contents import unreadable
from classmark.tables.table_file import TableFile, build_table

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
PART_ENDINGS = {
    ".parquet": "Parquet",
    **dict.fromkeys((".csv", ".tsv"), "CSV"),
    **dict.fromkeys((".jsonl", ".ndjson"), "JSONL"),
}

ReadPart = Callable[[Path], TableFile]


@dataclass(frozen=True)
class Part:
    """One file of a folder, read.

    Attributes:
        path: of the file.
        table: what is in it.
        keys: columns that the names of its folders give: `year=2026` is the column `year`.
    """

    path: Path
    table: TableFile
    keys: dict[str, str | None]

    @property
    def frame(self) -> pl.DataFrame:
        """Its rows with the columns of its folders."""
        keys = [pl.lit(value, dtype=pl.String).alias(name) for name, value in self.keys.items()]
        return self.table.frame.with_columns(keys)


def read_folder(folder: Path, source: str, ending_of: Callable[[str], str], read_part: ReadPart) -> TableFile:
    """The table that the parts in a folder are, in the order of their names; it may have no rows.

    Hidden files and those whose names begin with `_` are passed over, and so are parts without rows.

    Args:
        folder: of the parts, or of folders named `column=value` that hold them.
        source: for messages.
        ending_of: the ending of a name that tells the format.
        read_part: reads one file.

    Raises:
        InputError: there are no parts, or they do not fit together.
    """
    paths = _part_paths(folder, source, ending_of)
    parts = [Part(path, read_part(path), _keys(path.relative_to(folder))) for path in paths if path.stat().st_size]
    filled = [part for part in parts if part.table.frame.height]
    if not filled:
        return build_table(source, [])
    _check_columns(filled, source)
    frame = _joined(filled, source)
    numbers, before = list[np.ndarray[tuple[int], np.dtype[np.int64]]](), 0
    for part in filled:
        numbers.append(part.table.row_numbers + before)
        before = int(numbers[-1][-1])
    notes = [f"The folder holds {len(parts)} parts, read in the order of their names."] if len(parts) > 1 else []
    notes += [f"{part.path.relative_to(folder).as_posix()}: {note}" for part in filled for note in part.table.notes]
    textual = all(part.table.textual for part in filled)
    columns = [(values.name, values) for values in frame.get_columns()]
    table = build_table(source, columns, np.concatenate(numbers), textual=textual, notes=notes)
    repeated = frozenset().union(*(part.table.repeated for part in filled))
    return TableFile(source, table.frame, table.row_numbers, textual, table.notes, repeated)


def _part_paths(folder: Path, source: str, ending_of: Callable[[str], str]) -> list[Path]:
    """The parts in order of their names, all of one kind."""
    paths = sorted(_visible_files(folder), key=lambda path: path.relative_to(folder).as_posix())
    kinds = {path: PART_ENDINGS.get(ending_of(path.name)) for path in paths}
    remedy = "Give a table file, or a folder that holds only parts of one table: .parquet, .csv, .tsv or .jsonl files."
    if not any(kinds.values()):
        raise InputError(f"{source}: a folder without tables.", remedy)
    first = paths[0]
    other = next((path for path in paths if kinds[path] != kinds[first]), None)
    if other is not None:
        names = " and ".join(path.relative_to(folder).as_posix() for path in (first, other))
        raise InputError(f"{source}: the folder holds files of different kinds, such as {names}.", remedy)
    return paths


def _visible_files(folder: Path) -> Iterable[Path]:
    def refuse(error: OSError) -> None:
        raise unreadable(folder, error)

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        yield from (
            Path(place, name) for name in names if not name.startswith((".", "_")) and not name.endswith(".crc")
        )


def _keys(path: Path) -> dict[str, str | None]:
    """The columns in the names of the folders above a part."""
    pairs = [name.partition("=") for name in path.parts[:-1] if "=" in name]
    return {unquote(name): None if value == HIVE_NULL else unquote(value) for name, _, value in pairs}


def _check_columns(parts: list[Part], source: str) -> None:
    first = parts[0]
    for part in parts:
        taken = [name for name in part.keys if name in part.table.frame.columns]
        if taken:
            raise InputError(
                f'{source}: both {part.path.name} and the name of its folder have a column "{taken[0]}".',
                "Rename one of them.",
            )
        if set(part.frame.columns) != set(first.frame.columns):
            raise InputError(
                f"{source}: {first.path.name} has the columns {shortened(first.frame.columns)}, "
                f"but {part.path.name} has {shortened(part.frame.columns)}.",
                "Parts of one table have the same columns. Read the files one by one if they are different tables.",
            )


def _joined(parts: list[Part], source: str) -> pl.DataFrame:
    first = parts[0].frame
    frames = [part.frame.select(first.columns) for part in parts]
    try:
        return pl.concat(frames, how="vertical_relaxed")
    except pl.exceptions.PolarsError:
        pass
    for part, frame in zip(parts, frames, strict=True):
        for name in first.columns:
            if frame[name].dtype != first[name].dtype:
                raise InputError(
                    f'{source}: the column "{name}" holds {kind_of(first[name].dtype)} in {parts[0].path.name}, '
                    f"but {kind_of(frame[name].dtype)} in {part.path.name}.",
                    "Write all parts with the same types.",
                )
    raise InputError(f"{source}: its parts do not fit together.", "Write them again as one file.")
