"""Tables as files, in every format, and as frames in memory."""

from __future__ import annotations

import csv
import datetime
import gzip
import importlib.util
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.random import Generator

from .columns import Column
from .random_tables import Table

ENDINGS = {
    "csv semicolons": ".csv", "csv decimal commas": ".csv", "csv BOM": ".csv", "csv CRLF": ".csv", "csv blank line": ".csv",
    "csv standard input": ".csv", "jsonl standard input": ".jsonl", "parquet parts": "_parts.parquet", "feather": ".feather",
}  # fmt: skip
NEEDED = {"xlsx": ("xlsxwriter", "fastexcel"), "csv.zst": ("zstandard",)}


def can_write(kind: str) -> bool:
    """Whether the optional packages of a format are installed."""
    return all(importlib.util.find_spec(package) for package in NEEDED.get(kind, ()))


def write_table(table: Table, rows: slice, folder: Path, stem: str) -> Path:
    """The path of the rows, written in the table's format; of a folder where the format is a folder of parts.

    Standard input has a path too: whoever calls the command reads the file into it.
    """
    kind = table.format if can_write(table.format) else "csv"
    path = folder / f"{stem}{ENDINGS.get(kind, '.' + kind)}"
    rng = np.random.default_rng([table.seed, 1])
    columns = [replace(column, cells=column.cells[rows]) for column in table.columns]
    match kind:
        case "parquet" | "feather" | "parquet parts":
            _write_typed(typed_frame(columns, rng), path, kind)
        case "jsonl" | "jsonl standard input":
            lines = (json.dumps(record, ensure_ascii=False, default=str) for record in _records(columns))
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        case "json":
            path.write_text(json.dumps(_records(columns), ensure_ascii=False, default=str), encoding="utf-8")
        case "npz":
            np.savez(path, **{column.name: _array(column) for column in columns})
        case "xlsx":
            _write_sheet(columns, path)
        case _:
            _write_text(table, columns, rng, path, kind)
    return path


def _write_text(table: Table, columns: Sequence[Column], rng: Generator, path: Path, kind: str) -> None:
    separator = "\t" if kind == "tsv" else ";" if kind in ("csv semicolons", "csv decimal commas") else ","
    comma = kind == "csv decimal commas"
    style, stream = str(rng.choice(["json", "json", "python", "numpy"])), io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator="\r\n" if kind == "csv CRLF" else "\n")
    texts = [[_text(cell, column, style, table.missing, comma) for cell in column.cells] for column in columns]
    writer.writerow([column.name for column in columns])
    writer.writerows(zip(*texts, strict=True))
    text = stream.getvalue() + ("\n" if kind == "csv blank line" else "")
    content = text.encode("utf-8-sig" if kind == "csv BOM" else "utf-8")
    if kind == "csv.gz":
        content = gzip.compress(content)
    elif kind == "csv.zst":
        import zstandard

        content = zstandard.compress(content)
    path.write_bytes(content)


def _text(cell: Any, column: Column, style: str, missing: str, comma: bool) -> str:
    """A cell as a text file holds it."""
    match cell:
        case None:
            return missing if column.sparse else ""
        case bool() | str() | datetime.date():
            return str(cell).replace(".", ",") if comma and isinstance(cell, str) and cell.endswith("%") else str(cell)
        case float():
            text = repr(cell) if column.digits is None else f"{cell:.{column.digits}f}"
            return text.replace(".", ",") if comma else text
        case list() if style == "numpy" and isinstance(cell[0], float):
            return "[" + " ".join(repr(number) for number in cell) + "]"
        case list() | dict():
            return repr(cell) if style == "python" else json.dumps(cell, ensure_ascii=False)
    return str(cell)


def _records(columns: Sequence[Column]) -> list[dict[str, Any]]:
    names = [column.name for column in columns]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*(column.cells for column in columns), strict=True)]


def typed_frame(columns: Sequence[Column], rng: Generator | None = None) -> pl.DataFrame:
    """The columns in a frame; with `rng`, whole numbers and texts in one of the types that hold them."""
    return pl.DataFrame([_series(column, rng) for column in columns])


def _series(column: Column, rng: Generator | None) -> pl.Series:
    cells = [cell for cell in column.cells if cell is not None]
    series = pl.Series(column.name, column.cells, dtype=column.dtype, strict=False)
    if column.dtype is not None or rng is None or not cells:
        return series
    first = cells[0]
    kinds: list[Any] = []
    if isinstance(first, int) and not isinstance(first, bool):
        low, high = min(cells), max(cells)
        kinds = [pl.Int64, pl.Int64, pl.Int32, *([pl.Int8] if high < 127 and low > -128 else [])]
        kinds += [pl.UInt8] if low >= 0 and high < 255 else []
        kinds += [pl.Float32] if column.sparse and high < 1000 else []
    elif isinstance(first, float):
        kinds = [pl.Float64, pl.Float32] if column.sparse else []
    elif isinstance(first, str):
        kinds = [pl.String, pl.String, pl.Categorical, pl.Enum(sorted(set(cells)))]
    return series.cast(kinds[rng.integers(len(kinds))]) if kinds else series


def _write_typed(frame: pl.DataFrame, path: Path, kind: str) -> None:
    if kind == "feather":
        frame.write_ipc(path)
    elif kind == "parquet":
        frame.write_parquet(path)
    else:
        path.mkdir()
        half = frame.height // 2
        frame[:half].write_parquet(path / "part-00000.parquet")
        frame[half:].write_parquet(path / "part-00001.parquet")


def _array(column: Column) -> Any:
    if isinstance(column.cells[0], datetime.date):
        return np.array(column.cells, dtype="datetime64[D]")
    return np.array(column.cells)


def _write_sheet(columns: Sequence[Column], path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.name)
            for row, cell in enumerate(column.cells, start=1):
                match cell:
                    case None:
                        pass
                    case bool():
                        sheet.write_boolean(row, place, cell)
                    case int() | float():
                        sheet.write_number(row, place, cell)
                    case list() | dict():
                        sheet.write_string(row, place, json.dumps(cell, ensure_ascii=False))
                    case _:
                        sheet.write_string(row, place, str(cell))
