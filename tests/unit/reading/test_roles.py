"""Which column holds the true classes, and which of them are missing."""

from __future__ import annotations

from typing import Any

import pytest

from unit.reading.tables import LABELS, NEGATIVE, POSITIVE, read, refused, said

PETS = ["cat", "dog", "cat", "owl"]
GUESSES = ["cat", "dog", "dog", "owl"]

TRUTHS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a name that can mean nothing else": ({"label": LABELS[::-1], "y_true": LABELS, "y_pred": LABELS}, "y_true", "y_pred"),
    "in other letters": ({"Ground Truth": LABELS, "Prediction": LABELS}, "Ground Truth", "Prediction"),
    "label": ({"label": LABELS, "pred": LABELS, "kind": LABELS[::-1]}, "label", "pred"),
    "named by its prediction": (
        {"churn": LABELS, "prediction(churn)": LABELS, "label": LABELS[::-1]}, "churn", "prediction(churn)",
    ),
    "predicted_…": ({"churn": LABELS, "predicted_churn": LABELS, "class": ["1", "2", "1", "3"]}, "churn", "predicted_churn"),
    "one of two that suits the predictions": ({"label": [3, 1, 2, 2], "target": PETS, "pred": GUESSES}, "target", "pred"),
    "an unusual name, if the classes tell": ({"species": PETS, "pred": GUESSES, "age": [1, 2, 3, 4]}, "species", "pred"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUTHS)
def test_the_column_of_the_true_classes(name: str) -> None:
    columns, label, predicted = TRUTHS[name]
    table = read(columns)
    assert table.plan == f"label ← {label}; predicted ← {predicted}"
    assert table.frame["label"].to_list() == columns[label]


def test_one_hot_truth() -> None:
    table = read(
        {
            "label_cat": [1, 0, 0, 1], "label_dog": [0, 1, 0, 0], "label_owl": [0, 0, 1, 0],
            "prob_cat": [0.8, 0.1, 0.1, 0.5], "prob_dog": [0.1, 0.8, 0.1, 0.3], "prob_owl": [0.1, 0.1, 0.8, 0.2],
        }
    )  # fmt: skip
    assert table.frame["label"].to_list() == ["cat", "dog", "owl", "cat"]
    assert table.plan == (
        "label ← label_cat, …, label_owl (3 columns); P(cat) ← prob_cat; P(dog) ← prob_dog; P(owl) ← prob_owl"
    )


def test_two_columns_of_the_same_classes_are_one() -> None:
    table = read({"target": LABELS, "class": LABELS, "predicted": LABELS})
    assert table.frame["label"].to_list() == LABELS


MISSING: dict[str, tuple[dict[str, Any], dict[str, Any], list[str | None], list[str]]] = {
    "a word that no prediction says": (
        {"label": ["a", "b", "NA", "b"], "predicted": ["a", "b", "a", "b"]}, {}, ["a", "b", None, "b"],
        ['"NA" in the column "label" is read as a missing label, as no prediction names it; rows without a label: 1.'],
    ),
    "a word that a prediction says": (
        {"label": ["a", "b", "NA", "b"], "predicted": ["a", "b", "NA", "b"]}, {}, ["a", "b", "NA", "b"], [],
    ),
    "a word that a column is named after": (
        {"label": ["a", "NA", "a", "NA"], "prob_a": POSITIVE, "prob_NA": NEGATIVE}, {}, ["a", "NA", "a", "NA"], [],
    ),
    "-1 beside 0 and 1": (
        {"label": [0, 1, -1, 1], "score": POSITIVE}, {}, ["0", "1", None, "1"],
        ['"-1" in the column "label" is read as a missing label, as no prediction names it; rows without a label: 1.'],
    ),
    "a code of another kind": (
        {"label": [0, 1, -100, 1], "score": POSITIVE}, {}, ["0", "1", None, "1"],
        ['"-100" in the column "label" is read as a missing label, as no prediction names it; rows without a label: 1.'],
    ),
    "a minus sign that is no hyphen": (
        {"label": ["no", "yes", "\u22121", "yes"], "score": POSITIVE}, {}, ["no", "yes", None, "yes"],
        ['"-1" in the column "label" is read as a missing label, as no prediction names it; rows without a label: 1.'],
    ),
    "unlabeled": (
        {"label": ["no", "yes", "unlabeled", "yes"], "score": POSITIVE}, {}, ["no", "yes", None, "yes"],
        ['"unlabeled" in the column "label" is read as a missing label, as no prediction names it; rows without a label: 1.'],
    ),
    "-1 and 1 are classes": ({"label": ["\u22121", "1", "-1", "1"], "score": POSITIVE}, {}, ["-1", "1", "-1", "1"], []),
    "an empty cell": ({"label": ["a", "", None, "b"], "predicted": ["a", "b", "a", "b"]}, {}, ["a", None, None, "b"], []),
    "a word of one's own": (
        {"label": ["a", "b", "tbd", "b"], "predicted": ["a", "b", "a", "b"]}, {"missing_label": "tbd"}, ["a", "b", None, "b"], [],
    ),
    "a number of one's own": (
        {"label": [1, 2, 9, 2], "predicted": [1, 2, 1, 2]}, {"missing_label": 9}, ["1", "2", None, "2"], [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISSING)
def test_missing_labels(name: str) -> None:
    columns, words, labels, messages = MISSING[name]
    table = read(columns, **words)
    assert table.frame["label"].to_list() == labels
    assert said(table) == messages


REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str | None]] = {
    "no column": (
        {"foo": [0, 1, 0, 1], "score": POSITIVE}, {"label": "lable"},
        'predictions: there is no column "lable" (label=); the columns are foo, score.',
        'predictions: there is no column "lable" (--label); the columns are foo, score.',
    ),
    "a misspelt name": (
        {"label": LABELS, "score": POSITIVE}, {"label": "lable"},
        'predictions: there is no column "lable" (label=); the columns are label, score. Did you mean "label"?',
        'predictions: there is no column "lable" (--label); the columns are label, score. Did you mean "label"?',
    ),
    "no usual name and classes that do not tell": (
        {"a": [0, 1, 0, 1], "b": [1, 0, 0, 1], "pred": [0, 1, 1, 1]}, {},
        'predictions: no column is known to hold the true classes; the columns are a, b, pred. If they are in "a", "b": '
        'label="a"',
        'predictions: no column is known to hold the true classes; the columns are a, b, pred. If they are in "a", "b": '
        "--label a",
    ),
    "nothing that may be classes": (
        {"age": [20, 30, 40, 50], "score": POSITIVE}, {},
        'predictions: no column is known to hold the true classes; the columns are age, score. Name it: label="COLUMN"',
        "predictions: no column is known to hold the true classes; the columns are age, score. Name it: --label COLUMN",
    ),
    "two columns": (
        {"target": LABELS, "label": LABELS[::-1], "predicted": LABELS}, {},
        'predictions: several columns may hold the true classes: "label", "target". Name the right one: label="label"',
        'predictions: several columns may hold the true classes: "label", "target". Name the right one: --label label',
    ),
    "Class and Label of CatBoost": (
        {"Class": LABELS, "Label": ["neg", "pos", "pos", "neg"], "p_neg": NEGATIVE, "p_pos": POSITIVE}, {},
        'predictions: several columns may hold the true classes: "Label", "Class". Name the right one: label="Label"',
        'predictions: several columns may hold the true classes: "Label", "Class". Name the right one: --label Label',
    ),
    "a code that is one of the classes or a missing label": (
        {"label": [-1, 0, 1, 0], "probs": [[0.2, 0.5, 0.3]] * 4}, {},
        'predictions: 3 scores per row, and "-1" may be one of the classes or a missing label. Name the classes in their order: '
        'classes=["-1", "0", "1"], or: missing_label="-1"',
        'predictions: 3 scores per row, and "-1" may be one of the classes or a missing label. Name the classes in their order: '
        "--classes -1,0,1, or: --missing-label -1",
    ),
    "a word that may be a class": (
        {"label": ["none", "mild", "severe"], "predicted": ["mild", "mild", "severe"]}, {},
        'predictions: no row is predicted as "none": it may be a class, or mean that the label is missing. If it is missing: '
        'missing_label="none"; if it is a class: classes=["mild", "none", "severe"]',
        'predictions: no row is predicted as "none": it may be a class, or mean that the label is missing. If it is missing: '
        "--missing-label none; if it is a class: --classes mild,none,severe",
    ),
    "counts": (
        {"label": ["a", "a", "b", "b"], "predicted": ["a", "b", "a", "b"], "n": [880, 20, 10, 90]}, {},
        'predictions: each pair of true and predicted class stands in one row, and "n" seems to count them. Give one line per '
        "example, or judge the counts as a matrix: classmark judge --confusion 880,20,10,90, or "
        "classmark.judge_matrix([[880, 20], [10, 90]]).", None,
    ),
    "measured values": (
        {"label": [row / 7 for row in range(40)], "score": [0.25] * 40}, {},
        'predictions: the column "label" holds 40 different fractions, such as 0.0, 0.14285714285714285, 0.2857142857142857: '
        'measured values, not classes. Name the column of the true classes: label="COLUMN"',
        'predictions: the column "label" holds 40 different fractions, such as 0.0, 0.14285714285714285, 0.2857142857142857: '
        "measured values, not classes. Name the column of the true classes: --label COLUMN",
    ),
    "the classes are elsewhere": (
        {"label": [7.5, 3.25, 1.5, 2.5], "kind": PETS, "predicted": GUESSES}, {},
        'predictions: no class of "predicted" (cat, dog, owl) is among those of "label" (1.5, 2.5, 3.25, 7.5). If the true '
        'classes are in "kind": label="kind"',
        'predictions: no class of "predicted" (cat, dog, owl) is among those of "label" (1.5, 2.5, 3.25, 7.5). If the true '
        'classes are in "kind": --label kind',
    ),
    "a list": (
        {"truth": [["a"]] * 4, "score": POSITIVE}, {"label": "truth"},
        'predictions: the column "truth" holds lists of text, not one class per row. Name another one: label="COLUMN"',
        'predictions: the column "truth" holds lists of text, not one class per row. Name another one: --label COLUMN',
    ),
    "no label is the missing one": (
        {"label": LABELS, "score": POSITIVE}, {"missing_label": "poss"},
        'missing_label: predictions: no label is "poss"; the labels are neg, pos. Did you mean "pos"?',
        '--missing-label: predictions: no label is "poss"; the labels are neg, pos. Did you mean "pos"?',
    ),
    "no label at all": (
        {"label": [None] * 4, "prob_a": NEGATIVE, "prob_b": POSITIVE}, {"probabilities": ["prob_a", "prob_b"]},
        "predictions: no row has a label, so there is nothing to judge against. Give the table a column with the true classes.",
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str) -> None:
    columns, words, python, line = REFUSALS[name]
    error = refused(columns, **words)
    assert str(error) == python
    assert error.spelt("command line") == (line or python)


@pytest.mark.parametrize(
    "columns",
    [{"score": POSITIVE}, {"prob_a": NEGATIVE, "prob_b": POSITIVE}, {"predicted": LABELS}, {"probs": [[0.5, 0.5]] * 4}],
)
def test_labels_that_are_all_missing_are_refused(columns: dict[str, Any]) -> None:
    for labels in ([None] * 4, [""] * 4):
        assert str(refused({"label": labels, **columns})).startswith("predictions: ")
