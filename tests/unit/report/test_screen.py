"""Judgements and comparisons as a terminal shows them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rich.console import Console

from classmark.judging.comparisons.multiple import compare_all
from classmark.judging.findings.judgement import Finding
from classmark.judging.judge import judge
from classmark.judging.judgement import Judgement
from classmark.judging.published import judge_confusion
from classmark.predictions import Predictions
from classmark.report.screen import comparison_table, judgement_table

Make = Callable[..., Predictions]


def shown(table: Any) -> list[list[str]]:
    """The lines as a console of 100 columns prints them, in words."""
    screen = io.StringIO()
    Console(file=screen, width=100).print(table)
    return [line.split() for line in screen.getvalue().splitlines()]


def test_metrics_stand_with_their_intervals(judgement: Judgement) -> None:
    lines = shown(judgement_table(judgement))
    assert lines[0] == ["10", "rows"]
    assert ["Accuracy", "80.00", "%", "44.39", "to", "97.48", "%"] in lines
    assert ["Calibration", "error", f"{judgement.metrics['ece'].value:.4f}", "–"] in lines


def test_the_matrix_has_true_classes_as_rows(judgement: Judgement) -> None:
    lines = shown(judgement_table(judgement))
    place = lines.index(["rows", "true,", "columns", "predicted"])
    assert lines[place + 1 : place + 4] == [["no", "yes"], ["no", "3", "1"], ["yes", "1", "5"]]


def test_a_matrix_of_many_classes_is_left_to_the_page() -> None:
    for classes, there in ((8, True), (9, False)):
        matrix = [[5 if row == column else 0 for column in range(classes)] for row in range(classes)]
        lines = shown(judgement_table(judge_confusion(matrix)))
        assert (["rows", "true,", "columns", "predicted"] in lines) is there


def test_baselines_stand_beside_the_model(make_table: Make) -> None:
    always = make_table(scores=[0.9] * 10)
    judgement = judge(make_table(), baselines={"majority": always, "linear": make_table()}, draws=100)
    lines = shown(judgement_table(judgement))
    assert ["value", "95", "%", "interval", "majority", "linear"] in lines
    assert ["Accuracy", "80.00", "%", "44.39", "to", "97.48", "%", "60.00", "%", "80.00", "%"] in lines
    # Tango's interval of ten rows without disagreement ends at z² / (10 + z²) = 0.278.
    sentence = "These rows cannot tell the model from a linear model: +0.0 points of accuracy (-27.8 to +27.8)."
    assert sentence.split() in lines


def test_findings_are_marked_by_gravity(judgement: Judgement) -> None:
    found = tuple(Finding("x", severity, f"a {severity} [b]") for severity in ("problem", "warning", "info"))
    lines = shown(judgement_table(replace(judgement, findings=found)))
    assert lines[-3:] == [["!!", "a", "problem", "[b]"], ["!", "a", "warning", "[b]"], ["a", "info", "[b]"]]


def test_class_names_in_brackets_are_no_markup(make_table: Make) -> None:
    names = ("[b]", "[/i]")
    table = make_table([names[index] for index in (0, 0, 0, 0, 1, 1, 1, 1, 1, 1)], classes=names)
    lines = shown(judgement_table(judge(table, draws=100)))
    place = lines.index(["rows", "true,", "columns", "predicted"])
    assert lines[place + 1 : place + 4] == [["[b]", "[/i]"], ["[b]", "3", "1"], ["[/i]", "1", "5"]]


def test_a_comparison_has_both_names_the_differences_and_the_sentence(make_table: Make) -> None:
    better = make_table(scores=(0.1, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9))
    comparison = compare_all((make_table(), better), names=("old [1].csv", "new.csv"))
    lines = shown(comparison_table(comparison))
    assert lines[:3] == [["A", "=", "old", "[1].csv"], ["B", "=", "new.csv"], ["10", "rows"]]
    accuracy = next(line for line in lines if line[0] == "Accuracy")
    assert accuracy[:7] == ["Accuracy", "80.00", "%", "100.00", "%", "20.00", "%"]
    # Two rows that only B gets right: p = 2 · (1/2)² exact, and less the probability (1/2)² of what was seen.
    words = " ".join(word for line in lines for word in line)
    assert "McNemar: only A right 0, only B right 2, p 0.5 exact, 0.25 mid-p" in words
    assert words.endswith(comparison.sentence)


def test_what_a_comparison_leaves_out_stands_at_its_end(make_table: Make) -> None:
    comparison = compare_all((make_table(), make_table()))
    left_out = Finding("scores_left_out", "info", "b [1].csv has predicted labels only")
    assert shown(comparison_table(replace(comparison, findings=(left_out,)))) == [
        *shown(comparison_table(comparison)),
        left_out.message.split(),
    ]


def test_an_undefined_difference_is_a_dash(make_table: Make) -> None:
    one = make_table(["yes"] * 4, [0.1, 0.6, 0.7, 0.8])
    assert ["ROC", "area", "–", "–", "–", "–"] in shown(comparison_table(compare_all((one, one))))
