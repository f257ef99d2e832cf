"""Predicted classes: which column holds them, and how their names are those of the labels."""

from __future__ import annotations

from typing import Any

import pytest

from classmark.reading.classes import Match
from classmark.reading.decisions import align, find_claims
from unit.reading.tables import LABELS, POSITIVE, read, refused, said, table_of


@pytest.mark.parametrize(
    ("names", "known", "expected"),
    [
        (["a", "b"], ["a", "b", "c"], Match({"a": "a", "b": "b"})),
        (["a", "no answer"], ["a", "b"], Match({"a": "a", "no answer": "no answer"})),  # a class of its own
        (["Cat", "dog"], ["cat", "dog", "owl"], Match({"Cat": "cat", "dog": "dog"}, "capitals or blanks")),
        (["1.0", "2"], ["1", "2"], Match({"1.0": "1", "2": "2"}, "number")),
        (["Cat", "CAT"], ["cat", "dog"], None),  # both would be one
        (["Cat", "cat"], ["cat", "dog"], Match({"Cat": "Cat", "cat": "cat"})),
        (["x", "y"], ["a", "b"], None),
        ([], ["a"], None),
    ],
)
def test_align(names: list[str], known: list[str], expected: Match | None) -> None:
    assert align(names, known) == expected


CLAIMS: dict[str, tuple[dict[str, Any], dict[str, tuple[str, ...]]]] = {
    "a usual name": ({"predicted": LABELS, "age": [1, 2, 3, 4]}, {"fitting": ("predicted",)}),
    "in other letters": ({"Y Pred": LABELS}, {"fitting": ("Y Pred",)}),
    "named after the label": (
        {"prediction(label)": LABELS, "pred_label": LABELS}, {"fitting": ("pred_label", "prediction(label)")},
    ),
    "of other classes": ({"predicted": ["x", "y", "x", "y"]}, {"strange": ("predicted",)}),
    "named as labels are": ({"target": LABELS}, {"further": ("target",)}),
    "scores are no classes": ({"predicted": POSITIVE}, {}),
    "a name for every row": ({"predicted": [f"row {row}" for row in range(4)]}, {"strange": ("predicted",)}),
}  # fmt: skip


@pytest.mark.parametrize("name", CLAIMS)
def test_columns_that_claim_to_be_predictions(name: str) -> None:
    columns, expected = CLAIMS[name]
    claims = find_claims(table_of({"label": LABELS, **columns}), ("label",), ("neg", "pos"))
    found = {
        "fitting": tuple(one.column for one in claims.fitting),
        "strange": claims.strange,
        "further": tuple(one.column for one in claims.further),
    }
    assert found == {"fitting": (), "strange": (), "further": ()} | expected


READ: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, ...], list[int], list[str]]] = {
    "numbers": ({"label": [1, 2, 3], "predicted": ["1.0", "3.0", "3.0"]}, {}, ("1", "2", "3"), [0, 2, 2], []),
    "capitals": (
        {"label": ["no", "yes", "no"], "predicted": ["No", "Yes", "Yes"]}, {}, ("no", "yes"), [0, 1, 1],
        ['Labels and the predicted classes in "predicted" are spelled differently (capitals or blanks); they were matched one '
         "to one."],
    ),
    "truth values": (
        {"label": [True, False, True], "predicted": [1, 0, 0]}, {}, ("False", "True"), [1, 0, 0],
        ['Labels and the predicted classes in "predicted" are spelled differently (a truth value); they were matched one to '
         "one."],
    ),
    "fastText": (
        {"label": ["a", "b", "a"], "predicted": ["__label__a", "__label__b", "__label__b"]}, {}, ("a", "b"), [0, 1, 1],
        ['Labels and the predicted classes in "predicted" are spelled differently (a prefix); they were matched one to one.'],
    ),
    "no answer": (
        {"label": ["a", "b", "a"], "predicted": ["a", "no answer", "b"]}, {}, ("a", "b", "no answer"), [0, 2, 1], [],
    ),
    "indices of named classes": (
        {"label": ["a", "b", "a"], "said": [0, 1, 1]}, {"predicted": "said", "classes": ["a", "b"]}, ("a", "b"), [0, 1, 1], [],
    ),
    "the named column": (
        {"label": ["a", "b", "a"], "predicted": ["a", "b", "a"], "reviewed": ["a", "a", "a"]}, {"predicted": "reviewed"},
        ("a", "b"), [0, 0, 0], [],
    ),
    "two equal columns": ({"label": ["a", "b", "a"], "pred": ["a", "b", "b"], "prediction": ["a", "b", "b"]}, {}, ("a", "b"),
                          [0, 1, 1], []),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_predicted_classes_alone(name: str) -> None:
    columns, words, classes, predicted, messages = READ[name]
    table = read(columns, **words)
    assert not table.has_probabilities
    assert table.classes == classes
    assert table.predicted.tolist() == predicted
    assert said(table) == messages


REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str | None]] = {
    "nothing in common": (
        {"predicted": ["x", "y", "x", "y"]}, {},
        'predictions: no class of "predicted" (x, y) is among those of "label" (neg, pos). Write both with the same class names.',
        None,
    ),
    "indices without names": (
        {"predicted": [0, 1, 0, 1]}, {"predicted": "predicted"},
        'predictions: no class of "predicted" (0, 1) is among those of "label" (neg, pos). Write both with the same class names.',
        None,
    ),
    "two columns": (
        {"predicted": LABELS, "prediction": LABELS[::-1]}, {},
        'predictions: several columns may hold the predicted classes: "predicted", "prediction". Name the right one: '
        'predicted="predicted"',
        'predictions: several columns may hold the predicted classes: "predicted", "prediction". Name the right one: '
        "--predicted predicted",
    ),
    "a list": (
        {"predicted": [["neg"]] * 4}, {"predicted": "predicted"},
        'predictions: the column "predicted" holds lists of text, not one class per row. Name another one: predicted="COLUMN"',
        'predictions: the column "predicted" holds lists of text, not one class per row. Name another one: --predicted COLUMN',
    ),
    "no such column": (
        {"pred": LABELS}, {"predicted": "predicted"},
        'predictions: there is no column "predicted" (predicted=); the columns are label, pred. Did you mean "pred"?',
        'predictions: there is no column "predicted" (--predicted); the columns are label, pred. Did you mean "pred"?',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str) -> None:
    columns, words, python, line = REFUSALS[name]
    error = refused({"label": LABELS, **columns}, **words)
    assert str(error) == python
    assert error.spelt("command line") == (line or python)


def test_numbers_are_labels_with_a_prefix_only_if_all_are() -> None:
    labels = ["LABEL_1", "LABEL_2", "LABEL_5"]
    assert align(["0", "1", "2"], labels) is None  # places in the list of classes
    both = align(["1", "2", "5"], labels)
    assert both is not None
    assert both.names == {"1": "LABEL_1", "2": "LABEL_2", "5": "LABEL_5"}
