"""Numpy archives: each array is a column, and one of several columns a column of lists."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import InputError
from classmark.tables.table_file import TableFile, build_table


def read_npz(source: str, data: bytes) -> TableFile:
    """The table whose columns are the arrays of an archive; it may have no rows.

    An array of shape (N,) or (N, 1) is a column of values, one of shape (N, C) a column of lists.

    Raises:
        InputError: it is damaged, holds Python objects, or its arrays have different numbers of rows.
    """
    arrays, notes = dict[str, NDArray[Any]](), list[str]()
    for name, array in _arrays(source, data).items():
        if array.ndim == 0:
            notes.append(f'The array "{name}" holds one value and was left out.')
        else:
            arrays[name] = array
    if not arrays:
        raise InputError(f"{source}: the archive holds no arrays.", "Save one array per column with numpy.savez.")
    first, *rest = arrays
    other = next((name for name in rest if len(arrays[name]) != len(arrays[first])), None)
    if other is not None:
        raise InputError(
            f'{source}: the array "{first}" has {len(arrays[first])} rows, but "{other}" has {len(arrays[other])}.',
            "Save only arrays that have one row per example.",
        )
    columns = [(name, _column(source, name, array)) for name, array in arrays.items()]
    return build_table(source, columns, notes=notes)


def _arrays(source: str, data: bytes) -> dict[str, NDArray[Any]]:
    try:
        if not zipfile.is_zipfile(io.BytesIO(data)):
            raise zipfile.BadZipFile
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = dict[str, NDArray[Any]]()
            for name in archive.files:
                try:
                    array = archive[name]
                except ValueError:
                    raise InputError(
                        f'{source}: the array "{name}" holds Python objects, which could run code when read.',
                        "Save strings as an array of strings: array.astype(str).",
                    ) from None
                if not isinstance(array, np.ndarray):
                    raise InputError(f'{source}: "{name}" in the archive is no numpy array.', "Save arrays only.")
                arrays[name] = array
            return arrays
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, AttributeError, NotImplementedError):
        raise InputError(f"{source}: it is no numpy archive, or it is damaged.", "Write or fetch it again.") from None


def _column(source: str, name: str, array: NDArray[Any]) -> pl.Series:
    if array.ndim > 2 or array.dtype.kind not in "biufSUM" or array.dtype.fields:
        raise InputError(
            f'{source}: the array "{name}" of shape {array.shape} and type {array.dtype} is no column.',
            "Save numbers or strings with one or two axes.",
        )
    if array.dtype.kind == "S":
        try:
            array = np.char.decode(array, "utf-8")
        except UnicodeDecodeError:
            raise InputError(
                f'{source}: the array "{name}" holds bytes that are not valid UTF-8.', "Save it as strings."
            ) from None
    array = array.astype(np.float32) if array.dtype == np.float16 else array
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    array = array.astype(array.dtype.newbyteorder("="))
    if array.ndim == 1 or array.shape[1] == 1:
        values = array.reshape(len(array))
        return pl.Series(values.tolist(), dtype=pl.String) if array.dtype.kind == "U" else pl.Series(values)
    numeric = array.dtype.kind in "iuf"
    return pl.Series(array.tolist(), dtype=pl.List(pl.Float64)) if numeric else pl.Series(array.tolist())
