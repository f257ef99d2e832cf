"""Each chart's frame holds what it draws."""

from __future__ import annotations

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
    reliability_chart,
    run_charts,
    score_charts,
)
from classmark.report.heat_map import confusion_chart
from pages import check_vega_lite, drawn_rows

HISTORY = [
    {"epoch": epoch, "step": step, "train_loss": loss, "validation_loss": loss + 0.1, "train_accuracy": 0.5 + loss / 10,
     "validation_accuracy": 0.4}
    for epoch, step, loss in ((1, 50, 0.7), (1, 100, 0.6), (2, 125, 0.55), (2, 200, 0.5))
]  # fmt: skip


def chart(judgement: Judgement, name: str) -> Chart:
    return next(found for found in score_charts(judgement) if found.name == name)


def several_classes(count: int) -> Predictions:
    rng = np.random.default_rng(0)
    labels = np.arange(20 * count) % count
    scores = rng.dirichlet(np.ones(count), len(labels))
    names = tuple(f"class-{index:02d}" for index in range(count))
    return build_predictions(
        [str(row) for row in range(len(labels))], [names[index] for index in labels], scores, names
    )


def test_a_judgement_has_the_charts_that_it_has_data_for(judgement: Judgement) -> None:
    names = [found.name for found in score_charts(judgement)]
    assert names == ["roc", "precision-recall", "reliability"]
    matrix = judge_confusion([[3, 1], [1, 5]])
    assert score_charts(matrix) == []


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
    guessing = [rows for rows in drawn_rows(found.picture()) if len(rows) == 2]
    assert guessing == [[{"x": 0.0, "y": 0.6}, {"x": 1.0, "y": 0.6}]]


@pytest.mark.parametrize(("classes", "curves"), [(3, 5), (6, 8)])
def test_every_class_and_both_means_have_a_curve(classes: int, curves: int) -> None:
    judgement = judge(several_classes(classes), draws=100)
    for name in ("roc", "precision-recall"):
        assert chart(judgement, name).frame()["curve"].n_unique() == curves


def test_of_many_classes_the_means_and_the_lowest_have_a_curve() -> None:
    judgement = judge(several_classes(12), draws=100)
    for name, every in (("roc", judgement.curves.roc), ("precision-recall", judgement.curves.precision_recall)):
        found = chart(judgement, name)
        drawn = found.frame()["curve"].unique(maintain_order=True).str.split(" (").list.first().to_list()
        lowest = sorted((curve for curve in every if curve.name.startswith("class")), key=lambda one: one.area or 0)
        assert drawn == ["macro", "micro", *[curve.name for curve in lowest[:3]]]
        assert "Macro is the mean of 12 classes" in found.reading
        assert "3 classes with the smallest area" in found.reading


def test_guessing_has_the_mean_share_of_a_class() -> None:
    found = chart(judge(several_classes(12), draws=100), "precision-recall")
    (guessing,) = [rows for rows in drawn_rows(found.picture()) if len(rows) == 2]
    assert [row["y"] for row in guessing] == pytest.approx([1 / 12, 1 / 12])


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


def charts_of_every_kind() -> list[Chart]:
    judgement = judge(several_classes(3), draws=100)
    maps = [confusion_chart(judgement), confusion_chart(judge_confusion(np.eye(21) + 1))]
    return [*maps, *score_charts(judgement), *run_charts(HISTORY)]


@pytest.mark.parametrize("found", charts_of_every_kind(), ids=lambda found: found.name)
def test_every_chart_draws_its_frame_and_says_how_to_read_it(found: Chart) -> None:
    drawn = [pl.DataFrame(rows, infer_schema_length=None) for rows in drawn_rows(found.picture())]
    assert any(data.shape == found.frame().shape for data in drawn)
    check_vega_lite(found.picture())
    assert found.title
    assert found.reading.endswith(".")


def test_one_curve_has_its_band_and_several_have_none(judgement: Judgement) -> None:
    several = judge(several_classes(3), draws=100)
    for name, curve in (("roc", judgement.curves.roc[0]), ("precision-recall", judgement.curves.precision_recall[0])):
        found = chart(judgement, name)
        assert found.frame().select("low", "high").rows() == list(zip(curve.low, curve.high, strict=True))
        assert found.reading.endswith(f"in at least 95 of 100 draws of rows ({curve.band}).")
        marks = [[layer["mark"]["type"] for layer in one.picture()["layer"][1].get("layer", [])] for one in
                 (found, chart(several, name))]  # fmt: skip
        assert marks == [["area", "line"], []]
