"""What messages call the values of a column."""

from __future__ import annotations

import datetime
from typing import Any

import polars as pl
import pytest

from classmark.system.types import kind_of

KINDS: dict[str, Any] = {
    "text": ["a"],
    "whole numbers": [1],
    "numbers": [0.5],
    "yes and no": [True],
    "dates": [datetime.date(2026, 1, 1)],
    "dates with times": [datetime.datetime(2026, 1, 1)],
    "times of day": [datetime.time(1)],
    "durations": [datetime.timedelta(1)],
    "bytes": [b"a"],
    "records": [{"a": 1}],
    "nothing": [None],
    "lists of text": [["a"]],
    "lists of lists of numbers": [[[0.5]]],
    "lists": [[]],
    "values of another kind": pl.Series([object()], dtype=pl.Object),
}


@pytest.mark.parametrize("words", KINDS)
def test_each_kind_has_its_words(words: str) -> None:
    assert kind_of(pl.Series(KINDS[words]).dtype) == words


def test_types_with_parameters() -> None:
    assert kind_of(pl.Series(["a"], dtype=pl.Categorical).dtype) == "text"
    assert kind_of(pl.Series(["a"], dtype=pl.Enum(["a"])).dtype) == "text"
    assert kind_of(pl.Series([[0.5, 1]], dtype=pl.Array(pl.Float32, 2)).dtype) == "lists of numbers"
    assert kind_of(pl.Series([1], dtype=pl.Decimal(10, 2)).dtype) == "numbers"
