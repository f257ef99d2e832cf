"""One's own images, listed in a CSV, TSV, JSONL or Parquet file with a path and a label column."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from classmark.data.images.files import ImageFiles
from classmark.data.sources.examples import read_parts
from classmark.data.sources.source import TEST, TRAIN, VALIDATION, Source
from classmark.errors import InputError
from classmark.recipes.schema import Data


def read_image_table(data: Data) -> Source:
    """The images that `data.path` lists, and as validation and test set those that `read_parts` finds.

    A path counts from the folder of its table on; it may be absolute, and may lead out of the folder. Without
    `data.id_column` it is the id; that of an image in several rows ends in `#` and the row number, and all of the test
    table's begin with `test-`, of the validation table's with `validation-`.

    Raises:
        InputError: a table or a column is missing, a table cannot be read, or none of its images is there.
    """
    if data.path is None:
        raise InputError("data.path: this recipe reads a table of yours. Say which: data.path=images.csv")
    parts = read_parts(data, "image", _path_ids)
    table = Path(data.path)
    names = list[str]()
    for part, frame in parts.frames.items():
        folder = Path(parts.paths[part]).parent
        paths = frame["image"].fill_null("").str.strip_chars()
        rows = pl.int_range(len(names), len(names) + frame.height, eager=True)
        parts.frames[part] = frame.rename({"image": "path"}).with_columns(paths.alias("path"), rows.alias("row"))
        same = folder.absolute() == table.parent.absolute()
        prefix = Path() if same else folder.absolute()
        names += [name if same else (prefix / name).as_posix() if name else "" for name in paths]
    given = [table.parent / name for name in names if name]
    if given and not any(map(_is_there, given)):
        raise InputError(
            f"{table}: none of its images is there, such as {given[0]}. Paths in the column "
            f'"{data.image_column}" count from the folder of the table on, or are absolute.'
        )
    return Source(
        data.path,
        parts.frames[TRAIN],
        parts.frames.get(TEST),
        ImageFiles(table.parent, tuple(names)),
        validation=parts.frames.get(VALIDATION),
        paths=parts.paths,
        notes=parts.notes,
    )


def _path_ids(paths: pl.Series) -> list[str]:
    again = paths.is_duplicated()
    return [f"{path or ''}#{row}" if again[row - 1] else path or "" for row, path in enumerate(paths, start=1)]


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the name is too long, or its folder may not be read
        return False
