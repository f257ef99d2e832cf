"""One's own images, listed in a CSV, TSV, JSONL or Parquet file with a path and a label column."""

from __future__ import annotations

import polars as pl

from classmark.data.sources.examples import read_parts
from classmark.data.sources.image_paths import Names, image_files
from classmark.data.sources.source import TEST, TRAIN, VALIDATION, Source
from classmark.errors import InputError
from classmark.recipes.schema import Data


def read_image_table(data: Data) -> Source:
    """The images that `data.path` lists, and as validation and test set those that `read_parts` finds.

    A path counts from `data.image_folder` or the folder of its table on; it may be absolute, and may lead out of it. Without
    `data.id_column` it is the id; that of an image in several rows ends in `#` and the row number, and all of the test
    table's begin with `test-`, of the validation table's with `validation-`.

    Raises:
        InputError: a table or a column is missing, a table cannot be read, or none of its images is there.
    """
    if data.path is None:
        raise InputError("data.path: this recipe reads a table of yours. Say which: data.path=images.csv")
    parts = read_parts(data, "image", _path_ids)
    tables, first = list[Names](), 0
    for part, frame in parts.frames.items():
        paths = frame["image"].fill_null("").str.strip_chars()
        rows = pl.int_range(first, first + frame.height, eager=True)
        parts.frames[part] = frame.rename({"image": "path"}).with_columns(paths.alias("path"), rows.alias("row"))
        tables.append(Names(parts.paths[part], paths.to_list()))
        first += frame.height
    return Source(
        data.path,
        parts.frames[TRAIN],
        parts.frames.get(TEST),
        image_files(tables, data),
        validation=parts.frames.get(VALIDATION),
        paths=parts.paths,
        notes=parts.notes,
    )


def _path_ids(paths: pl.Series) -> list[str]:
    again = paths.is_duplicated()
    return [f"{path or ''}#{row}" if again[row - 1] else path or "" for row, path in enumerate(paths, start=1)]
