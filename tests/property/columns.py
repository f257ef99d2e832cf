"""One column of a table, as its author fills it, and the numbers that stand in it after rounding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.random import Generator

from .problem import Floats


@dataclass(frozen=True)
class Column:
    """A column by name.

    Attributes:
        cells: one Python value per row; None where the cell is empty.
        dtype: of the column in a typed file; None for the one that fits.
        digits: decimals of its numbers in a text file; None for as many as a number needs.
        sparse: cells that are None are written as the table writes missing labels, such as NA.
    """

    name: str
    cells: list[Any]
    dtype: Any = None
    digits: int | None = None
    sparse: bool = False


@dataclass(frozen=True)
class Precision:
    """How a file writes the numbers between 0 and 1.

    Attributes:
        digits: decimals; 17 for all there are.
        single: stored in 32 bits, with all the digits of these.
        percent: as 0 to 100, with two decimals less.
        sign: as a text such as 87.5%.
        fixed: 0.50 rather than 0.5.
    """

    digits: int = 17
    single: bool = False
    percent: bool = False
    sign: bool = False
    fixed: bool = False

    @property
    def usual(self) -> bool:
        return self.digits >= 4 and not self.percent

    def rounded(self, values: Floats) -> Floats:
        """The numbers that stand in the file, of the shape of `values`."""
        scaled = values * 100 if self.percent else values
        if self.single:
            return np.array([float(str(value)) for value in scaled.astype(np.float32).ravel()]).reshape(values.shape)
        decimals = max(0, self.digits - 2) if self.percent else self.digits
        return np.round(scaled, decimals) if self.digits < 17 else scaled

    def meant(self, rounded: Floats) -> Floats:
        """What the numbers in the file say, from 0 to 1."""
        return rounded / 100 if self.percent else rounded

    def column(self, name: str, rounded: Floats) -> Column:
        """A column of N of these numbers."""
        if self.sign:
            return Column(name, [f"{value!r}%" for value in rounded.tolist()], pl.String)
        decimals = None if not self.fixed else max(0, self.digits - 2 * self.percent)
        return Column(name, rounded.tolist(), pl.Float32 if self.single else pl.Float64, decimals)


def draw_precision(rng: Generator, usual: bool = False) -> Precision:
    """Mostly many digits; now and then few, single precision, or percent."""
    if usual:
        return Precision(int(rng.choice([4, 6, 10, 17])), single=rng.random() < 0.15)
    digits = int(rng.choice([2, 3, 4, 5, 6, 8, 10, 12, 15, 17, 17, 17]))
    percent = rng.random() < 0.06
    single = not percent and rng.random() < 0.15
    fixed = not single and 2 < digits < 16 and rng.random() < 0.3
    return Precision(digits, single, percent, sign=percent and rng.random() < 0.3, fixed=fixed)
