"""The order of classes, and the class that one score is of."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from unit.reading.tables import LABELS, NEGATIVE, POSITIVE, read, refused

THREE = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.6, 0.2, 0.2]]
FOUR = [[0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1], [0.1, 0.1, 0.7, 0.1], [0.7, 0.1, 0.1, 0.1]]

ORDERS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = {
    "sorted names": ({"label": ["cat", "dog", "owl", "cat"], "probs": THREE}, {}, ("cat", "dog", "owl")),
    "named classes": (
        {"label": ["owl", "dog", "cat", "owl"], "probs": THREE}, {"classes": ["owl", "dog", "cat"]}, ("owl", "dog", "cat"),
    ),
    "the type of the labels": (
        {"label": pl.Series(["low", "mid", "high", "low"], dtype=pl.Enum(["low", "mid", "high"])), "probs": THREE}, {},
        ("low", "mid", "high"),
    ),
    "numbers by value": (
        {"label": ["9", "10", "11", "9"], "probs": THREE}, {}, ("9", "10", "11"),
    ),
    "numbers from 0": ({"label": [0, 1, 2, 0], "probs": FOUR}, {}, ("0", "1", "2", "3")),
    "numbers from 1": ({"label": [1, 2, 4, 1], "probs": FOUR}, {}, ("1", "2", "3", "4")),
    "predictions show numbers from 1": (
        {"label": [1, 2, 3, 1], "predicted": [1, 2, 3, 1], "probs": FOUR}, {}, ("1", "2", "3", "4"),
    ),
    "predictions show numbers from 0": (
        {"label": [1, 2, 3, 1], "predicted": [0, 1, 2, 0], "probs": FOUR}, {}, ("0", "1", "2", "3"),
    ),
    "predictions show another order than the sorted names": (
        {"label": ["owl", "cat", "dog", "owl"], "predicted": ["owl", "cat", "dog", "owl"], "probs": THREE}, {},
        ("owl", "cat", "dog"),
    ),
    "the columns": ({"label": LABELS, "prob_pos": POSITIVE, "prob_neg": NEGATIVE}, {}, ("pos", "neg")),
    "classes and columns in one order": (
        {"label": LABELS, "a": POSITIVE, "b": NEGATIVE},
        {"probabilities": ["a", "b"], "classes": ["pos", "neg"]}, ("pos", "neg"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERS)
def test_orders(name: str) -> None:
    columns, words, classes = ORDERS[name]
    table = read(columns, **words)
    assert table.classes == classes
    assert table.metadata["classes"] == list(classes)


SCORED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "its name": ({"label": ["x", "y"], "prob_x": [0.9, 0.1]}, {}, "x"),
    "its name before the positive class": ({"label": ["x", "y"], "prob_x": [0.9, 0.1]}, {"positive": "y"}, "x"),
    "the positive class": ({"label": ["x", "y"], "score": [0.9, 0.1]}, {"positive": "x"}, "x"),
    "the second of named classes": ({"label": ["x", "y"], "score": [0.9, 0.1]}, {"classes": ["y", "x"]}, "x"),
    "convention": ({"label": ["no", "yes"], "score": [0.9, 0.1]}, {}, "yes"),
    "convention of numbers": ({"label": [2, 1], "score": [0.9, 0.1]}, {}, "2"),
}  # fmt: skip


@pytest.mark.parametrize("name", SCORED)
def test_the_class_of_one_score(name: str) -> None:
    columns, words, of_class = SCORED[name]
    table = read(columns, **words)
    (score,) = (values for column, values in columns.items() if column != "label")
    np.testing.assert_array_equal(table.probabilities[:, table.classes.index(of_class)], score)


REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str | None]] = {
    "other classes than the columns": (
        {"label": LABELS, "prob_neg": NEGATIVE, "prob_pos": POSITIVE}, {"classes": ["pos", "neg"]},
        "classes: predictions: the columns prob_neg, prob_pos name the classes neg, pos, but pos, neg are given. Leave it out, "
        "or name the classes as the columns do.",
        "--classes: predictions: the columns prob_neg, prob_pos name the classes neg, pos, but pos, neg are given. Leave it out, "
        "or name the classes as the columns do.",
    ),
    "too few names": (
        {"label": ["cat", "dog", "owl", "cat"], "probs": THREE}, {"classes": ["owl", "dog"]},
        "classes: predictions: 3 probabilities per row, but 2 classes (owl, dog). Name the classes in the order of the "
        "probabilities.",
        "--classes: predictions: 3 probabilities per row, but 2 classes (owl, dog). Name the classes in the order of the "
        "probabilities.",
    ),
    "too few labels": (
        {"label": ["cat", "dog", "dog", "cat"], "probs": THREE}, {},
        "predictions: 3 probabilities per row, but 2 classes among the labels (cat, dog). Name all classes in the order of the "
        'probabilities: classes=["NAME", "NAME"]',
        "predictions: 3 probabilities per row, but 2 classes among the labels (cat, dog). Name all classes in the order of the "
        "probabilities: --classes NAME,NAME",
    ),
    "numbers from 0 or from 1": (
        {"label": [1, 2, 3, 1], "probs": FOUR}, {},
        "predictions: 4 probabilities per row and the labels 1, 2, 3 may mean the classes 0, 1, 2, 3 or 1, 2, 3, 4. Name them "
        'in their order: classes=["0", "1", "2", "3"] or classes=["1", "2", "3", "4"]',
        "predictions: 4 probabilities per row and the labels 1, 2, 3 may mean the classes 0, 1, 2, 3 or 1, 2, 3, 4. Name them "
        "in their order: --classes 0,1,2,3 or --classes 1,2,3,4",
    ),
    "columns of other names": (
        {"label": LABELS, "prob_cat": NEGATIVE, "prob_dog": POSITIVE}, {},
        "predictions: the columns prob_cat, prob_dog name other classes than the labels (neg, pos). Name the class of each "
        'column, in their order: classes=["neg", "pos"]',
        "predictions: the columns prob_cat, prob_dog name other classes than the labels (neg, pos). Name the class of each "
        "column, in their order: --classes neg,pos",
    ),
    "another order suits better": (
        {"label": ["a", "b"] * 20, "probs": [[0.1, 0.9], [0.9, 0.1]] * 20}, {},
        "predictions: in the order of the sorted class names (a, b) the largest score is right in 0.0 % of the rows, in the "
        'order b, a in 100.0 %. Name the classes in the order of the scores: classes=["b", "a"] or classes=["a", "b"]',
        "predictions: in the order of the sorted class names (a, b) the largest score is right in 0.0 % of the rows, in the "
        "order b, a in 100.0 %. Name the classes in the order of the scores: --classes b,a or --classes a,b",
    ),
    "a score of either class": (
        {"label": ["x", "y"] * 20, "score": [0.9, 0.1] * 20}, {},
        'predictions: "score" is one score per row, and nothing says whether it is that of "x" or of "y". Name the class: '
        'positive="y" or positive="x"',
        'predictions: "score" is one score per row, and nothing says whether it is that of "x" or of "y". Name the class: '
        "--positive y or --positive x",
    ),
    "a positive class that is none": (
        {"label": LABELS, "score": POSITIVE}, {"positive": "posi"},
        'positive: predictions: "posi" is none of the classes neg, pos. Did you mean "pos"?',
        '--positive: predictions: "posi" is none of the classes neg, pos. Did you mean "pos"?',
    ),
    "a positive class of three": (
        {"label": ["cat", "dog", "owl", "cat"], "probs": THREE}, {"positive": "cat"},
        "positive: predictions: a positive class is for two classes; this table has 3. Leave it out.",
        "--positive: predictions: a positive class is for two classes; this table has 3. Leave it out.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str) -> None:
    columns, words, python, line = REFUSALS[name]
    error = refused(columns, **words)
    assert str(error) == python
    assert error.spelt("command line") == (line or python)


PETS = ("cat", "dog", "owl")
TURNED = [[0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]]  # the scores of owl, cat and dog


@pytest.mark.parametrize("columns", [["probs"], ["prob_0", "prob_1", "prob_2"]])
def test_an_order_that_another_one_suits_better_is_refused(columns: list[str]) -> None:
    scores = {"probs": TURNED * 10} if len(columns) == 1 else dict(zip(columns, np.transpose(TURNED * 10), strict=True))
    given = {"label": PETS * 10, **scores}
    assert str(refused(given)) == (
        "predictions: in the order of the sorted class names (cat, dog, owl) the largest score is right in 0.0 % of the rows, in "
        'the order owl, cat, dog in 100.0 %. Name the classes in the order of the scores: classes=["owl", "cat", "dog"] or '
        'classes=["cat", "dog", "owl"]'
    )
    for order, accuracy in ((("owl", "cat", "dog"), 1.0), (PETS, 0.0)):
        table = read(given, classes=order)
        assert table.classes == order
        assert (table.largest == table.labels).mean() == accuracy


def test_an_order_that_chance_may_explain_is_read() -> None:
    assert read({"label": PETS, "probs": TURNED}).classes == PETS


def test_numbers_keep_their_order_whatever_the_model_does() -> None:
    assert read({"label": [0, 1, 2] * 10, "probs": TURNED * 10}).classes == ("0", "1", "2")


def test_numbered_names_may_be_in_the_order_of_text_or_of_numbers() -> None:
    names = [f"LABEL_{number}" for number in range(12)]
    given = {"label": names * 2, "probs": (0.01 * np.ones((12, 12)) + 0.88 * np.eye(12)).tolist() * 2}
    message = str(refused(given))
    spelled = ", ".join(f'"{name}"' for name in names)
    assert "may mean the classes LABEL_0, LABEL_1, LABEL_10, LABEL_11, LABEL_2, " in message
    assert message.endswith(f" or classes=[{spelled}]")
    assert read(given, classes=names).classes == tuple(names)
    assert read({**given, "predicted": given["label"]}).classes == tuple(names)


def test_a_named_positive_class_may_be_spelled_otherwise() -> None:
    table = read({"label": [0.0, 1.0, 0.0], "score": [0.1, 0.9, 0.2]}, positive="0.0")
    assert table.positive == "0"


@pytest.mark.parametrize("columns", [{"score": POSITIVE}, {"probs": [[0.8, 0.2], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]]}])
def test_classes_keep_the_spelling_of_the_user(columns: dict[str, Any]) -> None:
    table = read({"label": [0.0, 1.0, 0.0, 1.0], **columns}, classes=["0.0", "1.0"])
    assert table.classes == ("0.0", "1.0")
    np.testing.assert_array_equal(table.labels, [0, 1, 0, 1])


@pytest.mark.parametrize("columns", [["probs"], ["prob_0", "prob_1"]])
def test_an_order_that_decisions_at_another_threshold_do_not_show(columns: list[str]) -> None:
    labels = ["cat", "dog"] * 20
    scores = np.array([0.2, 0.7, 0.4, 0.9] * 10)
    turned = np.column_stack([scores, 1 - scores])
    values = {columns[0]: turned.tolist()} if len(columns) == 1 else dict(zip(columns, turned.T, strict=True))
    decisions = np.where(scores > 0.3, "dog", "cat")
    error = refused({"label": labels, "predicted": decisions, **values})
    assert str(error).endswith(
        'Name the classes in the order of the scores: classes=["dog", "cat"] or classes=["cat", "dog"]'
    )
    table = read({"label": labels, "predicted": decisions, **values}, classes=["dog", "cat"])
    assert table.classes == ("dog", "cat")
