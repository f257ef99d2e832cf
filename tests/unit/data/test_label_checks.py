from __future__ import annotations

import polars as pl
import pytest

from classmark.data.label_checks import check_labels
from classmark.errors import InputError
from classmark.recipes.schema import Data

DATA = Data(source="table")


def remarks(labels: list[str], data: Data = DATA) -> list[tuple[str, str, str]]:
    found = check_labels({"train": pl.DataFrame({"label": labels})}, data, "t.csv")
    return [(one.code, one.severity, one.message) for one in found]


@pytest.mark.parametrize(
    "labels",
    [
        ["neg", "pos"] * 20,
        ["1", "2", "3", "4", "5"] * 10,
        [str(number) for number in range(20)] * 4,
        ["Korea, Republic of", "Bolivia, Plurinational State of"] * 20,
        ["and/or", "he/she", "or"] * 20,
        ["C++", "C", "R&D"] * 20,
        ["no answer", "none of these"] * 20,
    ],
)
def test_of_usual_classes_nothing_is_said(labels: list[str]) -> None:
    assert remarks(labels) == []


@pytest.mark.parametrize(
    ("labels", "code", "severity", "message"),
    [
        (
            ["neg"] * 10 + ["Neg"] + ["pos"] * 10,
            "look_alike_classes",
            "warning",
            'Classes that look alike count as different ones: "Neg" (1 row), "neg" (10 rows).',
        ),
        (
            ["01"] * 5 + ["1"] * 20,
            "look_alike_classes",
            "warning",
            'Classes that look alike count as different ones: "01" (5 rows), "1" (20 rows).',
        ),
        (
            ["True"] * 3 + ["1"] * 10 + ["0"] * 10,
            "look_alike_classes",
            "warning",
            'Classes that may mean the same count as different ones: "0" (10 rows), "1" (10 rows), "True" (3 rows).',
        ),
        (
            ["a\u200bb"] * 10 + ["c"] * 10,
            "invisible_characters",
            "info",
            "Class names with invisible characters inside: 'a\\u200bb' (10 rows).",
        ),
        (
            ["NA"] * 3 + ["pos"] * 10 + ["neg"] * 10,
            "missing_word_classes",
            "warning",
            'Classes with names that often stand for a missing label are kept as classes: "NA" (3 rows).',
        ),
        (
            ["-"] * 3 + ["None"] * 4 + ["pos"] * 10 + ["neg"] * 10,
            "missing_word_classes",
            "info",
            'Classes with names that often stand for a missing label are kept as classes: "-" (3 rows), "None" (4 rows).',
        ),
        (
            ["neg,pos"] * 2 + ["neg"] * 10 + ["pos"] * 10,
            "several_labels",
            "warning",
            'Labels that seem to be several in one count as classes of their own: "neg,pos" (2 rows). '
            "One label per row is learned.",
        ),
        (
            ["a|b", "b|c", "a|c"] * 10,
            "several_labels",
            "warning",
            'Labels that seem to be several in one count as classes of their own: "a|b" (10 rows), "a|c" (10 rows), '
            '"b|c" (10 rows). One label per row is learned.',
        ),
        (
            ["['a']", "['a', 'b']"] * 20,
            "several_labels",
            "warning",
            "Labels that seem to be several in one count as classes of their own: \"['a', 'b']\" (20 rows), \"['a']\" (20 rows). "
            "One label per row is learned.",
        ),
        (
            [str(number / 4) for number in range(150)] * 6,
            "numeric_labels",
            "warning",
            "The 150 classes are numbers, from 0 to 37.25, with gaps, as measured values are; their order and distance mean "
            "nothing to a classifier.",
        ),
        (
            [str(number) for number in range(150)] * 6,
            "numeric_labels",
            "info",
            "The 150 classes are numbers, from 0 to 149; their order and distance mean nothing to a classifier.",
        ),
    ],
)
def test_what_is_odd_is_said(labels: list[str], code: str, severity: str, message: str) -> None:
    assert remarks(labels) == [(code, severity, message)]


def test_names_of_folders_may_be_numbers_but_look_alike_all_the_same() -> None:
    folders = Data(source="image-folder")
    assert remarks([str(number) for number in range(150)], folders) == []
    assert [code for code, *_ in remarks(["cat", "Cat", "dog"], folders)] == ["look_alike_classes"]
    assert remarks(["cat", "Cat", "dog"], Data(source="imdb")) == []


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            [str(number / 8) for number in range(600)],
            't.csv: the column "label" holds 600 different numbers, as measured values are, in 600 rows ("0.0", "0.125", …). '
            "Put the values into classes of your own (a regression is not trained here), or name the column of the classes: "
            "data.label_column=…",
        ),
        (
            [f"u{number:03d}" for number in range(40)] + ["u000"] * 9,
            't.csv: the column "label" holds 40 different labels, as ids or texts are, in 49 rows ("u000", "u001", …). '
            "Give at least a few rows of each class, or name the column of the classes: data.label_column=…",
        ),
    ],
)
def test_a_column_that_holds_no_classes_is_refused(labels: list[str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        remarks(labels)
    assert str(caught.value) == message
