from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk
from statsmodels.stats.multitest import multipletests

from classmark.errors import InputError
from classmark.judging.parts.slices import FEWEST_ROWS, Slices, slice_members, slice_rows
from classmark.judging.rows import row_groups, scored_rows
from classmark.judging.stored import from_json, to_json
from classmark.predictions import Predictions

Make = Callable[..., Predictions]
ROWS = 600


def sliced(table: Predictions, columns: list[str] | None = None) -> Slices:
    return slice_rows(table, scored_rows(table, 1), row_groups(table), columns)


def columns(seed: int = 0, rows: int = ROWS) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "length": rng.integers(5, 400, rows),
        "source": rng.choice(["mail", "phone", "web"], rows),
        "urgent": rng.uniform(size=rows) < 0.3,
        "share": rng.uniform(size=rows),
    }


def test_every_slice_against_its_rows(make: Make) -> None:
    table = make(ROWS, columns=columns())
    found = sliced(table)
    assert [one.column for one in found.found] == ["length"] * 5 + ["source"] * 3 + ["urgent"] * 2 + ["share"] * 5
    assert [one.slice for one in found.found[5:10]] == ["mail", "phone", "web", "false", "true"]
    frame, right = table.frame, table.labels == table.predicted
    for one in found.found:
        if one.column in ("source", "urgent"):
            here = (frame[one.column].cast(pl.String) == one.slice).to_numpy()
        else:
            low, high = map(float, one.slice.split(" to "))
            values = frame[one.column].to_numpy()
            here = (values >= low - 1e-6) & (values <= high + 1e-6)
        assert one.rows == here.sum()
        labels, predicted = table.labels[here], table.predicted[here]
        assert one.metrics["accuracy"].value == pytest.approx(right[here].mean())
        assert one.metrics["log_loss"].value == pytest.approx(
            sk.log_loss(labels, table.probabilities[here], labels=[0, 1])
        )
        assert one.metrics["precision"].value == pytest.approx(sk.precision_score(labels, predicted))
        assert one.metrics["recall"].value == pytest.approx(sk.recall_score(labels, predicted))
        assert one.difference == pytest.approx(right[here].mean() - right[~here].mean())
        assert one.low < one.difference < one.high


def test_p_values_are_corrected_by_holm_over_all_slices(make: Make) -> None:
    found = sliced(make(ROWS, columns=columns()))
    # Both slices of `urgent` are one comparison.
    tested = [one for one in found.found if (one.column, one.slice) != ("urgent", "true")]
    expected = multipletests([one.p for one in tested], method="holm")[1]
    assert [one.p_corrected for one in tested] == pytest.approx(expected)
    assert found.tests == len(tested) == 14
    urgent = [one for one in found.found if one.column == "urgent"]
    assert urgent[0].p == pytest.approx(urgent[1].p)
    assert urgent[0].p_corrected == urgent[1].p_corrected


def test_a_slice_that_is_worse_is_found_and_no_other(make: Make) -> None:
    plain = make(ROWS, columns=columns(), quality=2.5)
    here = (plain.frame["source"] == "web").to_numpy() & (np.arange(ROWS) % 3 > 0)
    values = np.where(here[:, None], plain.probabilities[:, ::-1], plain.probabilities)
    moved = plain.frame.with_columns(pl.Series("probabilities", values, dtype=pl.Array(pl.Float64, 2)))
    found = sliced(Predictions(moved, plain.metadata))
    assert [(one.column, one.slice) for one in found.found if one.worse] == [("source", "web")]


def test_by_luck_alone_hardly_any_judgement_names_a_slice(make: Make) -> None:
    """Holm keeps the chance of a single false one at 5 %, whatever the number of slices."""
    named = 0
    for seed in range(25):
        table = make(300, columns=columns(1_000 + seed, 300), seed=seed, quality=1.0)
        named += any(one.p_corrected is not None and one.p_corrected < 0.05 for one in sliced(table).found)
    assert named <= 5, "of 25 at 5 %: more than 5 has a chance of 0.1 %"


@pytest.mark.parametrize("seed", range(10))
def test_the_order_of_rows_is_nothing(make: Make, seed: int) -> None:
    rows = 80 + 10 * seed
    table = make(rows, columns=columns(seed, rows), seed=seed)
    moved = Predictions(table.frame.sample(fraction=1, shuffle=True, seed=seed), table.metadata)
    pairs = zip(sliced(table).found, sliced(moved).found, strict=True)
    for one, other in pairs:
        named = (one.column, one.slice, one.rows, one.difference, one.p_corrected)
        assert named == (other.column, other.slice, other.rows, other.difference, other.p_corrected)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([1, 2, 2, None], ["1", "2", "no value"]),
        ([0.5, float("nan"), 0.5, 1.0], ["0.5", "1", "no value"]),
        (["b", "", "a"], ["(empty)", "a", "b"]),
        ([True, False, None], ["false", "true", "no value"]),
        ([1.0, float("inf")], ["1", "inf"]),
        (list(range(100)), ["0 to 19", "20 to 39", "40 to 59", "60 to 79", "80 to 99"]),
        ([0] * 90 + list(range(1, 31)), ["0", "1 to 6", "7 to 30"]),
        ([*range(50), None], ["0 to 9", "10 to 19", "20 to 29", "30 to 39", "40 to 49", "no value"]),
    ],
)
def test_slices_of_a_column(values: list[Any], names: list[str]) -> None:
    found = slice_members(pl.Series(values, strict=False))
    assert [name for name, _ in found] == names
    assert np.sum([here for _, here in found], axis=0).tolist() == [1] * len(values), "each row is in one slice"


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        (pl.Series([1, 1, 1]), "it has one value only"),
        (pl.Series([None, None], dtype=pl.String), "it has one value only"),
        (pl.Series([f"{row}" for row in range(21)]), "21 different values; at most 20 make slices"),
        (pl.Series([[1], [2]]), "its values are lists of whole numbers, not text, numbers, or yes and no"),
        (pl.Series([b"a", b"b"]), "its values are bytes, not text, numbers, or yes and no"),
    ],
)
def test_columns_without_slices(series: pl.Series, reason: str) -> None:
    assert slice_members(series) == reason


def test_what_is_left_out_is_said(make: Make) -> None:
    names = {f"c{column}": np.arange(ROWS) % 2 for column in range(13)}
    extra = {"text": ["x", "y"] * 300, "leaked": [True, False] * 300, "few": [True] * 10 + [False] * 590}
    found = sliced(make(ROWS, columns={**extra, **names}))
    assert found.left_out == {
        "few": f"fewer than {FEWEST_ROWS} rows in or outside the slice",
        "c12": "only the first 12 columns are taken; ask for it by name",
    }
    assert {one.column for one in found.found} == {f"c{column}" for column in range(12)}


def test_columns_that_are_asked_for(make: Make) -> None:
    table = make(100, columns={"leaked": [True] * 40 + [False] * 60, "small": [True] * 10 + [False] * 90})
    found = sliced(table, ["small", "leaked"])
    assert [one.column for one in found.found] == ["small", "small", "leaked", "leaked"]
    assert (found.found[0].p, found.found[0].method) == (None, "none: fewer than 30 rows in or outside the slice")
    assert found.found[0].metrics["accuracy"].low is not None
    assert found.tests == 1
    with pytest.raises(InputError) as error:
        sliced(table, ["smal"])
    assert str(error.value) == (
        'slices: "smal" is not a column that can make slices of table; its further columns: leaked, small. '
        'Did you mean "small"?'
    )
    with pytest.raises(InputError, match='slices: the column "one" of table makes no slices: it has one value only'):
        sliced(make(100, columns={"one": ["x"] * 100}), ["one"])


@pytest.mark.parametrize("sign", ["×", "*", " × "])
def test_intersections_are_the_combinations_that_have_rows(make: Make, sign: str) -> None:
    table = make(ROWS, columns={**columns(), "rare": np.arange(ROWS) < 40})
    found = sliced(table, ["urgent", f"source{sign}urgent", "rare*source*urgent"])
    cells = [one for one in found.found if one.column == f"source{sign}urgent"]
    assert [one.slice for one in cells] == [
        f"{source} × {urgent}" for source in ("mail", "phone", "web") for urgent in ("false", "true")
    ]
    frame, right = table.frame, table.labels == table.predicted
    here = ((frame["source"] == "phone") & frame["urgent"]).to_numpy()
    assert (cells[3].rows, cells[3].metrics["accuracy"].value) == (here.sum(), pytest.approx(right[here].mean()))
    assert cells[3].difference == pytest.approx(right[here].mean() - right[~here].mean())
    assert sum(one.rows for one in cells) == ROWS
    tested = [one.p for one in found.found[1:] if one.p is not None]  # both slices of `urgent` are one comparison
    assert found.tests == len(tested)
    expected = multipletests(tested, method="holm")[1]
    assert [one.p_corrected for one in found.found[1:] if one.p is not None] == pytest.approx(expected)


def test_an_intersection_that_is_worse_is_found_and_no_other_one(make: Make) -> None:
    plain = make(2_000, columns=columns(rows=2_000), quality=2.5)
    web, urgent = (plain.frame["source"] == "web").to_numpy(), plain.frame["urgent"].to_numpy()
    here = web & urgent & (np.arange(2_000) % 4 == 0)
    values = np.where(here[:, None], plain.probabilities[:, ::-1], plain.probabilities)
    moved = plain.frame.with_columns(pl.Series("probabilities", values, dtype=pl.Array(pl.Float64, 2)))
    found = sliced(Predictions(moved, plain.metadata), ["source", "urgent", "source*urgent"])
    worse = [one.slice for one in found.found if one.worse and one.column == "source*urgent"]
    assert worse == ["web × true"]


def test_a_column_that_has_the_sign_in_its_name_is_itself(make: Make) -> None:
    found = sliced(make(100, columns={"a*b": ["x", "y"] * 50, "a": ["x"] * 100}), ["a*b"])
    assert [one.slice for one in found.found] == ["x", "y"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "source*urgend",
            'slices: "urgend" is not a column that can make slices of table; its further columns: length, source, urgent, '
            'share, one. Did you mean "urgent"?',
        ),
        ("source*one", 'slices: the intersection "source*one" of table makes no slices: one: it has one value only.'),
        (
            "length*share*source*urgent",
            'slices: the intersection "length*share*source*urgent" of table makes no slices: 146 combinations have rows; at '
            "most 100 make slices.",
        ),
    ],
)
def test_intersections_that_cannot_be_made(make: Make, name: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        sliced(make(ROWS, columns={**columns(), "one": ["x"] * ROWS}), [name])
    assert str(error.value) == message


def test_groups_are_respected(make: Make) -> None:
    groups = {
        "group": [f"g{row // 10}" for row in range(ROWS)],
        "odd": np.arange(ROWS) % 2,
        "half": np.arange(ROWS) < 90,
    }
    found = sliced(make(ROWS, columns=groups))
    assert found.found[0].method == "t interval by group sums (60 groups)"
    assert found.left_out == {"half": "fewer than 10 groups in or outside the slice"}


def test_json_gives_the_same_back(make: Make) -> None:
    found = sliced(make(200, ("a", "b", "c"), columns=columns(rows=200)))
    content = json.loads(json.dumps(to_json(found), allow_nan=False))
    assert set(content["found"][0]) >= {"column", "slice", "rows", "difference", "low", "high", "p", "p_corrected"}
    assert from_json(Slices, content) == found
