from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from classmark.errors import InputError
from classmark.judging.parts.costs import Costs, cost_matrix, judge_costs, least_cost, read_costs
from classmark.judging.stored import from_json, to_json
from classmark.predictions import Predictions

Make = Callable[..., Predictions]


def test_costs_are_read() -> None:
    assert read_costs("no:yes=1, yes:no=5.5") == {"no:yes": 1.0, "yes:no": 5.5}
    assert read_costs("a=b:c=2") == {"a=b:c": 2.0}


@pytest.mark.parametrize("text", ["no:yes", "no:yes=", "=1", "no:yes=-1", "no:yes=nan", "no:yes=inf", "no:yes=1,"])
def test_costs_that_cannot_be_read(text: str) -> None:
    with pytest.raises(
        InputError, match=r'is not a cost of 0 or more\. Write true:predicted=cost, comma-separated: costs="no:yes'
    ):
        read_costs(text)


def test_an_error_that_is_not_named_costs_one() -> None:
    matrix = cost_matrix({"b:a": 7.0, "c:c": 0.5}, ("a", "b", "c"))
    assert matrix.tolist() == [[0, 1, 1], [7, 0, 1], [1, 1, 0.5]]


def test_unknown_classes_and_costs_of_nothing_are_refused() -> None:
    with pytest.raises(InputError) as error:
        cost_matrix({"no:yse": 1.0}, ("no", "yes"))
    assert str(error.value) == (
        'costs: "no:yse" is no pair true:predicted of the classes no, yes. Did you mean "no:yes"?'
    )
    with pytest.raises(InputError, match=r'costs: "no:yes" costs nan\. Give a number from 0 to 1e\+12; a benefit'):
        cost_matrix({"no:yes": float("nan")}, ("no", "yes"))
    with pytest.raises(InputError, match="every cost is 0"):
        cost_matrix({"no:yes": 0.0, "yes:no": 0.0}, ("no", "yes"))


def test_two_classes_are_decided_at_elkans_threshold() -> None:
    """Elkan 2001, equation 2: p* = (c10 − c00) / (c10 − c00 + c01 − c11), there predicted before true."""
    scores = np.linspace(0, 1, 2_001)
    matrix = np.array([[0.2, 1.0], [5.0, 0.1]])
    threshold = (1.0 - 0.2) / (1.0 - 0.2 + 5.0 - 0.1)
    decided = least_cost(np.column_stack([1 - scores, scores]), matrix)
    assert np.array_equal(decided == 1, scores > threshold)


@given(seed=st.integers(0, 500), classes=st.integers(2, 6))
@settings(max_examples=30, deadline=None)
def test_no_other_class_is_expected_to_cost_less(seed: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities, matrix = rng.dirichlet(np.ones(classes), 20), rng.uniform(size=(classes, classes))
    for row, chosen in zip(probabilities, least_cost(probabilities, matrix), strict=True):
        expected = [sum(row[true] * matrix[true, called] for true in range(classes)) for called in range(classes)]
        assert expected[chosen] == pytest.approx(min(expected))


def test_equal_costs_change_nothing(make: Make) -> None:
    table = make(200, ("a", "b", "c"))
    found = judge_costs(table, None, cost_matrix({}, table.classes))
    assert found.expected.moved == 0
    assert found.given.value == pytest.approx(np.mean(table.predicted != table.labels))
    assert found.expected.difference.low is None


def test_costs_on_test_rows(make: Make) -> None:
    table, validation = make(400, ("a", "b", "c")), make(300, ("a", "b", "c"), seed=1, quality=1.0)
    matrix = cost_matrix({"a:b": 8.0}, table.classes)
    found = judge_costs(table, validation, matrix)
    decided = (table.probabilities @ matrix).argmin(axis=1)
    before, after = matrix[table.labels, table.predicted], matrix[table.labels, decided]
    assert found.expected.cost.value == pytest.approx(after.mean())
    assert found.expected.moved == (decided != table.predicted).sum() > 0
    assert found.expected.accuracy.value == pytest.approx((decided == table.labels).mean())
    interval = stats.ttest_rel(after, before).confidence_interval()
    assert (found.expected.difference.low, found.expected.difference.high) == pytest.approx(tuple(interval))
    assert found.given.low == pytest.approx(stats.ttest_1samp(before, 0).confidence_interval().low)
    assert found.temperature > 0
    assert found.tempered is not None
    assert from_json(Costs, json.loads(json.dumps(to_json(found)))) == found


def test_whole_groups(make: Make) -> None:
    table = make(120, ("a", "b", "c"))
    matrix, groups = cost_matrix({"a:b": 8.0}, table.classes), np.arange(120) // 3
    found = judge_costs(table, None, matrix, groups)
    sums = (matrix[table.labels, table.predicted]).reshape(40, 3).mean(axis=1)
    degrees = 1 / (1 / 39 + max(0, (stats.kurtosis(sums, fisher=False) - 1) / 80 - 1 / 39))
    half = stats.t.ppf(0.975, degrees) * stats.sem(sums) * np.sqrt(40 / 39)
    assert (found.given.low, found.given.high) == pytest.approx(
        (max(0, sums.mean() - half), sums.mean() + half), rel=2e-3
    )
    assert "40 groups" in found.given.method


def test_a_class_with_a_comma_stands_in_quotes() -> None:
    assert read_costs('"a, x:b=5", "b:a, x=2"') == {"a, x:b": 5.0, "b:a, x": 2.0}
