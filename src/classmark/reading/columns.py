"""The columns of a table and what their values say: numbers, shares, classes, lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import InputError
from classmark.reading.classes import class_column, is_missing_word

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


def flattened(columns: Mapping[str, Column], source: str) -> dict[str, Column]:
    """The columns with nested ones laid out: objects as a column per key, pairs and vectors as lists or objects.

    An object `probabilities` with the keys `cat` and `dog` becomes `probabilities.cat` and `probabilities.dog`. A list of
    `{label, score}` is such an object. A Spark vector becomes a list.
    """
    found: dict[str, Column] = {}
    for name, column in _ranked_lists(columns).items():
        series = _from_text(column.series) if column.series.dtype == pl.String else column.series
        kind = series.dtype
        if isinstance(kind, pl.Struct) and {field.name for field in kind.fields} >= {
            "type",
            "size",
            "indices",
            "values",
        }:
            found[name] = Column(name, _vector(series))
            continue
        if isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct):
            series = _pairs(series, name, source)
        if isinstance(series.dtype, pl.Struct):
            parts = series.struct.unnest()
            for field in parts.columns:
                found[f"{name}.{field}"] = Column(f"{name}.{field}", parts[field])
        else:
            found[name] = Column(name, series)
    return {
        name: Column(name, one.series, columns[name].textual if name in columns else False)
        for name, one in found.items()
    }


def _ranked_lists(columns: Mapping[str, Column]) -> dict[str, Column]:
    """The columns with a list of classes and a list of their scores as one object per row, as zero-shot pipelines write them."""
    lists = {
        name: _from_text(column.series) if column.series.dtype == pl.String else column.series
        for name, column in columns.items()
    }
    names = [name for name, one in lists.items() if isinstance(one.dtype, pl.List) and one.dtype.inner == pl.String]
    scores = [name for name, one in lists.items() if isinstance(one.dtype, pl.List) and one.dtype.inner.is_numeric()]
    if len(names) != 1 or len(scores) != 1:
        return dict(columns)
    classes, values = lists[names[0]], lists[scores[0]]
    if not (classes.list.len() == values.list.len()).fill_null(False).all():
        return dict(columns)
    rows = [
        dict(zip(ranked, numbers, strict=True))
        for ranked, numbers in zip(classes.to_list(), values.to_list(), strict=True)
    ]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    together = pl.Series(scores[0], rows, dtype=pl.Struct(dict.fromkeys(keys, pl.Float64)))
    return {
        name: Column(name, together, column.textual) if name == scores[0] else column
        for name, column in columns.items()
        if name != names[0]
    }


def _from_text(series: pl.Series) -> pl.Series:
    """A column of lists or objects that a CSV holds as text, `[0.1, 0.9]`, `[0.1 0.9]` or `{"cat": 0.1}`, as such a column."""
    first = next((word.strip() for word in series.drop_nulls().head(SAMPLE).to_list() if word.strip()), "")
    if first[:1] not in ("[", "{"):
        return series
    rows = [None if word is None or not word.strip() else _value_of(word.strip()) for word in series.to_list()]
    if any(row is None and word is not None and word.strip() for row, word in zip(rows, series.to_list(), strict=True)):
        return series
    try:
        return pl.Series(series.name, rows)
    except (TypeError, ValueError, pl.exceptions.PolarsError):
        return series


def _value_of(word: str) -> list[float] | list[str] | dict[str, float] | list[dict[str, object]] | None:
    """What a text such as `[0.1, 0.9]` or `{'cat': 0.1, 'dog': 0.9}` holds; None if it is something else."""
    import ast

    spaced = re.sub(r"(?<=[0-9.])\s+(?=[-+0-9.])", ", ", word) if word.startswith("[") and "," not in word else word
    try:
        found = ast.literal_eval(spaced)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if isinstance(found, dict):
        plain = all(isinstance(value, int | float) for value in found.values())
        return {str(name): float(value) for name, value in found.items()} if plain else None
    if isinstance(found, list) and all(isinstance(one, int | float) and not isinstance(one, bool) for one in found):
        return [float(one) for one in found]
    if isinstance(found, list) and found and all(isinstance(one, str) for one in found):
        return found
    pairs = isinstance(found, list) and bool(found) and all(isinstance(one, dict) for one in found)
    return found if pairs else None


def _vector(series: pl.Series) -> pl.Series:
    """Spark's vectors (type 1: all values, type 0: indices and values) as lists of numbers."""
    rows: list[list[float] | None] = []
    for one in series.to_list():
        if one is None or one["values"] is None:
            rows.append(None)
        elif one["type"] == 1:
            rows.append(list(one["values"]))
        else:
            dense = [0.0] * int(one["size"] or 0)
            for place, value in zip(one["indices"] or [], one["values"], strict=False):
                dense[place] = value
            rows.append(dense)
    return pl.Series(series.name, rows, dtype=pl.List(pl.Float64))


def _pairs(series: pl.Series, name: str, source: str) -> pl.Series:
    """Lists of a class and its score as one object per row; other lists of objects stay as they are."""
    inner = series.dtype.inner  # type: ignore[attr-defined]
    fields = {field.name.lower(): field for field in inner.fields}
    label = next((fields[word].name for word in ("label", "class", "value", "name") if word in fields), None)
    words = ("score", "prob", "probability", "confidence", "p")
    score = next((fields[word].name for word in words if word in fields and fields[word].dtype.is_numeric()), None)
    if label is None or score is None:
        return series
    rows: list[dict[str, float] | None] = []
    for number, pairs in enumerate(series.to_list(), start=1):
        row: dict[str, float] = {}
        for pair in pairs or []:
            key = str(pair[label])
            if key in row:
                raise InputError(f'{source}, row {number}: "{name}" gives "{key}" two scores.', "Keep one of them.")
            row[key] = pair[score]
        rows.append(row or None)
    keys = list(dict.fromkeys(key for row in rows for key in row or {}))
    return pl.Series(series.name, rows, dtype=pl.Struct(dict.fromkeys(keys, pl.Float64)))
