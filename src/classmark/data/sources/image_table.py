"""One's own images, listed in a CSV, TSV, JSONL or Parquet file with a path and a label column."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from classmark.data.sources.image_paths import Names, image_files
from classmark.data.sources.source import Source
from classmark.data.sources.table import apart, read_examples
from classmark.errors import InputError
from classmark.recipes.schema import Data


def read_image_table(data: Data) -> Source:
    """The images that `data.path` lists, and as test set those of `data.test_path` where it is given.

    A path counts from `data.image_folder` or the folder of its table on; it may be absolute, and may lead out of the
    folder. Without `data.id_column` it is the id; that of an image in several rows ends in `#` and the row number, and
    all of the test table's begin with `test-`.

    Raises:
        InputError: a table or a column is missing, a table cannot be read, or none of its images is there.
    """
    if data.path is None:
        raise InputError("data.path: this recipe reads a table of yours. Say which: data.path=images.csv")
    train = _examples(Path(data.path), data, 0)
    tables = [Names(data.path, train["path"].to_list())]
    test = None
    if data.test_path:
        test = apart(_examples(Path(data.test_path), data, train.height), data)
        tables.append(Names(data.test_path, test["path"].to_list()))
    return Source(data.path, train, test, image_files(tables, data))


def _examples(table: Path, data: Data, first_row: int) -> pl.DataFrame:
    rows = read_examples(table, data, "image", _path_ids)
    return rows.rename({"image": "path"}).with_columns(
        pl.col("path").fill_null("").str.strip_chars(), row=first_row + pl.int_range(pl.len())
    )


def _path_ids(paths: pl.Series) -> list[str]:
    again = paths.is_duplicated()
    return [f"{path or ''}#{row}" if again[row - 1] else path or "" for row, path in enumerate(paths, start=1)]
