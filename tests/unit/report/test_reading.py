"""What screen and page say of how a file was read: the plan, the positive class, own decisions, weights, both sides."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from classmark.judging.comparisons.multiple import compare_all
from classmark.judging.judge import judge
from classmark.judging.judgement import judgement_from_json
from classmark.predictions import Predictions, Remark
from classmark.report.cell import judgement_cell
from classmark.report.comparison import write_comparison
from classmark.report.page import write_report
from classmark.report.screen import comparison_table, judgement_table
from classmark.report.words import metric_title
from classmark.shown.sides import build_sides

Make = Callable[..., Predictions]
BOTH = (
    "Accuracy, F1 and the confusion matrix come from the predicted classes in the file; ranking and calibration come "
    "from the probabilities."
)
PLAN = "label ← y_true; P(yes) ← prob_yes"


def shown(table: Any) -> str:
    screen = io.StringIO()
    Console(file=screen, width=200).print(table)
    return screen.getvalue()


def text_of(page: Path) -> str:
    html = page.read_text(encoding="utf-8")
    bare = re.sub(r"<(style|script|svg).*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", bare)).replace("&#39;", "'")


@pytest.fixture
def many(make_table: Make) -> Predictions:
    """120 rows of two classes."""
    rng = np.random.default_rng(0)
    second = rng.uniform(size=120)
    labels = ["yes" if one else "no" for one in rng.uniform(size=120) < second]
    return make_table(labels, second.tolist())


def test_the_plan_is_the_first_line_under_the_title_and_on_the_page(predictions: Predictions, tmp_path: Path) -> None:
    table = replace(predictions, plan=PLAN)
    judgement = judge(table, draws=50)
    assert [line.rstrip() for line in shown(judgement_table(judgement)).splitlines()[:2]] == ["10 rows", PLAN]
    assert f"How the file was read: {PLAN}." in text_of(write_report(tmp_path, judgement, table))
    assert judgement.to_json()["plan"] == PLAN
    assert judgement_from_json(json.loads(json.dumps(judgement.to_json()))) == judgement


def test_a_table_without_a_plan_says_nothing_of_it(predictions: Predictions, tmp_path: Path) -> None:
    judgement = judge(predictions, draws=50)
    assert judgement.to_json()["plan"] is None
    assert "How the file was read" not in text_of(write_report(tmp_path, judgement, predictions))


@pytest.mark.parametrize("positive", ["no", "yes"])
def test_the_class_that_f1_is_of_is_named_beside_it(predictions: Predictions, tmp_path: Path, positive: str) -> None:
    judgement = judge(replace(predictions, positive=positive), draws=50)
    screen, page = shown(judgement_table(judgement)), text_of(write_report(tmp_path, judgement, predictions))
    assert judgement.positive == positive
    for title in ("Precision", "Recall", "F1", "Average precision"):
        for where in (screen, page, judgement_cell(judgement)):
            assert f"{title} ({positive})" in where
    assert f"F1 ({positive})" in page.split("All metrics")[0]  # on a card too
    assert "Accuracy (" not in screen


def test_titles() -> None:
    assert metric_title("f1", "fraud") == "F1 (fraud)"
    assert metric_title("f1") == "F1"
    assert metric_title("roc_auc", "fraud") == "ROC area"
    assert metric_title("recall", "x" * 40) == f"Recall ({'x' * 23}…)"


def test_own_decisions_are_said_in_one_sentence(many: Predictions, tmp_path: Path) -> None:
    called = np.where(many.probabilities[:, 1] >= 0.3, "yes", "no")
    own = replace(many, frame=many.frame.with_columns(predicted=pl.Series(called.tolist())))
    judgement = judge(own, draws=50)
    assert BOTH in shown(judgement_table(judgement))
    assert BOTH in text_of(write_report(tmp_path / "one", judgement, own))
    plain = judge(many, draws=50)
    assert BOTH not in shown(judgement_table(plain)) + text_of(write_report(tmp_path / "two", plain, many))
    comparison = compare_all([many, own], draws=50)
    sides = build_sides(comparison, (many, own))
    page = text_of(write_comparison(tmp_path / "three", comparison, sides))
    assert BOTH in page
    assert page.count("rows the predicted class in the file is not the class with the largest probability") == 1
    assert "of 120 rows the predicted class in the file is not" in shown(comparison_table(comparison))


def test_weighted_rows_have_a_page_and_a_screen(many: Predictions, tmp_path: Path) -> None:
    weights = np.random.default_rng(1).uniform(0.5, 3, 120)
    weighted = replace(many, frame=many.frame.with_columns(weight=pl.Series(weights)))
    judgement = judge(weighted, draws=50)
    screen, page = shown(judgement_table(judgement)), text_of(write_report(tmp_path / "one", judgement, weighted))
    for where in (screen, page):
        assert "120 rows of these weights say about as much as" in where
        assert "F1" not in where.replace("F1 and", "")
    assert "Per class" not in page
    assert "weighted DeLong on the logit scale" in page
    comparison = compare_all([weighted, many], draws=50)
    assert "Rows, whatever their weight: only A right 0, only B right 0" in shown(comparison_table(comparison))
    two = text_of(write_comparison(tmp_path / "two", comparison, build_sides(comparison, (weighted, many))))
    assert "McNemar's test is left out, as rows have weights" in two
    three = compare_all([weighted, many, many], names="xyz", draws=50)
    assert "weighted rows" in text_of(
        write_comparison(tmp_path / "three", three, build_sides(three, (weighted, many, many)))
    )
    assert "x" in shown(comparison_table(three))


def test_both_sides_say_how_they_were_read(many: Predictions, tmp_path: Path) -> None:
    note = Remark("assumed", "warning", "The score is taken as that of yes.")
    a, b = replace(many, plan=PLAN), replace(many, plan="label ← z", remarks=(note,))
    comparison = compare_all([a, b], names=("a.csv", "b.csv"), draws=50)
    lines = [line.rstrip() for line in shown(comparison_table(comparison)).splitlines()]
    assert lines[:4] == ["A = a.csv", f"    {PLAN}", "B = b.csv", "    label ← z"]
    assert "!  b.csv: The score is taken as that of yes." in lines
    page = text_of(write_comparison(tmp_path, comparison, build_sides(comparison, (a, b))))
    assert f"A read as {PLAN}" in page
    assert "B read as label ← z" in page
    assert page.count("The score is taken as that of yes.") == 1
    assert "F1 (yes)" in page
