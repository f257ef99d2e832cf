from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classmark.data.class_names import INVISIBLE
from classmark.data.rows import label_columns, match_labels, text_column, text_faults
from classmark.reading.classes import class_column

WRITTEN = (
    "po\u200bs",
    "1\u200b.0",
    "a\u200db",
    "tr\u200due",
    "1",
    "1.0",
    "0",
    "0.0",
    "-0.0",
    "01",
    "true",
    "True",
    "FALSE",
    "NaN",
    "pos",
    " pos ",
    "Pos",
    "\ufeffpos",
    "e\u0301",
)
LABELS = st.lists(st.sampled_from(WRITTEN) | st.text(max_size=3) | st.none(), max_size=8)


def names(*columns: Any) -> list[list[str | None]]:
    return [found.to_list() for found in label_columns(*map(pl.Series, columns))]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([1, 0], ["1", "0"]),
        ([1.0, 0.0, float("nan"), None], ["1", "0", None, None]),
        ([0.5, 1.0], ["0.5", "1"]),
        (["1", "1.0", "nan"], ["1", "1", "nan"]),
        (["1.0", "x"], ["1.0", "x"]),
        (["01", "1"], ["01", "1"]),
        ([True, False, None], ["True", "False", None]),
        (["true", "FALSE", " True"], ["True", "False", "True"]),
        (["true", "maybe"], ["true", "maybe"]),
        ([" pos", "pos\u200b", "\u2007", ""], ["pos", "pos", None, None]),
        ([None, None], [None, None]),
        (["po\u200bs", "pos"], ["pos", "pos"]),
        (["po\u200bs", "neg"], ["po\u200bs", "neg"]),
        (["1\u200b.0", "1.0"], ["1", "1"]),
    ],
)
def test_labels_have_one_spelling(labels: list[Any], expected: list[str | None]) -> None:
    assert names(labels) == [expected]


def test_numbers_are_decided_over_all_splits() -> None:
    assert names(["1.0", "0.0"], [1, 0]) == [["1", "0"], ["1", "0"]]
    assert names(["1.0", "0.0"], ["x"]) == [["1.0", "0.0"], ["x"]]


def test_types_of_a_parquet_file_are_labels() -> None:
    column = pl.Series(["b", "a", None])
    for kind in (pl.Categorical, pl.Enum(["a", "b"])):
        assert label_columns(column.cast(kind))[0].to_list() == ["b", "a", None]
    assert label_columns(pl.Series(["1.00", "2.00"]).cast(pl.Decimal(10, 2)))[0].to_list() == ["1", "2"]


def test_times_are_labels() -> None:
    times = pl.Series([datetime(2024, 1, 1), datetime(2024, 1, 2, 3, 4, 5, 500_000), None])
    for unit in ("ms", "us", "ns"):
        days, moment, nothing = label_columns(times.cast(pl.Datetime(unit)))[0].to_list()
        assert (days, moment[:21], nothing) == ("2024-01-01", "2024-01-02 03:04:05.5", None)
    zoned = times.dt.replace_time_zone("UTC")
    assert label_columns(zoned)[0][0] == "2024-01-01 00:00:00+00:00"
    assert label_columns(pl.Series([timedelta(days=1), None]))[0].to_list() == ["P1D", None]


@given(LABELS)
def test_preparing_twice_changes_nothing(labels: list[str | None]) -> None:
    (once,) = label_columns(pl.Series(labels, dtype=pl.String))
    assert label_columns(once)[0].equals(once, null_equal=True)


@given(st.permutations(range(8)), LABELS)
def test_a_label_does_not_depend_on_the_order_of_rows(order: list[int], labels: list[str | None]) -> None:
    places = [place for place in order if place < len(labels)]
    column = pl.Series(labels, dtype=pl.String)
    assert label_columns(column[places])[0].to_list() == label_columns(column)[0][places].to_list()


@given(LABELS, LABELS)
def test_predict_reads_labels_as_training_does(train: list[str | None], test: list[str | None]) -> None:
    columns = [pl.Series(labels, dtype=pl.String) for labels in (train, test)]
    prepared = label_columns(*columns)
    classes = sorted(set(itertools.chain(*(column.drop_nulls() for column in prepared))))
    for column, expected in zip(columns, prepared, strict=True):
        found = match_labels(column, classes)
        assert found.names.equals(expected, null_equal=True)
        assert found.unknown.null_count() == len(column)


@given(LABELS)
def test_judge_reads_the_classes_of_training_back(labels: list[str | None]) -> None:
    (prepared,) = label_columns(pl.Series(labels, dtype=pl.String))
    names = prepared.drop_nulls()
    if all(not INVISIBLE.search(name) for name in names):
        assert class_column(names).to_list() == names.to_list()


def test_labels_that_the_model_lacks_are_told() -> None:
    found = match_labels(pl.Series(["pos ", "Pos", None, " "]), ["neg", "pos"])
    assert found.names.to_list() == ["pos", None, None, None]
    assert found.unknown.to_list() == [None, "Pos", None, None]


def test_a_text_without_a_visible_character_is_empty() -> None:
    texts = pl.Series(["a", "", " \t\n\u3000", "\u200b\ufeff", None, "\U0001f600", "\u00ad-"])
    empty, missing = "the text is empty", "the text is missing"
    assert text_faults(texts).to_list() == [None, empty, empty, empty, missing, None, None]


def test_numbers_are_texts_and_nan_is_none() -> None:
    assert text_column(pl.Series([1.5, float("nan"), None])).to_list() == ["1.5", None, None]
