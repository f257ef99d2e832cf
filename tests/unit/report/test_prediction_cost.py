"""What a prediction costs, on the page of a run and beside the quality of two."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from classmark.cli.main import run as classmark
from classmark.judging.judgement import Judgement
from classmark.predictions import Predictions
from classmark.report.page import write_report
from classmark.report.prediction_cost import cost_columns, milliseconds, size_text, speed_text
from classmark.runs import RunFiles
from classmark.runs.prediction_cost import PredictionCost, write_prediction_cost
from pages import check_harmless, text_of
from two_runs import text_runs

FAST = PredictionCost(0.002, None, 60, 1234.5, 256, 0.2, 10**6, 10**9, None, 10.0, "<b>here</b>", 2, "fp32", False)
SLOW = replace(FAST, one_row_p50_seconds=0.020, one_row_p99_seconds=0.031, rows_per_second=98.76)


def test_the_page_says_what_was_measured(tmp_path: Path, judgement: Judgement, predictions: Predictions) -> None:
    page = write_report(tmp_path, replace(judgement, prediction_cost=FAST), predictions).read_text(encoding="utf-8")
    assert "<b>here</b>" not in page
    words = text_of(page)
    assert (
        "What a prediction costs One row, median 2 ms Many rows in one call 1,230 rows/s Loading the model 200 ms "
        "Size on disk 1.0 MB Peak memory 1.00 GB Training, time of one core 10 s "
        "Measured after training in a process of its own, on 256 validation texts or image files, up to their probabilities; "
        "Python and torch are in the memory. <b>here</b>, 2 threads, fp32."
    ) in words
    without = write_report(tmp_path, judgement, predictions).read_text(encoding="utf-8")
    assert "What a prediction costs" not in without


def test_two_runs_are_set_beside_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = text_runs(tmp_path)
    for run, cost in zip(runs, (FAST, SLOW), strict=True):
        write_prediction_cost(RunFiles(run), cost)
    assert classmark(["compare", *map(str, runs), "--out", str(tmp_path / "out"), "--draws", "100"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    check_harmless(page)
    words = text_of(page)
    sentence = (
        "B is not shown to be worth its cost: A takes 0.1 of its time for one row and predicts 12 times as many rows a "
        "second, and these rows show no difference in accuracy."
    )
    assert sentence in said
    assert f"Quality beside cost {sentence}" in words
    assert "one row, 99 % take less than – 31 ms" in words
    assert (tmp_path / "out" / "figures" / "cost-beside-quality.svg").exists()
    content = json.loads((tmp_path / "out" / "comparison.json").read_text())["cost"]
    assert content["dominated"][0]["is_certain"] is False
    assert content["costs"]["B"]["rows_per_second"] == 98.76


def test_a_table_without_a_run_says_nothing_of_cost(tmp_path: Path, make_table: Callable[..., Predictions]) -> None:
    from classmark import compare, judge

    found = compare(judge(make_table()), judge(make_table()), draws=100)
    assert found.cost is None
    assert "Quality beside cost" not in found.report(tmp_path).read_text(encoding="utf-8")


def test_amounts_are_short() -> None:
    assert [milliseconds(value) for value in (0.00085, 0.0123, 0.2345, 1.24, None)] == [
        *("0.85 ms", "12 ms", "234 ms", "1.2 s", "–")
    ]
    assert [speed_text(value) for value in (4974.0, 98.76, 0.5)] == ["4,970 rows/s", "98.8 rows/s", "0.5 rows/s"]
    assert [size_text(value) for value in (18_683_126, 1_234_000_000, None)] == ["18.7 MB", "1.23 GB", "–"]
    assert cost_columns({}) == []
