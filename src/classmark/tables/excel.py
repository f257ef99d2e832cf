"""Workbooks: the one sheet that is not empty."""

from __future__ import annotations

import polars as pl

from classmark.errors import InputError, MissingExtraError, shortened
from classmark.tables.table_file import TableFile, build_table


def read_excel(source: str, data: bytes) -> TableFile:
    """The table in a workbook (.xlsx, .xls or .ods); it may have no rows.

    Raises:
        InputError: it is damaged or protected, or several of its sheets hold data.
        MissingExtraError: fastexcel is not installed.
    """
    try:
        import fastexcel
    except ImportError:
        raise MissingExtraError("fastexcel", "excel", f"{source}: a workbook") from None
    try:
        reader = fastexcel.read_excel(data)
        filled = [name for name in reader.sheet_names if reader.load_sheet(name, header_row=None).total_height]
        if len(filled) != 1:
            raise _not_one(source, filled)
        first = reader.load_sheet(filled[0], header_row=None, n_rows=1, dtypes="string").to_polars()
        frame = reader.load_sheet(filled[0], header_row=0, schema_sample_rows=None).to_polars()
    except fastexcel.FastExcelError:
        raise InputError(
            f"{source}: it is no workbook, or it is damaged or protected by a password.",
            "Save it again without a password, or as .csv.",
        ) from None
    notes = [f'The table is the sheet "{filled[0]}".'] if len(reader.sheet_names) > 1 else []
    names = [name or "" for name in first.row(0)]
    columns = [(name, _whole(values)) for name, values in zip(names, frame.get_columns(), strict=True)]
    return build_table(source, columns, notes=notes)


def _not_one(source: str, filled: list[str]) -> InputError:
    if not filled:
        return InputError(f"{source}: the workbook has no cells.")
    names = shortened([f'"{name}"' for name in filled])
    return InputError(
        f"{source}: {len(filled)} of its sheets hold data: {names}.", "Save the one to read as a file of its own."
    )


def _whole(values: pl.Series) -> pl.Series:
    """Whole numbers as integers: a workbook knows only one kind of number."""
    if values.dtype != pl.Float64 or not values.drop_nulls().is_finite().all():
        return values
    whole = values.cast(pl.Int64, strict=False)
    return whole if whole.null_count() == values.null_count() and (whole == values).all() else values
