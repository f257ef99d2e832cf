"""The columns of a table and what their values say: numbers, shares, classes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.data.class_names import is_missing_word
from classmark.reading.classes import class_column

Floats = NDArray[np.float64]


BLANKS = " \t\u00a0\u2007\u202f"


SAMPLE = 1_000


MOST_DECIMALS = 7  # more digits than this are those of a float, not of rounding


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers.

    Attributes:
        values: shape (N,), NaN where the cell is not a number.
        bad: index of the first cell that is not a number; None if all are.
        decimals: the most digits after the point, as far as rounding explains them; None for unrounded floats.
        note: how the numbers were written, if not plainly.
    """

    values: Floats
    bad: int | None
    decimals: int | None
    note: str | None = None

    @cached_property
    def known(self) -> Floats:
        """The finite values."""
        return self.values[np.isfinite(self.values)]

    @cached_property
    def are_shares(self) -> bool:
        """Whether all values lie in [0, 1]."""
        return len(self.known) > 0 and bool(((self.known >= -1e-6) & (self.known <= 1 + 1e-4)).all())

    @cached_property
    def are_whole(self) -> bool:
        return len(self.known) > 0 and bool((self.known == np.floor(self.known)).all())

    @cached_property
    def are_flags(self) -> bool:
        """Whether all values are 0 or 1."""
        return len(self.known) > 0 and bool(np.isin(self.known, (0, 1)).all())


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: in the table.
        series: N values as they are in the table.
        textual: the table is a text file, so that every value is a text as it is written.
    """

    name: str
    series: pl.Series
    textual: bool = False

    @property
    def is_nested(self) -> bool:
        return self.series.dtype.is_nested() or self.series.dtype == pl.Object

    @cached_property
    def names(self) -> pl.Series:
        """One class name per row."""
        return class_column(self.series)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The distinct class names, sorted as text."""
        return tuple(sorted(self.names.drop_nulls().unique().to_list()))

    @cached_property
    def numbers(self) -> Numbers | None:
        """The values as numbers; None if at least half of the cells that are filled are none."""
        kind = self.series.dtype
        if kind.is_numeric():
            values = self.series.cast(pl.Float64).to_numpy()
            return Numbers(values, _first(~np.isfinite(values)), _float_decimals(self.series))
        return _read_numbers(self.series) if kind == pl.String else None

    @cached_property
    def is_continuous(self) -> bool:
        """Whether the values are measured numbers rather than names: fractions, many of them different."""
        numbers = self.numbers
        if numbers is None or numbers.are_whole or not len(numbers.known):
            return False
        sample = spread(self.series)
        return sample.n_unique() > max(12, len(sample) // 20)

    def has_at_most(self, classes: int) -> bool:
        """Whether there are at most so many distinct values; a sample answers for a column that has far more."""
        return spread(self.series).n_unique() <= classes and self.series.n_unique() <= classes

    @property
    def _is_text(self) -> bool:
        """Whether bytes are text; so are all values of other types."""
        try:
            if self.series.dtype == pl.Binary:
                self.series.cast(pl.String)
        except pl.exceptions.PolarsError:
            return False
        return True

    @cached_property
    def can_be_classes(self) -> bool:
        """Whether the values can be names of classes at all."""
        if self.is_nested or self.series.dtype.is_temporal() or self.is_continuous or not self._is_text:
            return False
        return self.series.null_count() < len(self.series)


def _first(bad: NDArray[np.bool_]) -> int | None:
    return int(np.argmax(bad)) if bad.any() else None


def _float_decimals(series: pl.Series) -> int | None:
    if not series.dtype.is_float():
        return None
    sample = series.drop_nulls().head(SAMPLE // 10).to_list()
    if series.dtype == pl.Float32:
        sample = [float(str(np.float32(value))) for value in sample]
    return _most_decimals([repr(value) for value in sample])


def _most_decimals(words: Sequence[str]) -> int | None:
    found = [re.fullmatch(r"[^.,eE%]*(?:[.,](\d+))?\s*%?", word.strip()) for word in words]
    if not found or not all(found):
        return None
    most = max(len(one[1] or "") for one in found if one)
    return most if most <= MOST_DECIMALS else None


def spread(series: pl.Series) -> pl.Series:
    """A sample of rows from the whole length."""
    return series.gather_every(max(1, len(series) // (2 * SAMPLE)))


def _read_numbers(series: pl.Series) -> Numbers | None:
    """Numbers written as text: 0.87, 87 %, 0,87; the first way that reads more cells than it misses."""
    plain = series.cast(pl.Float64, strict=False)
    if plain.null_count() == series.null_count() < len(series):
        array = plain.to_numpy().astype(np.float64)
        return Numbers(
            array, _first(~np.isfinite(array)), _most_decimals(spread(series).drop_nulls().head(SAMPLE // 4).to_list())
        )
    if plain.null_count() == len(series) and not spread(series).str.contains(r"\d").any():
        return None
    text = series.str.strip_chars(BLANKS)
    filled = text.is_not_null() & (text != "")
    words = text.filter(filled)
    missing = words.head(SAMPLE).map_elements(is_missing_word, return_dtype=pl.Boolean)
    if not len(words) or missing.all():
        return None
    ways: tuple[tuple[Callable[[pl.Series], pl.Series], str | None], ...] = (
        (lambda column: column, None),
        (_percent, "percentages"),
        (_decimal_comma, "decimal commas"),
    )
    for way, note in ways:
        values = way(text).cast(pl.Float64, strict=False)
        if values.is_not_null().sum() * 2 <= len(words):
            continue
        array = values.to_numpy().astype(np.float64)
        decimals = _most_decimals(words.head(SAMPLE).to_list())
        if note == "percentages":
            array, decimals = array / 100, None if decimals is None else decimals + 2
        return Numbers(array, _first(~np.isfinite(array)), decimals, note)
    return None


def _percent(text: pl.Series) -> pl.Series:
    """The number before a percent sign, null for a text without one."""
    return text.str.extract(r"^([^%]*[^%\s])\s*%$").str.replace(",", ".", literal=True)


def _decimal_comma(text: pl.Series) -> pl.Series:
    """Numbers with a comma for the point, where no comma can stand between thousands."""
    commas = text.drop_nulls().filter(text.drop_nulls().str.contains(",", literal=True))
    if not len(commas) or commas.str.contains(r"^[+-]?[1-9]\d{0,2}(,\d{3})+$").any():
        return pl.Series([None] * len(text), dtype=pl.String)
    return text.str.replace(r"^([+-]?\d+),(\d+(?:[eE][+-]?\d+)?)$", "${1}.${2}")
