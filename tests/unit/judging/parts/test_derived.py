"""Columns that follow from label and prediction make no slices; columns that merely go with them do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classmark.errors import InputError
from classmark.judging.judge import judge
from classmark.judging.parts.derived import BY_CELL, BY_NAME, derived
from classmark.judging.rows import scored_rows
from classmark.predictions import Predictions

Make = Callable[..., Predictions]
ROWS = 300


def why(table: Predictions, name: str, values: Any) -> str | None:
    return derived(pl.Series(name, values), scored_rows(table, 1))


BY_NAMES = [
    *(
        "error",
        "Errors",
        "is_correct",
        "isCorrect",
        "is-correct",
        "hit",
        "match",
        "loss",
        "nll",
        "log_loss",
        "log-loss",
    ),
    *("cross_entropy", "confidence", "margin", "residual", "entropy"),
]


@pytest.mark.parametrize("name", BY_NAMES)
def test_by_name(make: Make, name: str) -> None:
    assert why(make(), name, np.random.default_rng(0).normal(size=ROWS)) == BY_NAME


@pytest.mark.parametrize(
    "name", ["source", "errand", "length", "terror_level", "hitherto", "lossless", "profit_margin"]
)
def test_other_names_and_values_stay(make: Make, name: str) -> None:
    rng = np.random.default_rng(0)
    assert why(make(), name, rng.normal(size=ROWS)) is None
    assert why(make(), name, rng.integers(0, 3, ROWS)) is None
    assert why(make(), name, rng.choice(["a", "b"], ROWS)) is None


@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", "c")])
def test_by_value(make: Make, classes: tuple[str, ...]) -> None:
    table = make(classes=classes)
    right = table.labels == table.predicted
    names = np.array(classes)
    for values in (
        right,
        right.astype(int),
        np.where(right, "+", "-"),
        [None if one else "+" for one in right],
        names[table.labels],
        names[table.predicted],
        np.char.add(names[table.labels], names[table.predicted]),
        table.labels * 10.0,
        table.predicted,
    ):
        assert why(table, "x", values) == BY_CELL
    flipped = right.copy()
    flipped[np.flatnonzero(right)[0]] = False
    assert why(table, "x", flipped) is None


def test_numbers_of_the_probabilities(make: Make) -> None:
    table = make(ROWS, ("a", "b", "c"))
    p, rows = table.probabilities, np.arange(ROWS)
    true, said = p[rows, table.labels], p[rows, table.predicted]
    assert "the probability of the true class" in (why(table, "x", true) or "")
    assert "the probability of the true class" in (why(table, "x", -np.log(true)) or "")
    assert "the probability of the true class" in (why(table, "x", (-np.log(true)).round(3)) or "")
    assert "the probability of the predicted class" in (why(table, "x", 100 * said) or "")
    assert why(table, "x", p[:, 0]) is None
    missing = [None if row % 7 == 0 else value for row, value in enumerate(true.tolist())]
    assert why(table, "x", missing) is not None


@given(st.integers(0, 1_000), st.sampled_from(["exp", "cube", "minus", "rounded", "float32"]))
@settings(max_examples=40, deadline=None)
def test_any_monotone_function_of_the_score_is_found(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    second = rng.uniform(size=120)
    labels = (rng.uniform(size=120) < second).astype(int)
    from classmark.predictions import build_predictions

    names = ["no" if label == 0 else "yes" for label in labels]
    ids = [str(row) for row in range(120)]
    table = build_predictions(ids, names, np.column_stack([1 - second, second]), ("no", "yes"))
    made = {
        "exp": np.exp(3 * second),
        "cube": second**3,
        "minus": -second,
        "rounded": second.round(2),
        "float32": second.astype(np.float32),
    }
    assert why(table, "x", made[kind]) is not None
    assert why(table, "x", second + rng.normal(size=120)) is None


def test_classes_put_together_say_what_kind_a_row_is(make: Make) -> None:
    table = make(ROWS, ("cat", "dog", "car", "bus"))
    kind = np.array(["animal", "animal", "vehicle", "vehicle"])[table.labels]
    assert why(table, "kind", kind) is None


def test_of_few_rows_that_are_all_told_apart_nothing_follows(make: Make) -> None:
    assert why(make(3, ("a", "b", "c"), labels=["a", "b", "c"]), "x", ["u", "v", "u"]) is None
    assert why(make(), "x", ["one"] * ROWS) is None


def test_derived_columns_are_left_out_with_the_reason(make: Make) -> None:
    plain = make()
    right = plain.labels == plain.predicted
    rng = np.random.default_rng(0)
    columns = {"tick": right, "error": rng.normal(size=ROWS), "place": rng.choice(["a", "b"], ROWS)}
    found = judge(make(columns=columns), draws=20)
    assert {one.column for one in found.slices.found} == {"place"}
    assert found.slices.left_out == {"tick": BY_CELL, "error": BY_NAME}
    with pytest.raises(InputError) as caught:
        judge(make(columns=columns, source="t.csv"), slices=["tick"], draws=20)
    assert str(caught.value) == f'slices: the column "tick" of t.csv makes no slices: {BY_CELL}.'
