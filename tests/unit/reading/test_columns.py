"""Columns: what is a number, how many digits it has, and what nested columns become."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from classmark.errors import InputError
from classmark.reading.columns import Column
from classmark.reading.nested import flattened


def column(values: Any, **schema: Any) -> Column:
    return Column("x", pl.Series("x", values, **schema))


@pytest.mark.parametrize(
    ("words", "expected", "note"),
    [
        (["0.25", " 1 ", "1e-3"], [0.25, 1, 0.001], None),
        (["25%", "1,5 %", "100 %"], [0.25, 0.015, 1], "percentages"),
        (["0,25", "1,0", "2"], [0.25, 1, 2], "decimal commas"),
        (["-0,5", "+1,5", "2,5e-1"], [-0.5, 1.5, 0.25], "decimal commas"),
        (["\u00a00.5", "0.5\u202f", "0.5"], [0.5, 0.5, 0.5], None),
    ],
)
def test_numbers_as_people_write_them(words: list[str], expected: list[float], note: str | None) -> None:
    numbers = column(words).numbers
    assert numbers is not None
    np.testing.assert_allclose(numbers.values, expected, rtol=1e-15)
    assert (numbers.bad, numbers.note) == (None, note)


@pytest.mark.parametrize(
    "values",
    [
        ["a", "b", "c"],
        ["1", "a", "b"],  # more words than numbers
        ["1,000", "2,500", "3,250"],  # thousands or decimals: nobody knows
        ["", " ", None],
        ["NA", "NaN", "?"],
        [True, False, True],
    ],
)
def test_columns_without_numbers(values: list[Any]) -> None:
    assert column(values).numbers is None


@pytest.mark.parametrize(
    ("values", "bad"),
    [
        (["0.1", "0.2", "high"], 2),
        (["0.1", "", "0.3"], 1),
        (["0.1", None, "0.3", None], 1),
        (["0.1", "0.2", "inf"], 2),
        ([0.1, None, 0.3], 1),
        ([float("inf"), 0.2, 0.3], 0),
        ([1, 2, 3], None),
    ],
)
def test_the_first_cell_that_is_not_a_number(values: list[Any], bad: int | None) -> None:
    numbers = column(values).numbers
    assert numbers is not None
    assert numbers.bad == bad
    assert bad is None or not np.isfinite(numbers.values[bad])


@pytest.mark.parametrize(
    ("values", "dtype", "decimals"),
    [
        (["0.5", "0.25", "1"], pl.String, 2),
        (["0,5", "0,125"], pl.String, 3),
        (["50%", "12.5 %"], pl.String, 3),  # as a share
        (["50,5%", "12,25%"], pl.String, 4),
        (["1e-3", "0.5"], pl.String, None),
        (["0.3333333333333333", "0.5"], pl.String, None),
        ([0.5, 0.125], pl.Float64, 3),
        ([1 / 3, 0.5], pl.Float64, None),
        ([0.1, 0.35], pl.Float32, 2),
        ([1, 2], pl.Int64, None),
    ],
)
def test_digits_after_the_point(values: list[Any], dtype: Any, decimals: int | None) -> None:
    numbers = column(values, dtype=dtype).numbers
    assert numbers is not None
    assert numbers.decimals == decimals


def test_what_numbers_are() -> None:
    shares, flags, whole = (column(values).numbers for values in ([0.0, 0.5, 1.00001], [0, 1, 1], [3, 4, 501]))
    assert shares is not None
    assert flags is not None
    assert whole is not None
    assert (shares.are_shares, shares.are_flags, shares.are_whole) == (True, False, False)
    assert (flags.are_shares, flags.are_flags, flags.are_whole) == (True, True, True)
    assert (whole.are_shares, whole.are_flags, whole.are_whole) == (False, False, True)


def test_measured_values_are_no_classes() -> None:
    measured = column([row / 7 for row in range(100)])
    assert measured.is_continuous
    assert not measured.can_be_classes
    assert column([4.0, 4.5] * 50).can_be_classes  # stars
    assert not column([date(2024, 1, 1)] * 3).can_be_classes
    assert not column([["a"], ["b"]]).can_be_classes
    assert not column([None, None], dtype=pl.String).can_be_classes


def laid_out(values: Any, **schema: Any) -> dict[str, list[Any]]:
    found = flattened({"x": column(values, **schema)}, "a.jsonl")
    return {name: one.series.to_list() for name, one in found.items()}


def test_objects_become_a_column_per_key() -> None:
    assert laid_out([{"cat": 0.1, "dog": 0.9}, {"cat": 1.0}]) == {"x.cat": [0.1, 1.0], "x.dog": [0.9, None]}


@pytest.mark.parametrize(("label", "score"), [("label", "score"), ("class", "probability"), ("Label", "Score")])
def test_pairs_of_class_and_score_are_an_object(label: str, score: str) -> None:
    rows = [
        [{label: "cat", score: 0.1}, {label: "dog", score: 0.9}],
        [{label: "dog", score: 0.3}, {label: "cat", score: 0.7}],
    ]
    assert laid_out(rows) == {"x.cat": [0.1, 0.7], "x.dog": [0.9, 0.3]}


def test_a_class_with_two_scores_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        laid_out([[{"label": "a", "score": 1.0}], [{"label": "a", "score": 0.5}, {"label": "a", "score": 0.25}]])
    assert str(caught.value) == 'a.jsonl, row 2: "x" gives "a" two scores. Keep one of them.'


def test_spark_vectors_are_lists() -> None:
    dense = {"type": 1, "size": None, "indices": None, "values": [0.25, 0.75]}
    sparse = {"type": 0, "size": 2, "indices": [1], "values": [1.0]}
    assert laid_out([dense, sparse, None]) == {"x": [[0.25, 0.75], [0.0, 1.0], None]}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["[0.1, 0.9]", "[1, 0]"], {"x": [[0.1, 0.9], [1.0, 0.0]]}),
        (["[0.1 0.9]", "[1. 0.]"], {"x": [[0.1, 0.9], [1.0, 0.0]]}),
        (["[1e-3 9.99e-1]", None], {"x": [[0.001, 0.999], None]}),
        (["{'a': 0.1, 'b': 0.9}", '{"a": 1, "b": 0}'], {"x.a": [0.1, 1.0], "x.b": [0.9, 0.0]}),
        (["[{'label': 'a', 'score': 0.5}, {'label': 'b', 'score': 0.5}]"], {"x.a": [0.5], "x.b": [0.5]}),
        (["[a, b]", "[c]"], {"x": ["[a, b]", "[c]"]}),  # a text that begins with a bracket
        (["[0.1, 0.9]", "none"], {"x": ["[0.1, 0.9]", "none"]}),
        (["[true, false]"], {"x": ["[true, false]"]}),
    ],
)
def test_lists_and_objects_written_as_text(words: list[str | None], expected: dict[str, list[Any]]) -> None:
    assert laid_out(words) == expected


def test_code_in_a_cell_is_text() -> None:
    assert laid_out(["[__import__('os').getcwd()]"]) == {"x": ["[__import__('os').getcwd()]"]}
