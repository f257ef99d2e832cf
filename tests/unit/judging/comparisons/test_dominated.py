"""Quality beside cost: which model is dominated, and when nothing is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from classmark.judging.comparisons.multiple import Comparisons, compare_all, with_costs
from classmark.predictions import build_predictions
from classmark.runs.prediction_cost import PredictionCost

FAST = PredictionCost(0.002, 0.003, 300, 1000.0, 256, 0.2, 10**6, 10**9, None, 10.0, "here", 2, "fp32", False)
SLOW = replace(FAST, one_row_p50_seconds=0.020, rows_per_second=100.0)


def compared(*errors: int) -> Comparisons:
    """Models with this many errors in 400 rows, which a worse one makes beside those of a better one."""
    labels = np.tile([0, 1], 200)
    tables = []
    for count in errors:
        predicted = labels.copy()
        predicted[:count] = 1 - predicted[:count]
        shares = np.where(np.arange(2) == predicted[:, None], 0.8, 0.2).astype(np.float32)
        ids = [str(row) for row in range(400)]
        tables.append(build_predictions(ids, [("no", "yes")[label] for label in labels], shares, ["no", "yes"]))
    return compare_all(tables, draws=100, names=["one", "two", "three"][: len(errors)])


def sentences(comparisons: Comparisons, costs: Sequence[PredictionCost | None]) -> list[str]:
    found = with_costs(comparisons, costs).cost
    return [] if found is None else [one.sentence for one in found.dominated]


def test_a_model_that_is_slower_and_worse_is_dominated() -> None:
    [sentence] = sentences(compared(20, 60), [FAST, SLOW])
    assert sentence.startswith("B is dominated by A, which is more accurate by 10.0 points (")
    assert sentence.endswith("), takes 0.1 of its time for one row and predicts 10 times as many rows a second.")


def test_a_model_that_is_slower_and_no_better_is_not_shown_to_be_worth_it() -> None:
    expected = (
        "A is not shown to be worth its cost: B takes 0.1 of its time for one row and predicts 10 times as many rows a "
        "second, and these rows show no difference in accuracy."
    )
    assert sentences(compared(20, 21), [SLOW, FAST]) == [expected]


@pytest.mark.parametrize(
    "costs",
    [
        (SLOW, FAST),  # the better one is slower: that is a choice
        (FAST, replace(FAST, one_row_p50_seconds=0.0021, rows_per_second=950.0)),  # within what measuring varies
        (FAST, replace(SLOW, rows_per_second=2000.0)),  # slower for one row, faster for many
    ],
)
def test_what_is_a_choice_is_no_domination(costs: tuple[PredictionCost, PredictionCost]) -> None:
    assert sentences(compared(20, 60), costs) == []


def test_costs_of_different_machines_or_of_a_busy_one_are_not_compared() -> None:
    comparisons = compared(20, 60)
    elsewhere = with_costs(comparisons, [FAST, replace(SLOW, machine="there")]).cost
    assert elsewhere is not None
    assert (elsewhere.dominated, elsewhere.note) == (
        (),
        "The costs were measured on different machines or with different numbers of threads, so they are not compared.",
    )
    busy = with_costs(comparisons, [FAST, replace(SLOW, busy=True)]).cost
    assert busy is not None
    assert busy.note == (
        "Other programs were computing while the cost of B was measured, so the costs are not compared."
    )


def test_of_three_each_is_named_once_and_one_without_a_cost_is_left_out() -> None:
    comparisons = compared(20, 60, 100)
    slower = replace(SLOW, one_row_p50_seconds=0.2, rows_per_second=10.0)
    found = with_costs(comparisons, [FAST, SLOW, slower]).cost
    assert found is not None
    assert [(one.model, one.by, one.is_certain) for one in found.dominated] == [("B", "A", True), ("C", "A", True)]
    without = with_costs(comparisons, [FAST, None, slower]).cost
    assert without is not None
    assert [one.model for one in without.dominated] == ["C"]
    assert with_costs(comparisons, [FAST, None, None]).cost is None
    assert found.dominated[1].many_rows == pytest.approx(100)
    assert with_costs(comparisons, [FAST, SLOW, slower]).to_json()["cost"]["costs"]["A"]["threads"] == 2
