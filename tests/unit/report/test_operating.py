"""Operating points, costs and slices on the page and on the terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from classmark.judging.judge import judge
from classmark.judging.judgement import Judgement
from classmark.predictions import Predictions, build_predictions
from classmark.report.operating import difference_text, point_sentence, threshold_charts
from classmark.report.page import write_report
from classmark.report.screen import judgement_table
from classmark.report.selection import target_sentence
from pages import check_vega_lite, drawn_rows, text_of

HOSTILE = "<script>alert(1)</script>"


def table(rows: int, seed: int, prefix: str = "t", **columns: Any) -> Predictions:
    rng = np.random.default_rng(seed)
    true = np.arange(rows) % 3 == 0
    score = 1 / (1 + np.exp(-rng.normal(3.0 * true - 3, 1.3)))
    return build_predictions(
        [f"{prefix}{row}" for row in range(rows)],
        np.where(true, "yes", "no").tolist(),
        np.column_stack([1 - score, score]),
        ("no", "yes"),
        columns=pl.DataFrame(columns) if columns else None,
    )


@pytest.fixture(scope="module")
def judgement() -> Judgement:
    source = ["web", "mail", "post", HOSTILE] * 75
    at = ["f1", "precision>=0.8", "precision>=0.81", "youden"]
    costs = {"yes:no": 4.0}
    return judge(table(300, 0, source=source), validation=table(300, 1, "v"), at=at, costs=costs, draws=100)


def test_a_sentence_says_both_splits_and_what_the_largest_probability_gives(judgement: Judgement) -> None:
    f1, baseline, _, youden, cost = judgement.thresholds.points
    here = f1.test["f1"]
    assert point_sentence(f1) == (
        f"Highest F1, at a threshold of {f1.threshold:.4f}: F1 {f1.validation['f1'].value:.4f} on validation, {here.value:.4f} "
        f"({here.low:.4f} to {here.high:.4f}) on the judged rows. The largest probability gives F1 "
        f"{judgement.metrics['f1'].value:.4f} there."
    )
    assert re.fullmatch(
        r"Precision ≥ 0\.8, at a threshold of 0\.\d{4}: precision 0\.\d{4} on validation, .* on the judged rows; recall .* on "
        r"the judged rows\. The largest probability gives precision 0\.\d{4} and recall 0\.\d{4} there\. \d+ of the judged rows "
        r"are called positive\. Precision ≥ 0\.8 was seen on \d+ validation rows called positive, which promises nothing of new "
        r"rows\.",
        point_sentence(baseline),
    )
    assert point_sentence(youden).startswith("Highest Youden's index, at a threshold of 0.")
    assert "balanced accuracy" in point_sentence(youden)
    assert point_sentence(cost).startswith("Least cost, at a threshold of 0.")


def test_a_threshold_that_was_not_chosen_is_said() -> None:
    validation = table(300, 1, "v")
    turned = validation.frame.with_columns(pl.Series("probabilities", validation.probabilities[:, ::-1]))
    found = judge(table(300, 0), validation=Predictions(turned, validation.metadata), at=["precision>=0.99"], draws=100)
    assert re.fullmatch(
        r"Precision ≥ 0\.99: no threshold was chosen, as the highest precision on at least 100 validation rows called positive "
        r"is 0\.\d{4}\.",
        point_sentence(found.thresholds.points[0]),
    )


def test_calling_no_row_is_said_as_such() -> None:
    costs = {"yes:no": 1.0, "no:yes": 1.0, "yes:yes": 2.0}
    found = judge(table(300, 0), validation=table(300, 1, "v"), costs=costs, draws=100)
    assert point_sentence(found.thresholds.points[-1]).startswith(
        "Least cost, where no row is called positive: cost 0.3333"
    )


def test_the_charts_hold_both_splits_and_draw(judgement: Judgement) -> None:
    metrics, cost = threshold_charts(judgement)
    assert set(metrics.frame()["metric"]) == {"precision", "recall", "F1"}
    assert set(metrics.frame()["rows"]) == {"judged rows", "validation"}
    assert set(cost.frame()["metric"]) == {"cost"}
    for chart in (metrics, cost):
        check_vega_lite(chart.picture())


def test_upright_lines_that_stand_close_share_a_name(judgement: Judgement) -> None:
    found = judgement.thresholds
    moved = zip(found.points, [0.82, 0.2, 0.8, None, 0.4], strict=True)
    points = tuple(replace(point, threshold=threshold) for point, threshold in moved)
    charts = threshold_charts(replace(judgement, thresholds=replace(found, points=points)))
    named = [
        sorted((row["threshold"], row["goal"]) for rows in drawn_rows(chart.picture()) for row in rows if "goal" in row)
        for chart in charts
    ]
    assert named == [
        [(0.2, "precision ≥ 0.8"), (0.8, "precision ≥ 0.81, highest F1"), (0.82, "")],
        [(0.4, "least cost")],
    ]


def test_without_validation_there_is_one_chart_and_no_promise(tmp_path: Path) -> None:
    rows = table(100, 0)
    found = judge(rows, draws=100)
    assert [chart.name for chart in threshold_charts(found)] == ["threshold"]
    assert set(threshold_charts(found)[0].frame()["rows"]) == {"judged rows"}
    words = text_of(write_report(tmp_path, found, rows).read_text(encoding="utf-8"))
    assert "A threshold is chosen on validation rows only, and there are none here" in words
    assert "largest probability gives" not in words


def test_more_than_two_classes_have_no_threshold(tmp_path: Path) -> None:
    values = np.random.default_rng(0).dirichlet(np.ones(3), 60)
    rows = build_predictions([str(row) for row in range(60)], ["a", "b", "c"] * 20, values, ("a", "b", "c"))
    found = judge(rows, costs={"a:b": 3.0}, draws=100)
    assert threshold_charts(found) == []
    words = text_of(write_report(tmp_path, found, rows).read_text(encoding="utf-8"))
    assert "Operating points" not in words
    assert "By slice" not in words
    assert f"As predicted, a row costs {found.costs.given.value:.4f}" in words


def test_the_page_shows_points_costs_slices_and_advice(judgement: Judgement, tmp_path: Path) -> None:
    rows = table(300, 0, source=["web", "mail", "post", HOSTILE] * 75)
    page = write_report(tmp_path, judgement, rows).read_text(encoding="utf-8")
    assert HOSTILE not in page
    words = text_of(page)
    for point in judgement.thresholds.points:
        assert point_sentence(point) in words
        assert difference_text(point.difference["recall"], "recall") in words
    assert "corrected for all 4 comparisons by Holm's method" in words
    assert HOSTILE in words
    for one in judgement.slices.found:
        assert f"{one.metrics['accuracy'].value:.2%}".replace("%", " %") in words
    assert "What errors cost" in words
    for finding in judgement.findings:
        assert finding.advice in words
        assert finding.code in words


def test_the_terminal_has_a_sentence_a_point(judgement: Judgement) -> None:
    console = Console(width=900, record=True, file=io.StringIO())
    console.print(judgement_table(judgement))
    text = console.export_text()
    assert all(point_sentence(point) in text for point in judgement.thresholds.points)


def test_the_page_says_promises_and_why_there_is_no_temperature(tmp_path: Path) -> None:
    rows, validation = table(300, 0), table(600, 1, "v")
    found = judge(rows, validation=validation, at=["recall>=0.8", "error<=0.2"], confidence=0.9, draws=100)
    words = text_of(write_report(tmp_path / "promised", found, rows).read_text(encoding="utf-8"))
    console = Console(width=900, record=True, file=io.StringIO())
    console.print(judgement_table(found))
    screen = console.export_text()
    (target,) = [one for one in found.selective.targets if one.asked]
    for sentence in (point_sentence(found.thresholds.points[0]), target_sentence(target)):
        assert "Promise for new rows like those of validation, with confidence 0.9" in sentence
        assert sentence in words
        assert sentence in screen
    turned = validation.frame.with_columns(pl.Series("probabilities", validation.probabilities[:, ::-1]))
    found = judge(rows, validation=Predictions(turned, validation.metadata), costs={"yes:no": 2.0}, draws=100)
    words = text_of(write_report(tmp_path / "turned", found, rows).read_text(encoding="utf-8"))
    assert f"No temperature is given: on the 600 validation rows {found.recalibration.withheld}." in words
    assert (found.costs.tempered, found.costs.temperature) == (None, None)
