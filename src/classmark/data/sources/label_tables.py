"""Tables without a column of labels: what they seem to hold instead."""

from __future__ import annotations

from collections.abc import Set

import polars as pl

from classmark.errors import InputError, shortened

ONE, ZERO = ("1", "1.0", "true", "True", "TRUE"), ("0", "0.0", "false", "False", "FALSE")


def refuse_missing_label(frame: pl.DataFrame, source: str, label: str, named: Set[str]) -> None:
    """Refuse a one-hot table, which has a column of 0 and 1 for each class; say nothing of other tables.

    Raises:
        InputError: it is one.
    """
    ones = {name: found for name in frame.columns if name not in named and (found := _ones(frame[name])) is not None}
    if len(ones) < 2:
        return
    in_row = pl.DataFrame(list(ones.values())).sum_horizontal()
    columns = shortened(list(ones))
    what = f'{source}: there is no column "{label}"; the columns {columns} hold 0 and 1'
    if (in_row == 1).all():
        listed = ", ".join(f'"{name}"' for name in list(ones)[:8]) + (", …" if len(ones) > 8 else "")
        raise InputError(
            f"{what}, with one 1 in each row (one-hot). One column of labels is needed.",
            f'For instance with pandas: table["{label}"] = table[[{listed}]].idxmax(axis=1)',
        )
    if (in_row > 1).any():
        raise InputError(
            f"{what}, and {int((in_row > 1).sum()):,} rows have several 1s: several labels per row, which is not learned.",
            f"Train one model per column, for instance: data.label_column={next(iter(ones))}",
        )


def _ones(column: pl.Series) -> pl.Series | None:
    """Where a column of nothing but 0 and 1 has its 1s; None for other columns."""
    if not (column.dtype.is_numeric() or column.dtype in (pl.String, pl.Boolean)) or not len(column):
        return None
    texts = column.cast(pl.String)
    if texts.null_count() or not texts.is_in([*ONE, *ZERO]).all():
        return None
    return texts.is_in(list(ONE)).cast(pl.Int64)
