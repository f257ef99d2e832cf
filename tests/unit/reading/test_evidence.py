"""How scores and predicted classes explain each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unit.reading.tables import BOTH, LABELS, NEGATIVE, POSITIVE, read, refused, said

XY = ["x", "y", "x", "y"]

READ: dict[str, tuple[dict[str, Any], dict[str, Any], str, list[int]]] = {
    "the rows with the highest scores are the predicted ones": (
        {"label": XY, "predicted": ["x", "y", "x", "y"], "score": POSITIVE}, {},
        "label ← label; P(y) ← score; predicted ← predicted", [0, 1, 0, 1],
    ),
    "or those with the lowest": (
        {"label": XY, "predicted": ["x", "y", "x", "y"], "score": NEGATIVE}, {},
        "label ← label; P(x) ← score; predicted ← predicted", [0, 1, 0, 1],
    ),
    "a threshold of one's own": (
        {"label": XY, "predicted": ["x", "y", "y", "y"], "score": POSITIVE}, {},
        "label ← label; P(y) ← score; predicted ← predicted", [0, 1, 1, 1],
    ),
    "the confidence of the predicted class": (
        {"label": XY, "predicted": XY, "confidence": [0.8, 0.8, 0.6, 0.7]}, {"classes": ["x", "y"]},
        "label ← label; P(predicted class) ← confidence; predicted ← predicted", [0, 1, 0, 1],
    ),
    "a score whose name says its class": (
        {"label": XY, "predicted": ["x", "y", "y", "x"], "prob_y": POSITIVE}, {},
        "label ← label; P(y) ← prob_y; predicted ← predicted", [0, 1, 1, 0],
    ),
    "of two scores the one that explains": (
        {"label": XY, "predicted": ["x", "y", "y", "y"], "score": POSITIVE, "prob": [0.3, 0.1, 0.2, 0.4]}, {},
        "label ← label; P(y) ← score; predicted ← predicted", [0, 1, 1, 1],
    ),
    "the group whose largest is the prediction": (
        {"label": XY, "pred": XY, "a_x": NEGATIVE, "a_y": POSITIVE, "b_x": POSITIVE, "b_y": NEGATIVE}, {},
        "label ← label; P(x) ← a_x; P(y) ← a_y; predicted ← pred", [0, 1, 0, 1],
    ),
    "label beside true_label is the prediction": (
        {"true_label": XY, "label": ["x", "y", "y", "y"], "score": [0.75, 0.8, 0.6, 0.7]}, {"classes": ["x", "y"]},
        "label ← true_label; P(predicted class) ← score; predicted ← label", [0, 1, 1, 1],
    ),
    "codes of the largest score say nothing new": (
        {"label": XY, "prob_x": NEGATIVE, "prob_y": POSITIVE, "predicted": [0, 1, 0, 1]}, {"label": "label"},
        "label ← label; P(x) ← prob_x; P(y) ← prob_y", [0, 1, 0, 1],
    ),
    "nor beside a column that can be the truth only": (
        {"truth": XY, "prob_x": NEGATIVE, "prob_y": POSITIVE, "predicted": [0, 1, 0, 1]}, {},
        "label ← truth; P(x) ← prob_x; P(y) ← prob_y", [0, 1, 0, 1],
    ),
    "a threshold that a column of any name shows": (
        {"label": XY * 5, "prob_x": NEGATIVE * 5, "prob_y": POSITIVE * 5, "flag": ["x", "y", "y", "y"] * 5}, {},
        "label ← label; P(x) ← prob_x; P(y) ← prob_y; predicted ← flag", [0, 1, 1, 1] * 5,
    ),
    "labels only, by request": (
        {"label": XY, "predicted": ["x", "y", "y", "y"], "score": NEGATIVE}, {"labels_only": True},
        "label ← label; predicted ← predicted", [0, 1, 1, 1],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_what_explains_what(name: str) -> None:
    columns, words, plan, predicted = READ[name]
    table = read(columns, **words)
    assert table.plan == plan
    assert [table.classes[place] for place in table.predicted] == [("x", "y")[place] for place in predicted]


def test_a_confidence_becomes_the_probability_of_the_predicted_class() -> None:
    table = read({"label": LABELS, "predicted": LABELS, "confidence": [0.8, 0.8, 0.6, 0.7]})
    np.testing.assert_allclose(table.probabilities, BOTH, atol=1e-12)
    assert "predicted" not in table.frame.columns  # they are those of the largest probability


def test_a_threshold_of_ones_own_is_kept_beside_the_probabilities() -> None:
    table = read({"label": LABELS, "predicted": ["neg", "pos", "pos", "pos"], "score": POSITIVE})
    np.testing.assert_allclose(table.probabilities, BOTH, atol=1e-12)
    assert table.frame["predicted"].to_list() == ["neg", "pos", "pos", "pos"]


def test_what_the_user_names_settles_a_column_that_follows_from_the_score() -> None:
    given = {"label": ["no", "yes"] * 10, "score": POSITIVE * 5, "flag": ["no", "yes", "yes", "yes"] * 5}
    assert read(given, probabilities="score").plan == "label ← label; P(yes) ← score"
    assert read(given, predicted="flag").plan == "label ← label; P(yes) ← score; predicted ← flag"


def test_labels_and_scores_of_a_zero_shot_classifier() -> None:
    table = read(
        {
            "true_label": ["x", "y", "z"],
            "labels": [["y", "x", "z"], ["y", "z", "x"], ["z", "x", "y"]],
            "scores": [[0.6, 0.3, 0.1], [0.8, 0.15, 0.05], [0.5, 0.4, 0.1]],
        }
    )
    assert table.plan == "label ← true_label; P(y) ← scores.y; P(x) ← scores.x; P(z) ← scores.z"
    np.testing.assert_array_equal(table.probabilities, [[0.6, 0.3, 0.1], [0.8, 0.05, 0.15], [0.1, 0.4, 0.5]])


def test_falling_scores_of_named_classes_are_read() -> None:
    falling = {"label": ["x", "y", "z"] * 3, "probs": [[0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.8, 0.2, 0.0]] * 3}
    assert read(falling, classes=["x", "y", "z"]).classes == ("x", "y", "z")


def test_a_score_that_is_highest_where_another_class_is_predicted_is_refused() -> None:
    error = refused({"label": XY, "predicted": XY, "prob_x": POSITIVE})
    assert str(error).endswith(
        '"prob_x" is named after "x", but is highest where "predicted" is "y". Judge one of them: labels_only=True or '
        'probabilities=["prob_x"]'
    )


def test_a_confidence_is_left_aside_where_there_may_be_a_third_class() -> None:
    table = read({"label": XY, "predicted": XY, "confidence": [0.8, 0.8, 0.6, 0.7]})
    assert not table.has_probabilities
    assert said(table) == [
        'The column "confidence" is the confidence of the predicted class, and only the predicted classes are judged. If there '
        'are no other classes than "x" and "y", name both to judge probabilities too.'
    ]
    usual = ["no", "yes", "no", "yes"]
    assert read({"label": usual, "predicted": usual, "confidence": [0.8, 0.8, 0.6, 0.7]}).has_probabilities


@pytest.mark.parametrize("classes", [("x", "y"), ("x", "y", "z")])
def test_a_confidence_that_is_left_aside_makes_no_slices(classes: tuple[str, ...]) -> None:
    names = classes * 4
    table = read({"label": names, "predicted": names, "score": [0.8, 0.8, 0.6, 0.7] * len(classes)})
    assert not table.has_probabilities
    assert "score" not in table.frame.columns


def test_one_score_of_three_classes_is_left_aside() -> None:
    table = read({"label": ["a", "b", "c", "a"], "predicted": ["a", "b", "c", "b"], "confidence": [0.5, 0.8, 0.4, 0.7]})
    assert not table.has_probabilities
    assert said(table) == [
        'The column "confidence" holds one score per row, which says nothing about the other 2 classes. Only the predicted '
        "classes are judged."
    ]


def test_a_score_that_does_not_explain_the_named_predictions_is_left_aside() -> None:
    table = read({"label": XY, "predicted": ["x", "y", "y", "x"], "score": POSITIVE}, predicted="predicted")
    assert not table.has_probabilities
    assert ("confidence_only", "warning") in [(one.code, one.severity) for one in table.remarks]
    assert said(table) == ['The column "score" is left aside: the predicted classes do not follow from it.']


REFUSALS: dict[str, tuple[dict[str, Any], str, str]] = {
    "predictions that no threshold explains": (
        {"label": XY, "predicted": ["x", "y", "y", "x"], "score": POSITIVE},
        'predictions: the predicted classes in "predicted" do not follow from the score "score" at any threshold. Judge one of '
        'them: labels_only=True or probabilities=["score"]',
        'predictions: the predicted classes in "predicted" do not follow from the score "score" at any threshold. Judge one of '
        "them: --labels-only or --probabilities score",
    ),
    "a confidence without predictions": (
        {"label": XY * 5, "score": [0.8, 0.8, 0.6, 0.7] * 5},
        'predictions: hardly any value of "score" is below 0.5, as if it were the confidence of the predicted class; no column '
        'of predicted classes is found. Name it: predicted="COLUMN". If this is the probability of a class: '
        'probabilities=["score"] positive="y"',
        'predictions: hardly any value of "score" is below 0.5, as if it were the confidence of the predicted class; no column '
        "of predicted classes is found. Name it: --predicted COLUMN. If this is the probability of a class: "
        "--probabilities score --positive y",
    ),
    "two scores explain": (
        {"label": XY, "predicted": XY, "score": POSITIVE, "prob": [0.1, 0.9, 0.2, 0.8]},
        "predictions: several columns may hold the model's scores: [score], [prob]. Name the right ones: "
        'probabilities=["score"]',
        "predictions: several columns may hold the model's scores: [score], [prob]. Name the right ones: "
        "--probabilities score",
    ),
    "nothing predicts": (
        {"label": XY, "age": [20, 30, 40, 50]},
        "predictions: neither probabilities nor predicted classes are found; the columns are label, age. Name them: "
        'probabilities=["COLUMN", "COLUMN"] or predicted="COLUMN"',
        "predictions: neither probabilities nor predicted classes are found; the columns are label, age. Name them: "
        "--probabilities COLUMN,COLUMN or --predicted COLUMN",
    ),
    "label beside true_label with names of its own": (
        {"true_label": XY, "label": ["LABEL_0", "LABEL_1", "LABEL_1", "LABEL_1"], "score": [0.75, 0.8, 0.6, 0.7]},
        'predictions: "label" is named as labels are, and has other classes than "true_label" (LABEL_0, LABEL_1; x, y). If it '
        "holds the predicted classes, write both with the same names. To leave it aside: "
        'probabilities=["score"]',
        'predictions: "label" is named as labels are, and has other classes than "true_label" (LABEL_0, LABEL_1; x, y). If it '
        "holds the predicted classes, write both with the same names. To leave it aside: --probabilities score",
    ),
    "the scores of the best classes of each row": (
        {
            "label": ["x", "y", "z"] * 3, "score_1": [0.6, 0.7, 0.8] * 3, "score_2": [0.3, 0.2, 0.2] * 3,
            "score_3": [0.1, 0.1, 0] * 3,
        },
        "predictions: the scores in score_1, score_2, score_3 fall from left to right in every row, as those of the best classes "
        'of each row do. Give one column per class. If each column is one class: classes=["NAME", "NAME"]',
        "predictions: the scores in score_1, score_2, score_3 fall from left to right in every row, as those of the best classes "
        "of each row do. Give one column per class. If each column is one class: --classes NAME,NAME",
    ),
    "codes beside a label that may be the prediction": (
        {"label": XY, "prob_x": NEGATIVE, "prob_y": POSITIVE, "predicted": [0, 1, 0, 1]},
        'predictions: no class of "predicted" (0, 1) is among those of "label" (x, y). Write both with the same class names.',
        'predictions: no class of "predicted" (0, 1) is among those of "label" (x, y). Write both with the same class names.',
    ),
    "usual class names that follow from the score at a threshold of their own": (
        {"label": ["no", "yes"] * 10, "score": POSITIVE * 5, "flag": ["no", "yes", "yes", "yes"] * 5},
        'predictions: "flag" follows from the probabilities at a threshold other than one half. If it holds the predicted '
        'classes: predicted="flag"; to leave it aside: probabilities=["score"]',
        'predictions: "flag" follows from the probabilities at a threshold other than one half. If it holds the predicted '
        "classes: --predicted flag; to leave it aside: --probabilities score",
    ),
    "predictions of other classes beside probabilities": (
        {"label": XY, "prob_x": NEGATIVE, "prob_y": POSITIVE, "predicted": ["a", "b", "b", "b"]},
        'predictions: no class of "predicted" (a, b) is among those of "label" (x, y). Write both with the same class names.',
        'predictions: no class of "predicted" (a, b) is among those of "label" (x, y). Write both with the same class names.',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str) -> None:
    columns, python, line = REFUSALS[name]
    error = refused(columns)
    assert str(error) == python
    assert error.spelt("command line") == line


@pytest.mark.parametrize(
    "columns",
    [
        {"probs": [[[0.5, 0.5]]] * 4},
        {"probs": [["high", "low"]] * 4},
        {"probs": [[]] * 4},
    ],
)
def test_a_list_that_holds_no_numbers_is_refused(columns: dict[str, Any]) -> None:
    assert str(refused({"label": XY, **columns})).startswith("predictions")
