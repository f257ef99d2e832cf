"""Thresholds against brute force and scikit-learn; operating points against a plain bootstrap over rows."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from classmark.errors import InputError
from classmark.judging.parts.calls import Sampling
from classmark.judging.parts.operating import Thresholds, operate
from classmark.judging.parts.thresholds import Goal, choose, draw_threshold_curve, read_goal, sweep
from classmark.judging.scored import Scored
from classmark.judging.statistics.intervals import Floats
from classmark.judging.stored import from_json, to_json

COSTS = np.array([[0.0, 1.0], [5.0, 0.5]])
BRUTE = {
    "precision": lambda y, c: sk.precision_score(y, c, zero_division=0),
    "recall": lambda y, c: sk.recall_score(y, c, zero_division=0),
    "specificity": lambda y, c: sk.recall_score(y, c, pos_label=0, zero_division=0),
    "f1": lambda y, c: sk.f1_score(y, c, zero_division=0),
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "youden": lambda y, c: sk.balanced_accuracy_score(y, c, adjusted=True),
    "mcc": sk.matthews_corrcoef,
    "cost": lambda y, c: COSTS[y, c].mean(),
}


def by_hand(name: str, true: np.ndarray, called: np.ndarray) -> float:
    """The same as scikit-learn's, which takes too long for thousands of calls."""
    hits, alarms = int((true & called).sum()), int((~true.astype(bool) & called.astype(bool)).sum())
    misses, spared = int(true.sum()) - hits, len(true) - int(true.sum()) - alarms
    recall, specificity = hits / max(1, hits + misses), spared / max(1, spared + alarms)
    spread = (hits + alarms) * (hits + misses) * (spared + alarms) * (spared + misses)
    return {
        "precision": hits / max(1, hits + alarms),
        "recall": recall,
        "specificity": specificity,
        "f1": 2 * hits / max(1, 2 * hits + alarms + misses),
        "accuracy": (hits + spared) / len(true),
        "balanced_accuracy": (recall + specificity) / 2,
        "youden": recall + specificity - 1,
        "mcc": (hits * spared - alarms * misses) / math.sqrt(spread) if spread else 0.0,
    }[name]


def drawn(rows: int, seed: int = 0, decimals: int = 8, positive: int = 1, share: float = 0.3) -> Scored:
    rng = np.random.default_rng(seed)
    true = (rng.uniform(size=rows) < share).astype(np.int64)
    true[:2] = (0, 1)
    score = (1 / (1 + np.exp(-rng.normal(2.0 * true - 1.0, 1.2)))).round(decimals)
    return scored(true, score, positive)


def scored(true: np.ndarray, score: Floats, positive: int = 1) -> Scored:
    """`true` and `score` speak of the positive class, whichever index that is."""
    both = np.column_stack([1 - score, score])
    values = both if positive == 1 else both[:, ::-1]
    return Scored(true if positive == 1 else 1 - true, values.argmax(axis=1), values, 2, positive)


@pytest.mark.parametrize("name", BRUTE)
@pytest.mark.parametrize("decimals", [1, 8])
def test_every_threshold_agrees_with_scikit_learn(name: str, decimals: int) -> None:
    rows = drawn(40, decimals=decimals)
    true, score = rows.labels, rows.probabilities[:, 1]
    found = sweep(true == 1, score)
    assert found.thresholds.tolist() == [1.01, *np.unique(score)[::-1]]
    expected = [BRUTE[name](true, (score >= threshold).astype(int)) for threshold in found.thresholds]
    assert found.counts.metric(name, COSTS) == pytest.approx(expected, abs=1e-12)


def test_precision_and_recall_are_those_of_the_precision_recall_curve() -> None:
    rows = drawn(500, decimals=2)
    found = sweep(rows.labels == 1, rows.probabilities[:, 1])
    precision, recall, thresholds = sk.precision_recall_curve(rows.labels, rows.probabilities[:, 1])
    assert found.thresholds[1:] == pytest.approx(thresholds[::-1])
    assert found.counts.metric("precision")[1:] == pytest.approx(precision[:-1][::-1])
    assert found.counts.metric("recall")[1:] == pytest.approx(recall[:-1][::-1])


@given(rows=st.integers(2, 120), seed=st.integers(0, 999), decimals=st.integers(1, 6), share=st.floats(0.05, 0.95))
@settings(max_examples=60, deadline=None)
def test_laws_of_the_sweep(rows: int, seed: int, decimals: int, share: float) -> None:
    table = drawn(rows, seed, decimals, share=share)
    positive, score = table.labels == 1, table.probabilities[:, 1]
    found = sweep(positive, score)
    assert (np.diff(found.counts.metric("recall")) >= 0).all(), "recall only rises as the threshold falls"
    assert (np.diff(found.counts.metric("specificity")) <= 0).all()
    order = np.random.default_rng(seed).permutation(rows)
    moved = sweep(positive[order], score[order])
    for name in BRUTE:
        assert np.array_equal(found.counts.metric(name, COSTS), moved.counts.metric(name, COSTS)), name
    goal = Goal("precision", 0.7)
    assert choose(found, goal) == choose(moved, goal)


@given(rows=st.integers(2, 100), seed=st.integers(0, 999), decimals=st.integers(1, 6))
@settings(max_examples=50, deadline=None)
@pytest.mark.parametrize("text", ["f1", "mcc", "balanced_accuracy", "accuracy", "youden"])
def test_no_threshold_is_better_than_the_chosen_one(text: str, rows: int, seed: int, decimals: int) -> None:
    table = drawn(rows, seed, decimals)
    true, score = table.labels, table.probabilities[:, 1]
    threshold = choose(sweep(true == 1, score), read_goal(text))
    best = max(by_hand(text, true, (score >= each).astype(int)) for each in (*np.unique(score), 2.0))
    assert by_hand(text, true, (score >= threshold).astype(int)) == pytest.approx(best, abs=1e-12)


@given(rows=st.integers(2, 100), seed=st.integers(0, 999), decimals=st.integers(1, 6), minimum=st.floats(0.05, 1))
@settings(max_examples=50, deadline=None)
@pytest.mark.parametrize(
    ("name", "other"), [("precision", "recall"), ("recall", "precision"), ("specificity", "recall")]
)
def test_a_minimum_is_met_at_the_best_of_the_other(
    name: str, other: str, rows: int, seed: int, decimals: int, minimum: float
) -> None:
    table = drawn(rows, seed, decimals)
    true, score = table.labels, table.probabilities[:, 1]
    called = [(score >= each).astype(int) for each in (*np.unique(score), 2.0)]
    meeting = [by_hand(other, true, each) for each in called if by_hand(name, true, each) >= minimum]
    threshold = choose(sweep(true == 1, score), Goal(name, minimum))
    if not meeting:
        assert threshold is None
        return
    chosen = (score >= threshold).astype(int)
    assert by_hand(name, true, chosen) >= minimum
    assert by_hand(other, true, chosen) == pytest.approx(max(meeting), abs=1e-12)


def test_the_least_cost_may_be_to_call_no_row_or_all() -> None:
    table = drawn(200)
    found = sweep(table.labels == 1, table.probabilities[:, 1])
    assert choose(found, Goal("cost"), np.array([[0.0, 100.0], [1.0, 0.0]])) > 0.9
    assert choose(found, Goal("cost"), np.array([[0.0, 1.0], [1.0, 2.0]])) == 1.01
    assert choose(found, Goal("cost"), np.array([[2.0, 1.0], [9.0, 0.0]])) == 0.0, "lower scores of other rows too"


@pytest.mark.parametrize("decimals", [1, 8])
def test_the_curve_is_the_metric_at_its_thresholds(decimals: int) -> None:
    table = drawn(300, decimals=decimals)
    true, score = table.labels, table.probabilities[:, 1]
    curve = draw_threshold_curve(sweep(true == 1, score), COSTS)
    assert curve.threshold[0] == 0.0
    assert curve.threshold[-1] == 1.0
    assert len(curve.threshold) <= 202
    for name, values in curve.metrics.items():
        for threshold, value in list(zip(curve.threshold, values, strict=True))[::7]:
            called = (score >= threshold).astype(int)
            if name == "precision" and not called.any():
                assert value is None
            else:
                assert value == pytest.approx(BRUTE[name](true, called), abs=1e-5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("f2", 'at: "f2": f1, mcc, balanced_accuracy, accuracy, youden can be maximised. Write '
         'for instance at="f1" or at="precision>=0.95"'),
        ("balanced", 'at: "balanced": f1, mcc, balanced_accuracy, accuracy, youden can be maximised. Did you mean '
         '"balanced_accuracy"? Write for instance at="f1" or at="precision>=0.95"'),
        ("f1>=0.9", 'at: "f1>=0.9": a minimum may be on precision, recall, specificity. Write for instance at="f1" or '
         'at="precision>=0.95"'),
        ("recall>=95", 'at: "recall>=95": the minimum is a share above 0 and up to 1. Write for instance at="recall>=0.95"'),
        ("recall>=nan", 'at: "recall>=nan": the minimum is a share above 0 and up to 1. Write for instance at="recall>=0.95"'),
        ("recall>=", 'at: "recall>=": the minimum is a share above 0 and up to 1. Write for instance at="recall>=0.95"'),
    ],
)  # fmt: skip
def test_goals_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_goal(text)
    assert str(error.value) == message


def test_a_goal_is_read_and_written_alike() -> None:
    assert read_goal(" precision >= 0.95 ") == Goal("precision", 0.95)
    assert [str(read_goal(text)) for text in ("f1", "recall>=0.9")] == ["f1", "recall>=0.9"]


@pytest.mark.parametrize("positive", [0, 1])
def test_points_come_from_validation_and_are_measured_on_test(positive: int) -> None:
    test, validation = drawn(400, 0, positive=positive), drawn(300, 1, positive=positive)
    costs = COSTS if positive == 1 else COSTS[::-1, ::-1]
    found = operate(test, validation, [Goal("f1"), Goal("cost")], costs, Sampling(100, 0))
    assert found.rows == 300
    for point in found.points:
        score = validation.probabilities[:, positive]
        assert point.threshold == choose(sweep(validation.labels == positive, score), Goal(point.goal), COSTS)
        for rows, estimates in ((test, point.test), (validation, point.validation)):
            true = (rows.labels == positive).astype(int)
            called = (rows.probabilities[:, positive] >= point.threshold).astype(int)
            usual = (rows.predicted == positive).astype(int)
            for name, estimate in estimates.items():
                assert estimate.value == pytest.approx(BRUTE[name](true, called), abs=1e-12), name
                assert estimate.low <= estimate.value <= estimate.high
                if rows is test:
                    change = point.difference[name]
                    assert change.a == pytest.approx(BRUTE[name](true, usual), abs=1e-12), name
                    assert change.b == pytest.approx(estimate.value, abs=1e-12)
                    assert change.difference == pytest.approx(change.b - change.a, abs=1e-12)
            if rows is test:
                expected = sk.confusion_matrix(true, called)
                assert point.confusion == tuple(map(tuple, expected if positive == 1 else expected[::-1, ::-1]))
    assert found.default["f1"].value == pytest.approx(sk.f1_score(test.labels, test.predicted, pos_label=positive))


@pytest.mark.parametrize("grouped", [False, True])
def test_draws_of_cells_are_draws_of_rows(grouped: bool) -> None:
    """The interval of a paired difference against a bootstrap that draws rows, or whole groups, one by one."""
    test, validation = drawn(300, 2), drawn(300, 3)
    groups = np.arange(300) // 3 if grouped else None
    point = operate(test, validation, [Goal("f1")], None, Sampling(4_000, 0, groups)).points[0]
    rng = np.random.default_rng(7)
    called = [test.predicted, (test.probabilities[:, 1] >= point.threshold).astype(int)]
    differences = []
    for _ in range(2_000):
        rows = (
            rng.integers(0, 300, 300) if groups is None else (3 * rng.integers(0, 100, 100)[:, None] + range(3)).ravel()
        )
        true = test.labels[rows]
        hits = [2 * (true * each[rows]).sum() / (true.sum() + each[rows].sum()) for each in called]
        differences.append(hits[1] - hits[0])
    found = point.difference["f1"]
    assert found.low == pytest.approx(np.quantile(differences, 0.025), abs=0.006)
    assert found.high == pytest.approx(np.quantile(differences, 0.975), abs=0.006)
    assert ("groups" in found.method) == grouped


def test_a_minimum_that_validation_cannot_reach_is_said() -> None:
    true, score = np.array([0, 0, 1, 1]), np.array([0.9, 0.1, 0.8, 0.7])
    found = operate(drawn(50), scored(true, score), [Goal("precision", 0.95)], None, Sampling(100, 0)).points[0]
    assert found.threshold is None
    assert (
        found.missing == "there are at most 4 validation rows called positive, and a minimum of 0.95 must be seen on 30"
    )
    assert found.test == {}


def test_validation_rows_of_one_class_choose_nothing() -> None:
    score = np.array([0.2, 0.7, 0.9])
    found = operate(drawn(50), scored(np.zeros(3, np.int64), score), [Goal("f1")], None, Sampling(100, 0)).points[0]
    assert (found.threshold, found.missing) == (None, "the validation rows have no positive row")


def test_without_validation_there_are_curves_only() -> None:
    found = operate(drawn(50), None, [Goal("f1")], None, Sampling(100, 0))
    assert (found.points, found.rows, list(found.curves)) == ((), None, ["test"])


@pytest.mark.parametrize("grouped", [False, True])
def test_json_gives_the_same_back(grouped: bool) -> None:
    groups = np.arange(60) % 20 if grouped else None
    goals = [Goal("f1"), Goal("precision", 1.0), Goal("cost")]
    found = operate(drawn(60), drawn(60, 1), goals, COSTS, Sampling(100, 0, groups), groups)
    assert from_json(Thresholds, json.loads(json.dumps(to_json(found), allow_nan=False))) == found


def test_nothing_called_has_a_precision_without_interval() -> None:
    test, validation = drawn(60), drawn(60, 1)
    costs = np.array([[0.0, 1.0], [1.0, 2.0]])
    point = operate(test, validation, [Goal("cost")], costs, Sampling(100, 0)).points[0]
    assert point.threshold == 1.01
    assert (point.test["precision"].value, point.test["precision"].low) == (0.0, None)
    assert point.test["recall"].value == 0.0
    assert math.isclose(point.test["cost"].value, test.labels.mean())


def test_where_few_rows_are_called_otherwise_draws_give_no_interval() -> None:
    true = np.array([0, 1] * 50)
    score = np.where(true == 1, 0.9, 0.1)
    score[:10] = 0.4
    validation = scored(true, np.where(score == 0.4, np.where(true == 1, 0.4, 0.1), score))
    point = operate(scored(true, score), validation, [Goal("f1")], None, Sampling(100, 0)).points[0]
    assert point.threshold == 0.4
    assert point.difference["f1"].difference == pytest.approx(100 / 105 - 90 / 95)
    assert (point.difference["f1"].low, point.difference["f1"].method) == (
        None,
        "none: fewer than 20 rows are called otherwise",
    )
    assert point.difference["recall"].low is not None, "shares have an interval that holds for few rows"
