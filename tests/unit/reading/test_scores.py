"""Which columns hold scores, and of what kind the scores are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from classmark.reading.candidates import class_in_name, list_columns, single_scores
from classmark.reading.columns import Column
from classmark.reading.scores import Kind, Scores, columns_scores
from unit.reading.tables import BOTH, LABELS, NEGATIVE, POSITIVE, read, refused, said, table_of


def scores(values: Any, decimals: int | None = None) -> Scores:
    array = np.asarray(values, dtype=float)
    return Scores(tuple(f"c{place}" for place in range(array.shape[1])), array, decimals=decimals)


def columns_of(given: dict[str, Any]) -> dict[str, Column]:
    return table_of(given).columns


@pytest.mark.parametrize(
    ("values", "decimals", "kind"),
    [
        ([[0.2, 0.8], [1.0, 0.0]], None, Kind.SHARES),
        ([[0.2, 0.80005]], None, Kind.SHARES),
        ([[0.2, 0.8002]], None, Kind.UNEVEN),
        ([[0.33, 0.33, 0.33]], 2, Kind.SHARES),  # three digits of rounding
        ([[0.33, 0.33, 0.33]], 3, Kind.UNEVEN),
        ([[0.5], [1.0]], None, Kind.SHARES),
        ([[0.5], [1.7]], None, Kind.OUTSIDE),
        ([[20.0, 80.0], [33.3, 66.7]], 1, Kind.PERCENT),
        ([[20.0, 80.0], [1.0, 9.0]], 1, Kind.OUTSIDE),
        ([[-1.2, 3.4]], None, Kind.OUTSIDE),
        (np.log([[0.2, 0.8], [0.5, 0.5]]), None, Kind.LOGARITHMS),
        ([[0.2, np.nan]], None, Kind.UNREAD),
        ([[0.2, np.inf]], None, Kind.UNREAD),
    ],
)
def test_kinds(values: Any, decimals: int | None, kind: Kind) -> None:
    assert scores(values, decimals).kind is kind


@pytest.mark.parametrize(
    ("classes", "decimals", "tolerance"),
    [(2, None, 1e-4), (2, 6, 1e-4), (2, 3, 1e-3), (3, 2, 0.015), (10, 4, 5e-4), (200, 2, 0.1), (2, 0, 1e-4)],
)
def test_the_tolerance_of_sums_comes_from_the_digits(classes: int, decimals: int | None, tolerance: float) -> None:
    assert scores(np.full((1, classes), 1 / classes), decimals).tolerance == pytest.approx(tolerance, rel=1e-6)


def test_the_first_cell_that_is_not_a_number() -> None:
    columns = columns_of({"a": ["0.1", "0.2", "x"], "b": ["0.9", "", "0.5"]})
    found = columns_scores(columns, ["a", "b"])
    assert found.bad == ("b", 1)
    assert found.kind is Kind.UNREAD


SINGLE = {
    "by a usual name": ({"score": POSITIVE, "age": NEGATIVE}, [("score", None)]),
    "by the class in its name": ({"score": NEGATIVE, "prob_pos": POSITIVE}, [("prob_pos", "pos")]),
    "in other letters": ({"Y_Prob": POSITIVE}, [("Y_Prob", None)]),
    "an exact name before others": ({"score": POSITIVE, "Score_": NEGATIVE}, [("score", None)]),
    "two exact names": ({"score": POSITIVE, "prob": NEGATIVE}, [("score", None), ("prob", None)]),
    "whole numbers are no shares": ({"score": [650, 700, 720, 600]}, []),
    "a score of SPSS": ({"PRE_1": POSITIVE}, [("PRE_1", None)]),
    "predictions that are fractions": ({"pred": POSITIVE}, [("pred", None)]),
    "other names": ({"age": POSITIVE, "p_value": NEGATIVE}, []),
    "shares before others": ({"prob": POSITIVE, "score": [512.5, 13.25, 7.5, 2.25]}, [("prob", None)]),
}


@pytest.mark.parametrize("name", SINGLE)
def test_one_score(name: str) -> None:
    given, expected = SINGLE[name]
    found = single_scores(columns_of(given), "label", ("neg", "pos"), logits=False)
    assert [(one.columns[0], one.of_class) for one in found] == expected


@pytest.mark.parametrize(
    ("name", "classes", "expected"),
    [
        ("prob_fraud", ("fraud", "legit"), "fraud"),
        ("P(churn=yes)", ("no", "yes"), "yes"),
        ("fraud_probability", ("fraud", "legit"), "fraud"),
        ("prob_abnormal", ("abnormal", "normal"), "abnormal"),
        ("prob_normal", ("abnormal", "normal"), "normal"),
        ("prob_not_fraud", ("fraud", "legit"), None),
        ("prob_1", ("0", "1"), "1"),
        ("score", ("no", "yes"), None),
        ("fraud", ("fraud", "legit"), "fraud"),
        ("fraud_amount", ("fraud", "legit"), None),  # no word says that it is a score
    ],
)
def test_the_class_in_the_name_of_a_score(name: str, classes: tuple[str, ...], expected: str | None) -> None:
    assert class_in_name(name, "churn", classes) == expected


def test_columns_of_lists() -> None:
    lists = [[0.1, 0.9], [0.2, 0.8]]
    assert list_columns(columns_of({"probs": lists, "embedding": lists}), logits=False) == ["probs"]
    assert list_columns(columns_of({"embedding": lists}), logits=False) == ["embedding"]
    assert list_columns(columns_of({"logits": lists}), logits=False) == []
    assert list_columns(columns_of({"logits": lists, "probs": lists}), logits=True) == ["logits"]
    assert list_columns(columns_of({"tags": [["a"], ["b"]]}), logits=False) == []


REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str | None]] = {
    "lists of unequal length": (
        {"probs": [[0.5, 0.5], [1.0], [0.5, 0.5], [0.5, 0.5]]}, {},
        'predictions, row 2: "probs" holds 1 numbers, but 2 in row 1. Give one probability per class in every row.', None,
    ),
    "a list that is missing": (
        {"probs": [[0.5, 0.5], None, [0.5, 0.5], [0.5, 0.5]]}, {},
        'predictions, row 2: "probs" holds 0 numbers, but 2 in row 1. Give one probability per class in every row.', None,
    ),
    "a number that is missing in a list": (
        {"probs": [[0.5, 0.5], [0.5, None], [0.5, 0.5], [0.5, 0.5]]}, {},
        'predictions, row 2: "probs" holds [0.5, None], which are not all numbers. Fix or remove this row.', None,
    ),
    "a word in a cell": (
        {"prob_neg": NEGATIVE, "prob_pos": ["0.2", "high", "0.4", "0.7"]}, {},
        'predictions, row 2: "prob_pos" holds \'high\', which is not a number. Fix or remove this row. To judge the predicted '
        "classes alone, if there are any: labels_only=True",
        'predictions, row 2: "prob_pos" holds \'high\', which is not a number. Fix or remove this row. To judge the predicted '
        "classes alone, if there are any: --labels-only",
    ),
    "an empty cell": (
        {"score": [0.2, None, 0.4, 0.7]}, {},
        'predictions, row 2: "score" is empty. Fix or remove this row. To judge the predicted classes alone, if there are '
        "any: labels_only=True",
        'predictions, row 2: "score" is empty. Fix or remove this row. To judge the predicted classes alone, if there are '
        "any: --labels-only",
    ),
    "beyond one": (
        {"score": [20, 80.5, 40, 70]}, {},
        'predictions, row 1: 20 in "score" is no probability from 0 to 1; 4 such rows. If they are percentages, divide them by '
        "100.", None,
    ),
    "below zero": (
        {"score": [-2.0, 1.0, -1.0, 0.5]}, {},
        'predictions, row 1: -2 in "score" is no probability from 0 to 1; 2 such rows. If they are logits, say so: logits=True',
        'predictions, row 1: -2 in "score" is no probability from 0 to 1; 2 such rows. If they are logits, say so: --logits',
    ),
    "logits called probabilities": (
        {"prob_neg": [2.5, -1, 0.3, -4], "prob_pos": [-1, 2, 0.1, 3]}, {},
        "predictions, row 1: [2.5, -1] are not probabilities from 0 to 1; 3 such rows. If they are logits, say so: logits=True",
        "predictions, row 1: [2.5, -1] are not probabilities from 0 to 1; 3 such rows. If they are logits, say so: --logits",
    ),
    "logarithms": (
        {"prob_neg": np.log(NEGATIVE), "prob_pos": np.log(POSITIVE)}, {},
        'predictions: "prob_neg", "prob_pos" hold logarithms of probabilities. Say so: logits=True',
        'predictions: "prob_neg", "prob_pos" hold logarithms of probabilities. Say so: --logits',
    ),
    "sums near one": (
        {"prob_neg": [0.811, 0.2, 0.6, 0.3], "prob_pos": [0.222, 0.8, 0.4, 0.7]}, {},
        "predictions, row 1: the probabilities sum to 1.033, not to 1 (tolerance 0.001); 1 such rows. To divide each row by "
        "its sum: rescale=True",
        "predictions, row 1: the probabilities sum to 1.033, not to 1 (tolerance 0.001); 1 such rows. To divide each row by "
        "its sum: --rescale",
    ),
    "sums far from one": (
        {"prob_neg": [0.8, 0.2, 0.6, 0.3], "prob_pos": [0.2, 0.8, 0.4, 0.3]}, {},
        "predictions, row 4: the probabilities sum to 0.6, not to 1 (tolerance 0.1); 1 such rows. Give probabilities of "
        "classes that exclude each other.", None,
    ),
    "a large logit": (
        {"score": [1e31, 0.0, -1.0, 2.0]}, {"logits": True},
        "predictions, row 1: a logit is beyond ±1e+30; 1 such rows. Logits are stored as 32-bit floats: fix or remove these "
        "rows.", None,
    ),
    "two models": (
        {"v1_neg": NEGATIVE, "v1_pos": POSITIVE, "v2_neg": POSITIVE, "v2_pos": NEGATIVE}, {},
        "predictions: several columns may hold the model's scores: [v1_neg, v1_pos], [v2_neg, v2_pos]. Name the right ones: "
        'probabilities=["v1_neg", "v1_pos"]',
        "predictions: several columns may hold the model's scores: [v1_neg, v1_pos], [v2_neg, v2_pos]. Name the right ones: "
        "--probabilities v1_neg,v1_pos",
    ),
    "two scores": (
        {"score": POSITIVE, "probability": NEGATIVE}, {},
        "predictions: several columns may hold the model's scores: [score], [probability]. Name the right ones: "
        'probabilities=["score"]',
        "predictions: several columns may hold the model's scores: [score], [probability]. Name the right ones: "
        "--probabilities score",
    ),
    "a list beside a number": (
        {"a": BOTH.tolist(), "b": POSITIVE}, {"probabilities": ["a", "b"]},
        'probabilities: predictions: "a" holds lists. Name it alone.',
        '--probabilities: predictions: "a" holds lists. Name it alone.',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str) -> None:
    given, words, python, line = REFUSALS[name]
    error = refused({"label": LABELS, **given}, **words)
    assert str(error) == python
    assert error.spelt("command line") == (line or python)


READ: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "plain": ({"prob_neg": NEGATIVE, "prob_pos": POSITIVE}, {}, []),
    "percent": (
        {"prob_neg": [80, 20, 60, 30], "prob_pos": [20, 80, 40, 70]}, {},
        ['The columns "prob_neg", "prob_pos" hold percentages: they are divided by 100.'],
    ),
    "percent signs": (
        {"score": ["20%", "80 %", "40%", "70%"]}, {"positive": "pos"}, ["Numbers are written as percentages."],
    ),
    "decimal commas": (
        {"score": ["0,2", "0,8", "0,4", "0,7"]}, {"positive": "pos"}, ["Numbers are written as decimal commas."],
    ),
    "rescaled": (
        {"prob_neg": [0.84, 0.2, 0.6, 0.3], "prob_pos": [0.21, 0.8, 0.4, 0.7]}, {"rescale": True},
        ["The probabilities of 1 rows are divided by their sum, which was off by up to 0.05."],
    ),
    "votes": (
        {"neg": [400, 100, 300, 150], "pos": [100, 400, 200, 350]}, {"rescale": True},
        ["The probabilities of 4 rows are divided by their sum, which was off by up to 5e+02."],
    ),
    "a list": ({"probs": BOTH.tolist()}, {}, []),
    "lists as text": ({"probs": [str(row) for row in BOTH.tolist()]}, {}, []),
    "an object": ({"probs": [{"neg": a, "pos": b} for a, b in BOTH.tolist()]}, {}, []),
    "equal groups count once": (
        {"prob_neg": NEGATIVE, "prob_pos": POSITIVE, "proba_neg": NEGATIVE, "proba_pos": POSITIVE}, {}, [],
    ),
    "an earlier model beside it": (
        {"old_prob_neg": POSITIVE, "old_prob_pos": NEGATIVE, "prob_neg": NEGATIVE, "prob_pos": POSITIVE}, {}, [],
    ),
    "named": ({"score": NEGATIVE, "model": POSITIVE}, {"probabilities": "model", "positive": "pos"}, []),
    "logits": ({"logit_neg": np.log(NEGATIVE), "logit_pos": np.log(POSITIVE)}, {"logits": True}, []),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_what_is_read(name: str) -> None:
    given, words, messages = READ[name]
    table = read({"label": LABELS, **given}, **words)
    assert table.classes == ("neg", "pos")
    np.testing.assert_allclose(table.probabilities, BOTH, atol=1e-12)
    assert said(table) == messages


@pytest.mark.parametrize(
    ("cell", "share"), [("0.33", 0.33), ("0,33", 0.33), ("33.33 %", 0.3333), ("33,33%", 0.3333), (" .33", 0.33)]
)
def test_rounded_thirds_sum_to_one_however_they_are_written(cell: str, share: float) -> None:
    table = read({"label": ["a", "b", "c"], **dict.fromkeys("abc", [cell] * 3)})
    np.testing.assert_allclose(table.probabilities, np.full((3, 3), share), atol=1e-12)
