"""What the page says of calibration, of answering alone and of prediction sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from classmark.judging.judge import judge
from classmark.judging.judgement import Judgement
from classmark.judging.published import judge_confusion
from classmark.predictions import Predictions, build_predictions
from classmark.report.calibration import brier_rows, recalibration_rows
from classmark.report.charts import reliability_chart
from classmark.report.page import write_report
from classmark.report.selection import risk_chart
from pages import check_vega_lite, text_of


def sharpened(rows: int, seed: int, first: str, classes: int) -> Predictions:
    """Labels drawn from softmax(logits), probabilities softmax(2 · logits): the temperature is 2."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (rows, classes))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (true.cumsum(axis=1) < rng.uniform(size=(rows, 1))).sum(axis=1)
    stated = np.exp(2 * logits) / np.exp(2 * logits).sum(axis=1, keepdims=True)
    names = [f"class-{index}" for index in range(classes)]
    ids = [f"{first}-{row}" for row in range(rows)]
    return build_predictions(ids, [names[label] for label in labels], stated, names, source=first)


@pytest.fixture(scope="module", params=[2, 4])
def fitted(request: pytest.FixtureRequest) -> Judgement:
    test, validation = (sharpened(1_500, seed, name, request.param) for seed, name in ((0, "test"), (1, "validation")))
    return judge(test, validation=validation, draws=100)


@pytest.fixture(scope="module")
def alone() -> Judgement:
    return judge(sharpened(500, 0, "test", 3), draws=100)


def test_the_reliability_diagram_shows_before_and_after(fitted: Judgement, alone: Judgement) -> None:
    assert fitted.recalibration is not None
    assert fitted.calibration is not None
    frame = reliability_chart(fitted).frame()
    after = f"temperature {fitted.recalibration.temperature:.2f}"
    assert frame["probabilities"].unique(maintain_order=True).to_list() == ["as given", after]
    for name, bins in (("as given", fitted.calibration.bins), (after, fitted.recalibration.tempered.error.bins)):
        shown = frame.filter(frame["probabilities"] == name)
        assert shown["accuracy"].to_list() == [part.accuracy for part in bins]
        assert shown["confidence"].to_list() == [part.confidence for part in bins]
    assert reliability_chart(alone).frame()["probabilities"].unique().to_list() == ["as given"]


def test_the_risk_chart_holds_the_curve_and_the_thresholds(fitted: Judgement, alone: Judgement) -> None:
    for judgement, points in ((fitted, True), (alone, False)):
        chart = risk_chart(judgement)
        assert chart is not None
        assert judgement.selective is not None
        frame = chart.frame()
        curve = frame.filter(frame["kind"] == "curve")
        assert curve["coverage"].to_list() == list(judgement.selective.coverage)
        assert curve["error"].to_list() == list(judgement.selective.risk)
        chosen = [one for one in judgement.selective.targets or () if one.coverage is not None]
        assert len(frame) - len(curve) == len(chosen)
        assert bool(chosen) == points
        check_vega_lite(chart.picture())
    assert risk_chart(judge_confusion([[3, 1], [1, 5]])) is None


def test_the_rows_are_the_judgements(fitted: Judgement) -> None:
    found = fitted.recalibration
    assert found is not None
    rows = {row.title: row for row in recalibration_rows(fitted)}
    assert rows["Log loss"].given == pytest.approx(found.tempered.metrics["log_loss"].a)
    assert rows["Log loss"].after[0] == (found.tempered.metrics["log_loss"].b, found.tempered.metrics["log_loss"])
    assert rows["Calibration error, partly debiased"].after[0] == (found.tempered.error.ece_debiased, None)
    assert {len(row.after) for row in rows.values()} == {1 if found.isotonic is None else 2}
    signs = {"−": -1, "+": 1}
    total = sum(signs.get(title[0], 1) * value for title, value in brier_rows(fitted))
    assert total == pytest.approx(fitted.metrics["brier"].value)


def test_the_page_shows_what_was_fitted(fitted: Judgement, tmp_path: Path) -> None:
    page = write_report(tmp_path, fitted, None).read_text("utf-8")
    words = text_of(page)
    assert fitted.recalibration is not None
    assert (
        f"On 1,500 validation rows the temperature with the smallest log loss is {fitted.recalibration.temperature:.3f}"
        in words
    )
    assert "above 1, as the model is surer than it should be" in words
    assert ("isotonic" in words) == (len(fitted.classes) == 2)
    assert "Prediction sets" in words
    assert fitted.conformal is not None
    for sets in fitted.conformal.sets:
        assert sets.coverage.value is not None
        assert f"{100 * sets.level:.0f} % {100 * sets.coverage.value:.1f} %" in words
    assert (tmp_path / "figures" / "risk-coverage.svg").is_file()


def test_the_page_says_what_is_left_out_without_validation_rows(alone: Judgement, tmp_path: Path) -> None:
    words = text_of(write_report(tmp_path, alone, None).read_text("utf-8"))
    assert "Temperature, thresholds and prediction sets need validation rows, of which none were given." in words
    assert "Prediction sets Instead" not in words
    assert "error aimed at" not in words
    assert "The area under it is" in words


def test_a_class_name_is_shown_not_run(tmp_path: Path) -> None:
    table = sharpened(300, 0, "test", 3)
    frame = table.frame.with_columns(label=table.frame["label"].replace({"class-0": "<script>x</script>"}))
    classes = ["<script>x</script>", *table.classes[1:]]
    named = Predictions(frame, {**table.metadata, "classes": classes}, "test")
    other = named.frame.with_columns(id="v-" + named.frame["id"])
    judgement = judge(named, validation=Predictions(other, named.metadata, "v"), draws=100)
    page = write_report(tmp_path, judgement, None).read_text("utf-8")
    assert "<script>x" not in page


def test_the_page_says_what_luck_does_to_sets_and_which_parts_keep_the_promise(tmp_path: Path) -> None:
    test, validation = (sharpened(rows, seed, name, 3) for rows, seed, name in ((400, 0, "test"), (199, 1, "v")))
    words = text_of(write_report(tmp_path, judge(test, validation=validation, draws=100), None).read_text("utf-8"))
    true = 100 * stats.beta.ppf([0.025, 0.975], 180, 20)
    seen = stats.betabinom.ppf([0.025, 0.975], 400, 180, 20) / 4
    assert (
        f"in 95 of 100 draws 90 % sets hold the true class of {true[0]:.1f} to {true[1]:.1f} % of all rows to come, and of "
        f"{seen[0]:.1f} to {seen[1]:.1f} % of 400 judged rows; 95 % sets"
    ) in words
    assert "Sets that keep the promise for each part of the rows" in words
    assert "Without bins, and of all classes at once, the squared kernel calibration error is +" in words


def test_sets_by_class_are_withheld_where_rows_are_too_few(tmp_path: Path) -> None:
    test, validation = (sharpened(rows, seed, name, 3) for rows, seed, name in ((100, 0, "test"), (24, 1, "v")))
    words = text_of(write_report(tmp_path, judge(test, validation=validation, draws=100), None).read_text("utf-8"))
    assert (
        "3 of 3 parts have too few validation rows for a threshold, so that sets would hold nearly every class" in words
    )
