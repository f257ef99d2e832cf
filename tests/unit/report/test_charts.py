"""Each chart's frame holds what it draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_curve

from classmark.judging.judge import judge
from classmark.judging.judgement import Judgement
from classmark.judging.published import judge_confusion
from classmark.predictions import Predictions, build_predictions
from classmark.report.charts import (
    Chart,
    confusion_chart,
    difference_chart,
    judgement_charts,
    reliability_chart,
    run_charts,
)

HISTORY = [
    {"epoch": epoch, "step": step, "train_loss": loss, "validation_loss": loss + 0.1, "train_accuracy": 0.5 + loss / 10,
     "validation_accuracy": 0.4}
    for epoch, step, loss in ((1, 50, 0.7), (1, 100, 0.6), (2, 125, 0.55), (2, 200, 0.5))
]  # fmt: skip


def chart(judgement: Judgement, name: str) -> Chart:
    return next(found for found in judgement_charts(judgement) if found.name == name)


def several_classes(count: int) -> Predictions:
    rng = np.random.default_rng(0)
    labels = np.arange(20 * count) % count
    scores = rng.dirichlet(np.ones(count), len(labels))
    names = tuple(f"class-{index:02d}" for index in range(count))
    return build_predictions(
        [str(row) for row in range(len(labels))], [names[index] for index in labels], scores, names
    )


def test_a_judgement_has_the_charts_that_it_has_data_for(judgement: Judgement) -> None:
    names = [found.name for found in judgement_charts(judgement)]
    assert names == ["confusion-matrix", "roc", "precision-recall", "reliability"]
    matrix = judge_confusion([[3, 1], [1, 5]])
    assert [found.name for found in judgement_charts(matrix)] == ["confusion-matrix"]


def test_the_confusion_matrix_has_counts_and_shares_of_rows(judgement: Judgement) -> None:
    assert confusion_chart(judgement).frame().rows() == [
        ("no", "no", 3, 0.75, "75.0%"),
        ("no", "yes", 1, 0.25, "25.0%"),
        ("yes", "no", 1, 1 / 6, "16.7%"),
        ("yes", "yes", 5, 5 / 6, "83.3%"),
    ]


def test_a_class_without_rows_has_shares_of_zero() -> None:
    judgement = judge_confusion([[2, 2, 0], [0, 0, 0], [1, 0, 3]], ["a", "b", "c"])
    shares = confusion_chart(judgement).frame()["share"].to_list()
    assert shares == [0.5, 0.5, 0, 0, 0, 0, 0.25, 0, 0.75]


@pytest.mark.parametrize(("classes", "marks"), [(2, {"rect", "text"}), (20, {"rect", "text"}), (21, {"rect"})])
def test_counts_are_written_up_to_twenty_classes(classes: int, marks: set[str]) -> None:
    picture = confusion_chart(judge_confusion(np.eye(classes) + 1)).picture().to_dict()
    assert {layer["mark"]["type"] for layer in picture.get("layer", [picture])} == marks


def test_the_roc_curve_is_scikit_learns(judgement: Judgement, predictions: Predictions) -> None:
    frame = chart(judgement, "roc").frame()
    # Of 24 pairs of a positive and a negative row, one is the wrong way round, 0.36 against 0.62.
    assert frame["curve"].unique().to_list() == ["yes (0.958)"]
    x, y, _ = roc_curve(predictions.labels, predictions.probabilities[:, 1], drop_intermediate=False)
    np.testing.assert_allclose(frame.select("x", "y").to_numpy(), np.column_stack([x, y]), atol=1e-5)
    assert frame["place"].to_list() == list(range(11))


def test_the_precision_recall_curve_is_scikit_learns(judgement: Judgement, predictions: Predictions) -> None:
    found = chart(judgement, "precision-recall")
    area = average_precision_score(predictions.labels, predictions.probabilities[:, 1])
    assert found.frame()["curve"].unique().to_list() == [f"yes ({area:.3f})"]
    precision, recall, _ = precision_recall_curve(predictions.labels, predictions.probabilities[:, 1])
    theirs = {(round(x, 5), round(y, 5)) for x, y in zip(recall[:-1], precision[:-1], strict=True) if 0 < x < 1}
    assert theirs <= set(found.frame().select("x", "y").rows())
    guessing = [rows for rows in found.picture().to_dict()["datasets"].values() if len(rows) == 2]
    assert guessing == [[{"x": 0.0, "y": 0.6}, {"x": 1.0, "y": 0.6}]]


@pytest.mark.parametrize(("classes", "curves"), [(3, 5), (12, 8)])
def test_at_most_eight_curves_are_drawn(classes: int, curves: int) -> None:
    judgement = judge(several_classes(classes), draws=100)
    for name in ("roc", "precision-recall"):
        assert chart(judgement, name).frame()["curve"].n_unique() == curves


def test_reliability_has_the_rows_of_each_bin(judgement: Judgement) -> None:
    frame = reliability_chart(judgement).frame()
    assert frame["rows"].to_list() == [2, 2, 2, 1, 2, 1]
    np.testing.assert_allclose(frame["confidence"], [0.63, 0.70, 0.77, 0.84, 0.895, 0.97], atol=1e-12)
    assert frame["accuracy"].to_list() == [0, 1, 1, 1, 1, 1]
    np.testing.assert_allclose(frame["low"], np.arange(9, 15) / 15)
    assert (frame["accuracy_low"] <= frame["accuracy"]).all()
    assert (frame["accuracy_high"] >= frame["accuracy"]).all()


def test_history_stands_at_its_place_in_the_epochs() -> None:
    loss, accuracy = run_charts(HISTORY)
    assert (loss.name, accuracy.name) == ("loss-per-epoch", "accuracy-per-epoch")
    train = loss.frame().filter(split="train")
    assert train.select("epoch", "value").rows() == [(0.5, 0.7), (1.0, 0.6), (1.25, 0.55), (2.0, 0.5)]
    validation = loss.frame().filter(split="validation")
    assert validation["value"].to_list() == pytest.approx([0.8, 0.7, 0.65, 0.6])
    assert accuracy.frame().filter(split="train")["value"].to_list() == pytest.approx([0.57, 0.56, 0.555, 0.55])


def test_no_history_has_no_charts() -> None:
    assert run_charts([]) == []


def test_differences_have_their_intervals() -> None:
    entry = {"a": 0.8, "b": 0.9, "difference": 0.1, "low": -0.05, "high": 0.25, "method": "t"}
    nothing = dict.fromkeys(entry)
    frame = difference_chart({"accuracy": entry, "roc_auc": nothing}).frame()
    assert frame.rows() == [("accuracy", 0.1, -0.05, 0.25), ("roc_auc", None, None, None)]


def charts_of_every_kind() -> list[Chart]:
    entry = {"difference": 0.1, "low": -0.05, "high": 0.25}
    judgement = judge(several_classes(3), draws=100)
    return [*judgement_charts(judgement), *run_charts(HISTORY), difference_chart({"accuracy": entry})]


@pytest.mark.parametrize("found", charts_of_every_kind(), ids=lambda found: found.name)
def test_every_chart_draws_its_frame_and_says_how_to_read_it(found: Chart) -> None:
    picture: dict[str, Any] = found.picture().to_dict()
    drawn = [pl.DataFrame(rows, infer_schema_length=None) for rows in picture["datasets"].values()]
    assert any(data.shape == found.frame().shape for data in drawn)
    assert found.title
    assert found.reading.endswith(".")
