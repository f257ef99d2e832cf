"""What a user says about a table: options by name, as one face or the other writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classmark.errors import InputError
from classmark.reading.options import ReadOptions, read_options, read_where


def test_options_of_every_type() -> None:
    words = {
        "label": "y", "probabilities": ["a", "b"], "classes": np.array([0, 1]), "positive": 1, "missing_label": -1,
        "where": {"split": "test", "fold": 3}, "labels": "truth.csv", "logits": True, "id": None,
    }  # fmt: skip
    assert read_options(words) == ReadOptions(
        label="y", probabilities=("a", "b"), classes=("0", "1"), positive="1", missing_label="-1", logits=True,
        where=(("split", "test"), ("fold", "3")), labels=Path("truth.csv"),
    )  # fmt: skip


def test_one_column_of_probabilities_needs_no_list() -> None:
    assert read_options({"probabilities": "score"}).probabilities == ("score",)


def test_names_are_spelled_as_labels_are() -> None:
    options = read_options({"classes": [" a", "cafe\u0301"], "positive": "a\u200b"})
    assert (options.classes, options.positive) == (("a", "caf\u00e9"), "a")


def test_whether_anything_is_said_about_columns() -> None:
    assert not read_options({}).names_columns
    assert not read_options({"positive": "yes"}).names_columns
    assert read_options({"label": "y"}).names_columns


def test_conditions() -> None:
    assert read_where(("split=test", " a = b=c ", "empty=")) == (("split", "test"), ("a", "b=c"), ("empty", ""))
    with pytest.raises(InputError) as caught:
        read_where(("split",))
    assert caught.value.spelt("command line") == '--where: "split" is not COLUMN=VALUE, such as split=test.'


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "a misspelt option": ({"clases": ["a"]}, 'there is no argument "clases". Did you mean "classes"?'),
    "one text": (
        {"classes": "no,yes"}, 'classes: give a list of names, such as ["negative", "positive"], not one text.',
    ),
    "a set": (
        {"classes": {"no", "yes"}}, "classes: a set has no order; give a list of names in the order of the probabilities.",
    ),
    "a number": ({"classes": 2}, "classes: int is not a list of names."),
    "an empty name": ({"classes": ["no", " "]}, "classes: name 2 of 2 is empty. Name every class."),
    "the same name twice": ({"classes": ["no", "no"]}, "classes: a class is named twice in no, no."),
    "a column of the truth and of predictions": (
        {"label": "y", "predicted": "y"}, 'predicted: "y" is named as label too. Name two columns.',
    ),
    "a column of the truth and of groups": ({"label": "y", "group": "y"}, 'group: "y" is named as label too. Name two columns.'),
    "a column of groups and of weights": (
        {"group": "n", "weights": "n"}, 'weights: "n" is named as group too. Name two columns.',
    ),
    "no dictionary": ({"where": "split=test"}, 'where: give a dictionary, such as {"split": "test"}.'),
    "labels in memory": ({"labels": ["a", "b"]}, "labels: give the path of a file with the true classes."),
}  # fmt: skip


@pytest.mark.parametrize("role", ["label", "predicted", "group", "weights", "id"])
def test_a_column_of_probabilities_has_no_other_role(role: str) -> None:
    with pytest.raises(InputError):
        read_options({role: "y", "probabilities": ["x", "y"]})


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str) -> None:
    words, message = REFUSALS[name]
    with pytest.raises(InputError) as caught:
        read_options(words)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("other", "python", "line"),
    [({"logits": True}, "logits=True", "--logits"), ({"probabilities": "score"}, "probabilities=", "--probabilities")],
)
def test_labels_only_excludes_scores(other: dict[str, Any], python: str, line: str) -> None:
    with pytest.raises(InputError) as caught:
        read_options({"labels_only": True, **other})
    assert str(caught.value) == f"Use either {python} or labels_only=True, not both."
    assert caught.value.spelt("command line") == f"Use either {line} or --labels-only, not both."
