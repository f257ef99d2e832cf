"""Goals with a confidence, from what a user writes to what a judgement holds."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

import classmark
from classmark.errors import InputError
from classmark.judging.judge import judge
from classmark.judging.judgement import judgement_from_json
from classmark.judging.parts.calls import Sampling
from classmark.judging.parts.guarantees import guaranteed_class, guaranteed_share
from classmark.judging.parts.operating import operate, promised
from classmark.judging.parts.recalibration import recalibrate
from classmark.judging.parts.thresholds import Goal, choose, fewest_behind, read_goal, sweep
from classmark.judging.scored import Scored
from classmark.predictions import Predictions, build_predictions
from classmark.report.operating import point_sentence
from classmark.report.selection import target_sentence


def table(rows: int, seed: int, prefix: str = "t", *, groups: int = 0, apart: float = 4.0) -> Predictions:
    rng = np.random.default_rng(seed)
    true = rng.random(rows) < 0.3
    score = 1 / (1 + np.exp(-rng.normal(apart * true - 2.5, 1.3)))
    columns = {"group": [f"g{row % groups}" for row in range(rows)]} if groups else None
    return build_predictions(
        [f"{prefix}{row}" for row in range(rows)],
        np.where(true, "yes", "no").tolist(),
        np.column_stack([1 - score, score]),
        ("no", "yes"),
        columns=pl.DataFrame(columns) if columns else None,
    )


def judged(at: list[str], **options: Any) -> Any:
    return judge(table(400, 0), validation=table(900, 1, "v"), at=at, draws=100, **options)


def test_goals_of_errors_are_read_and_written_alike() -> None:
    assert read_goal(" error <= 0.02 ") == Goal("error", maximum=0.02)
    assert str(read_goal("error<=0.02")) == "error<=0.02"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("error<=1", 'at: "error<=1": the highest error is a share above 0 and below 1. Write for instance at="error<=0.02"'),
        ("f1<=0.1", 'at: "f1<=0.1": a maximum may be on error, the share of wrong rows among those that are answered. Write '
         'for instance at="f1" or at="precision>=0.95"'),
        ("error", 'at: "error": f1, mcc, balanced_accuracy, accuracy, youden can be maximised. Write for instance at="f1" or '
         'at="precision>=0.95"'),
    ],
)  # fmt: skip
def test_errors_that_are_no_goal(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_goal(text)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("minimum", "rows"), [(0.5, 30), (0.95, 30), (0.98, 50), (0.99, 100), (0.9999, 1_000), (1.0, 1_000)]
)
def test_a_minimum_must_be_seen_on_enough_rows(minimum: float, rows: int) -> None:
    assert fewest_behind(minimum) == rows


def test_each_goal_has_its_promise() -> None:
    found = judged(["precision>=0.9", "recall>=0.9", "specificity>=0.95", "f1", "error<=0.05"], confidence=0.9)
    rows = table(900, 1, "v")
    true, score = rows.labels == 1, rows.probabilities[:, 1]
    precision, recall, specificity, f1 = found.thresholds.points
    assert precision.threshold == guaranteed_share(score, true, 0.9, 0.9).threshold
    assert recall.threshold == guaranteed_class(score[true], 0.9, 0.9).threshold
    assert recall.rests_on == true.sum()
    assert specificity.rests_on == (~true).sum()
    assert precision.rests_on == precision.called["validation"] == (score >= precision.threshold).sum()
    for point, value in ((precision, 0.9), (recall, 0.9), (specificity, 0.95)):
        goal = read_goal(point.goal)
        assert point.guarantee.bound >= value
        assert point.validation[goal.metric].value == pytest.approx(point.guarantee.hits / point.guarantee.rows)
        assert point.called["test"] == sum(row[1] for row in point.confusion)
    assert (f1.guarantee, f1.rests_on) == (None, None)
    (target,) = [one for one in found.selective.targets if one.asked]
    assert target.guarantee.bound <= 0.05
    assert target.rows == target.guarantee.rows
    assert judgement_from_json(found.to_json()) == found


def test_a_promise_is_said_with_its_rows() -> None:
    found = judged(["precision>=0.9", "error<=0.05"], confidence=0.9)
    assert re.search(
        r"Precision ≥ 0\.9 with confidence 0\.9, at a threshold of 0\.\d{4}: .* \d+ of the judged rows are called positive\. "
        r"Promise for new rows like those of validation, with confidence 0\.9: precision of at least 0\.9\d{3}, from \d+ "
        r"validation rows called positive, \d+ of them right\.$",
        point_sentence(found.thresholds.points[0]),
    )
    assert re.fullmatch(
        r"Error of answered rows ≤ 0\.05 with confidence 0\.9, (from a confidence of 0\.\d{4} on|all rows are answered): .* of "
        r"the judged rows are answered, .* of these are wrong\. Promise for new rows like those of validation, with "
        r"confidence 0\.9: an error of at most 0\.0[34]\d{2}, from \d+ answered validation rows, \d+ of them wrong\.",
        target_sentence(found.selective.targets[-1]),
    )


@pytest.mark.parametrize(
    ("at", "missing"),
    [
        ("precision>=1", "no number of rows can promise a share of 1"),
        ("precision>=0.999", "it takes at least 2,302 validation rows called positive, even without a mistake, and there are "
         "900"),
        ("recall>=0.995", "it takes at least 460 positive validation rows, even without a mistake, and there are 276"),
    ],
)  # fmt: skip
def test_why_nothing_is_promised(at: str, missing: str) -> None:
    found = judged([at], confidence=0.9)
    (point,) = found.thresholds.points
    assert (point.threshold, point.missing) == (None, missing)
    (finding,) = [one for one in found.findings if one.code == "minimum_out_of_reach"]
    assert finding.message == f"No threshold promises {at.replace('>=', ' ≥ ')} with confidence 0.9: {missing}."
    assert point_sentence(point).endswith(f"no threshold was chosen, as {missing}.")


def test_the_best_that_was_reached_is_said_with_the_rows_that_would_do() -> None:
    rows, weak = table(400, 0, apart=1.0), table(900, 1, "v", apart=1.0)
    found = judge(rows, validation=weak, at=["precision>=0.9", "error<=0.001"], confidence=0.9, draws=100)
    assert re.fullmatch(
        r"the highest lower limit is 0\.\d{4}, from \d+ validation rows called positive, \d+ of them right; so low a share is "
        r"too low on any number of rows",
        found.thresholds.points[0].missing,
    )
    found = judge(rows, validation=table(1_500, 1, "v"), at=["precision>=0.99"], confidence=0.9, draws=100)
    good = found.thresholds.points[0]
    assert re.fullmatch(
        r"the highest lower limit is .* right; if as many stay right, about \d+ are needed", good.missing
    )
    assert 400 < good.guarantee.rows_needed < 800


@pytest.mark.parametrize(
    ("at", "confidence", "message"),
    [
        (["f1"], 0.9, "confidence: there is nothing to promise: no goal has a minimum. Give one, for instance "
         'at="precision>=0.95" or at="error<=0.02"'),
        (["recall>=0.9"], 1.0, "confidence: 1.0 is not a confidence, which is a number from 0.5 to below 1. 0.9 is usual."),
        (["recall>=0.9"], "x", "confidence: x is not a confidence, which is a number from 0.5 to below 1. 0.9 is usual."),
    ],
)  # fmt: skip
def test_confidences_that_promise_nothing(at: list[str], confidence: Any, message: str) -> None:
    with pytest.raises(InputError) as error:
        judged(at, confidence=confidence)
    assert str(error.value) == message


def test_groups_allow_no_promise() -> None:
    with pytest.raises(InputError) as error:
        judge(table(200, 0), validation=table(200, 1, "v", groups=20), at=["recall>=0.9"], confidence=0.9)
    assert str(error.value) == (
        "confidence: the validation rows have groups, and the exact test behind a promise needs independent rows that count "
        "alike. Give validation rows with one row per group, or leave the confidence out."
    )


def test_python_takes_a_confidence_and_three_classes_an_error() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 800)
    scores = rng.normal(size=(800, 3)) + 4 * np.eye(3)[labels]
    values = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    names = np.array(["a", "b", "c"])[labels]
    held_out = (names[400:], values[400:])
    found = classmark.judge(names[:400], values[:400], validation=held_out, at="error<=0.05", confidence=0.9, draws=100)
    assert found.selective is not None
    target = next(one for one in found.selective.targets or () if one.asked)
    assert target.guarantee is not None
    assert target.guarantee.threshold is not None


@pytest.mark.parametrize("groups", [0, 40])
def test_the_default_point_has_the_judgements_own_intervals(groups: int) -> None:
    found = judge(table(400, 0, groups=groups), validation=table(300, 1, "v"), draws=200)
    for name, estimate in found.thresholds.default.items():
        if name in found.metrics:
            own = found.metrics[name]
            assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
                (own.value, own.low, own.high), abs=1e-12
            )
            assert estimate.method == own.method
    negative = found.per_class[0].recall
    assert found.thresholds.default["specificity"] == negative


def test_with_groups_no_interval_of_a_point_is_made_of_percentiles() -> None:
    test, groups = table(400, 0), np.arange(400) % 8
    rows = Scored(test.labels, test.predicted, test.probabilities, 2)
    validation = replace(rows, labels=np.roll(test.labels, 0))
    point = operate(rows, validation, [Goal("youden")], np.array([[0.0, 1], [5, 0]]), Sampling(200, 0, groups)).points[
        0
    ]
    methods = {one.method for one in (*point.test.values(), *point.difference.values())}
    assert methods
    assert not [method for method in methods if "percentile" in method]


def test_a_temperature_at_the_end_of_its_range_is_withheld() -> None:
    test, turned = table(200, 0), table(200, 1, "v")
    frame = turned.frame.with_columns(pl.Series("probabilities", turned.probabilities[:, ::-1]))
    found = recalibrate(test, Predictions(frame, turned.metadata), 1)
    assert (found.temperature, found.at_limit, found.tempered) == (None, True, None)
    assert found.withheld == (
        "the log loss falls as far as the temperature rises, so the probabilities tell nothing of the classes, or the opposite"
    )
    assert found.isotonic is not None


def test_a_weak_model_with_a_rare_class_reaches_no_minimum_by_luck() -> None:
    """A handful of called rows reached a precision of 0.95 in most samples, and broke it on new rows in most of these."""
    rng = np.random.default_rng(0)
    lucky = found = 0
    for _ in range(60):
        positive = rng.random(1_000) < 0.1
        steps = sweep(positive, 1 / (1 + np.exp(-rng.normal(1.5 * positive, 1.0))))
        lucky += choose(steps, Goal("precision", 0.95)) is not None
        found += choose(steps, Goal("precision", 0.95), fewest=fewest_behind(0.95)) is not None
    assert lucky > 40
    assert found == 0


def test_negative_rows_of_probability_1_leave_nothing_to_call() -> None:
    positive, scores = np.arange(100) < 50, np.ones(100)
    found = promised(Goal("specificity", 0.9), positive, scores, 0.9)
    assert (found.threshold, found.rows) == (1.01, 50)
