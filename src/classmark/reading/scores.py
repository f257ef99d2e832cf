"""The scores in columns: their values, and what these are: shares, percentages, logarithms, or none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
import polars as pl

from classmark.errors import InputError
from classmark.reading.columns import Column, Floats
from classmark.system.types import kind_of

SUM_TOLERANCE = 1e-4


MOST_TOLERANCE = 0.1


class Kind(StrEnum):
    """What the values of several scores per row are."""

    SHARES = "shares"  # from 0 to 1, rows sum to one
    PERCENT = "percent"  # from 0 to 100, rows sum to a hundred
    LOGARITHMS = "logarithms"  # their exponentials are shares
    UNEVEN = "uneven"  # from 0 to 1, some rows do not sum to one
    OUTSIDE = "outside"  # beyond 0 to 1
    UNREAD = "unread"  # a cell is no number


@dataclass(frozen=True)
class Scores:
    """The columns that hold scores, and their values.

    Attributes:
        columns: their names.
        values: shape (N, C), or (N, 1) for one score; NaN where a cell is not a number.
        classes: the class of each column as its name says; empty if the names say nothing.
        indexed: the names number the classes (from 0 or 1), so that only an order is known.
        foreign: the names say other classes than the labels, so that not even the order is known.
        of_class: for one score, the class that its name says.
        decimals: digits after the point, as far as rounding explains them.
        bad: column name and row index of the first cell that is not a number.
        notes: how the numbers were written.
        listed: the values come from one column of lists.
    """

    columns: tuple[str, ...]
    values: Floats
    classes: tuple[str, ...] = ()
    indexed: bool = False
    foreign: bool = False
    of_class: str | None = None
    decimals: int | None = None
    bad: tuple[str, int] | None = None
    notes: tuple[str, ...] = field(default=())
    listed: bool = False

    @property
    def is_single(self) -> bool:
        return int(self.values.shape[1]) == 1

    @cached_property
    def tolerance(self) -> float:
        """How far a row's sum may be from one: 1e-4, or what the number of digits explains."""
        if not self.decimals:
            return SUM_TOLERANCE
        explained = self.values.shape[1] * 0.5 * 10.0**-self.decimals
        return float(max(SUM_TOLERANCE, min(MOST_TOLERANCE, explained * (1 + 1e-9))))

    @cached_property
    def kind(self) -> Kind:
        """What the values are; for one score a share lies in [0, 1]."""
        values = self.values
        if self.bad is not None or not np.isfinite(values).all():
            return Kind.UNREAD
        sums = values.sum(axis=1)
        if (values >= (-1e-6 if self.is_single else 0)).all() and (values <= 1 + self.tolerance).all():
            even = self.is_single or (np.abs(sums - 1) <= self.tolerance).all()
            return Kind.SHARES if even else Kind.UNEVEN
        if self.is_single:
            return Kind.OUTSIDE
        rounding = 1e-2 if self.decimals is None else values.shape[1] * 0.5 * 10.0**-self.decimals
        if (values >= 0).all() and (np.abs(sums - 100) <= max(rounding * (1 + 1e-9), 1e-2)).all():
            return Kind.PERCENT
        if (values <= 1e-9).all() and (np.abs(np.exp(values).sum(axis=1) - 1) <= 1e-3).all():
            return Kind.LOGARITHMS
        return Kind.OUTSIDE

    @cached_property
    def largest(self) -> list[str]:
        """The class of the largest score of each row, for scores of named classes."""
        return [self.classes[place] for place in np.argmax(self.values, axis=1).tolist()]


def columns_scores(columns: Mapping[str, Column], names: Sequence[str], classes: Sequence[str] = ()) -> Scores:
    """The scores in the named columns of numbers."""
    read = {name: columns[name].numbers for name in names}
    values = [np.full(len(columns[name].series), np.nan) if one is None else one.values for name, one in read.items()]
    bad = None
    for name, one in read.items():
        place = 0 if one is None else one.bad
        if place is not None and (bad is None or place < bad[1]):
            bad = (name, place)
    decimals = [None if one is None else one.decimals for one in read.values()]
    known = [one for one in decimals if one is not None]
    notes = tuple(dict.fromkeys(one.note for one in read.values() if one is not None and one.note))
    most = max(known) if len(known) == len(decimals) and known else None
    return Scores(tuple(names), np.column_stack(values), tuple(classes), decimals=most, bad=bad, notes=notes)


def list_scores(column: Column, source: str) -> Scores:
    """The scores in a column of lists, all of one length.

    Raises:
        InputError: a list is missing, of another length, or does not hold numbers.
    """
    series = column.series.arr.to_list() if isinstance(column.series.dtype, pl.Array) else column.series
    try:
        lists = series.cast(pl.List(pl.Float64), strict=False)
    except pl.exceptions.PolarsError:
        lists = None
    if lists is None or (isinstance(series.dtype, pl.List) and series.dtype.inner.is_nested()):
        raise InputError(
            f'{source}: the column "{column.name}" holds {kind_of(column.series.dtype)}, not lists of numbers.'
        )
    lengths = lists.list.len()
    width = int(lengths[0] or 0)
    if width == 0:
        raise InputError(
            f'{source}, row 1: "{column.name}" holds no number.', "Give one probability per class in every row."
        )
    wrong = (lengths != width).fill_null(True)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        count = lengths[row] or 0
        raise InputError(
            f'{source}, row {row + 1}: "{column.name}" holds {count} numbers, but {width} in row 1.',
            "Give one probability per class in every row.",
        )
    flat = lists.explode(empty_as_null=False)
    values = flat.cast(pl.Float64).to_numpy().astype(np.float64).reshape(-1, width)
    missing = ~np.isfinite(values).all(axis=1)
    if missing.any():
        row = int(np.argmax(missing))
        raise InputError(
            f'{source}, row {row + 1}: "{column.name}" holds {series[row].to_list()!r}, which are not all numbers.',
            "Fix or remove this row.",
        )
    sample = Column(column.name, flat.head(4_000)).numbers
    return Scores((column.name,), values, decimals=None if sample is None else sample.decimals, listed=True)
