"""Parquet, Arrow (Feather) and numpy archives."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import InputError
from classmark.tables.table_file import TableFile, build_table

PARQUET, ARROW, FEATHER_1 = b"PAR1", b"ARROW1", b"FEA1"


def read_parquet(source: str, place: Path | bytes) -> TableFile:
    """The table in a Parquet file, or in its bytes.

    Raises:
        InputError: it is no Parquet file or a damaged one.
    """
    file = io.BytesIO(place) if isinstance(place, bytes) else place
    try:
        frame = pl.read_parquet(file, glob=False, hive_partitioning=False, use_pyarrow=False)
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        raise _damaged(source, "Parquet", error) from None
    return _table(source, frame)


def parquet_blocks(source: str, path: Path, rows: int) -> Iterator[TableFile]:
    """The table in a Parquet file in blocks of about so many rows; a block may have none.

    Raises:
        InputError: it is no Parquet file or a damaged one.
    """
    before = 0
    try:
        lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        for frame in lazy.collect_batches(chunk_size=rows, maintain_order=True):
            numbers = np.arange(before + 1, before + frame.height + 1, dtype=np.int64)
            before += frame.height
            yield _table(source, frame, numbers)
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        raise _damaged(source, "Parquet", error) from None


def read_arrow(source: str, data: bytes) -> TableFile:
    """The table in an Arrow file (Feather 2) or stream.

    Raises:
        InputError: it is neither, or damaged.
    """
    if data.startswith(FEATHER_1):
        raise InputError(
            f"{source}: it is Feather version 1, which is not read.", "Write it with pandas 1 or later, or as Parquet."
        )
    read = pl.read_ipc if data.startswith(ARROW) else pl.read_ipc_stream
    try:
        frame = read(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        raise _damaged(source, "Arrow", error) from None
    return _table(source, frame)


def _table(source: str, frame: pl.DataFrame, numbers: NDArray[np.int64] | None = None) -> TableFile:
    return build_table(source, [(values.name, values) for values in frame.get_columns()], numbers)


def _damaged(source: str, kind: str, error: BaseException) -> InputError:
    if isinstance(error, pl.exceptions.DuplicateError):
        return InputError(f"{source}: two columns have the same name.", "Give each column its own name.")
    return InputError(f"{source}: it is no {kind} file, or it is damaged or cut off.", "Write or fetch it again.")
