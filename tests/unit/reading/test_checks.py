"""What is odd about a table that can be read."""

from __future__ import annotations

from typing import Any

import pytest

from unit.reading.tables import LABELS, POSITIVE, read, said

MANY: dict[str, Any] = {"label": LABELS * 6, "score": POSITIVE * 6}
NAMES = [f"c{row}" for row in range(24)]

ODD: dict[str, tuple[dict[str, Any], str, str]] = {
    "weights that are not used": (
        {**MANY, "sample_weight": [1.0, 2.0] * 12}, "unused_weights",
        'The column "sample_weight" looks like weights and is not used: every row counts alike. To use it, name it with the '
        'option "weights".',
    ),
    "several splits": (
        {**MANY, "part": ["train", "test"] * 12}, "split_column",
        'The column "part" names several splits (test, train), and the rows of all of them are judged together. To judge one, '
        'use the option "where".',
    ),
    "maybe several splits": (
        {**MANY, "dataset": ["train", "b"] * 12}, "split_column",
        'The column "dataset" seems to name splits (b, train), and the rows of all of them are judged together. To judge one, '
        'use the option "where".',
    ),
    "several models": (
        {**MANY, "model": ["m", "n"] * 12}, "model_column",
        'The column "model" names several models or runs (m, n), and all rows are judged as of one model. To judge each, use '
        'the option "by".',
    ),
    "folds": (
        {**MANY, "fold": [1, 2] * 12}, "fold_column",
        'The column "fold" looks like folds (1, 2): rows are predicted by different models and judged as one.',
    ),
    "classes that look alike": (
        {"label": ["Cat", "cat"] * 12, "predicted": ["cat", "cat"] * 12}, "look_alike_classes",
        'Classes that look alike count as different ones: "Cat", "cat".',
    ),
    "as many classes as rows": (
        {"label": NAMES, "predicted": NAMES}, "many_classes",
        "24 classes in 24 rows: the column of the labels may hold something else than classes.",
    ),
    "numbers with gaps": (
        {"label": [row * 7 for row in range(40)] * 3, "predicted": [row * 7 for row in range(40)] * 3}, "numeric_labels",
        "The 40 classes are numbers with gaps, as measured values are.",
    ),
    "a total at the end": (
        {"label": [*LABELS * 6, "21"], "predicted": [*LABELS * 6, "20"]}, "odd_last_row",
        'The last row has the label "21" and the prediction "20", which occur nowhere else: is it a total?',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_said(name: str) -> None:
    columns, code, message = ODD[name]
    table = read(columns)
    assert [(one.code, one.severity, one.message) for one in table.remarks if one.severity != "info"] == [
        (code, "warning", message)
    ]


FINE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "weights that are used": ({**MANY, "weight": [1.0, 2.0] * 12}, {"weights": "weight"}),
    "weights that are all one": ({**MANY, "weight": [1.0] * 24}, {}),
    "one split": ({**MANY, "split": ["test"] * 24}, {}),
    "a split that is chosen": ({**MANY, "split": ["train", "train", "test", "test"] * 6}, {"where": {"split": "test"}}),
    "one model": ({**MANY, "model": ["m"] * 24}, {}),
    "another column": ({**MANY, "source": ["web", "mail"] * 12}, {}),
    "few rows": ({"label": NAMES[:4], "predicted": NAMES[:4]}, {}),
    "numbers without gaps": ({"label": [*range(40)] * 3, "predicted": [*range(40)] * 3}, {}),
    "a last row like others": ({"label": [*LABELS * 6, "neg"], "predicted": [*LABELS * 6, "pos"]}, {}),
}


@pytest.mark.parametrize("name", FINE)
def test_what_is_not_odd(name: str) -> None:
    columns, words = FINE[name]
    assert said(read(columns, **words)) == []
