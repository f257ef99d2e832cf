"""Columns that belong together because a class name is a part of their names."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from classmark.reading.columns import Column
from classmark.reading.families import (
    families,
    indexed_families,
    is_one_hot,
    is_truth,
    patterns,
    rank,
    says_logits,
    spellings,
)


def columns(*names: str, values: Any = (0.5, 0.5)) -> dict[str, Column]:
    return {name: Column(name, pl.Series(name, values)) for name in names}


CLASS_COLUMNS = {
    "as they are": (("cat", "dog"), ("cat", "dog")),
    "a prefix": (("prob_cat", "prob_dog"), ("cat", "dog")),
    "a suffix": (("cat_score", "dog_score"), ("cat", "dog")),
    "around": (("P(species=cat)", "P(species=dog)"), ("cat", "dog")),
    "quoted": (('Scored Probabilities for Class "cat"', 'Scored Probabilities for Class "dog"'), ("cat", "dog")),
    "capitals": (("PROB_CAT", "PROB_DOG"), ("cat", "dog")),
    "as R writes": (("not.cat", "dog"), ("not cat", "dog")),
    "numbers with X": (("X0", "X1"), ("0", "1")),
    "numbers as decimals": (("prob_0.0", "prob_1.0"), ("0", "1")),
    "truth values": (("prob_true", "prob_false"), ("1", "0")),
    "one is part of the other": (("prob_normal", "prob_abnormal"), ("normal", "abnormal")),
    "digits after letters": (("p0", "p1"), ("0", "1")),
    "another order": (("prob_dog", "prob_cat"), ("dog", "cat")),
}


@pytest.mark.parametrize("name", CLASS_COLUMNS)
def test_names_with_a_class_in_them(name: str) -> None:
    names, classes = CLASS_COLUMNS[name]
    found = families(columns(*names, "age", "n_rows"), sorted(classes))
    assert [(one.columns, one.classes) for one in found] == [(names, classes)]


def test_further_classes_of_the_pattern_belong_to_it() -> None:
    (found,) = families(columns("prob_cat", "prob_dog", "prob_owl"), ["cat", "dog"])
    assert found.classes == ("cat", "dog", "owl")
    assert found.only(["cat", "owl"]).columns == ("prob_cat", "prob_owl")


@pytest.mark.parametrize(
    "names",
    [
        ("prob_cat",),  # one column is no family
        ("prob_cat", "score_dog"),
        ("catalogue", "doghouse"),  # not set apart
        ("age", "size"),
        (),
    ],
)
def test_other_names(names: tuple[str, ...]) -> None:
    assert families(columns(*names), ["cat", "dog"]) == []


def test_no_class_has_no_family() -> None:
    assert families(columns("prob_cat", "prob_dog"), []) == []


def test_several_families_of_the_same_classes() -> None:
    found = families(columns("a_cat", "a_dog", "b_cat", "b_dog"), ["cat", "dog"])
    assert [(one.before, one.after) for one in found] == [("a_", ""), ("b_", "")]


def test_the_name_of_the_label_before_the_class() -> None:
    assert ("churn", "_scores") in patterns(["churnyes_scores"], "yes", "churn")
    assert patterns(["churnyes_scores"], "yes") == {}


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (("prob_0", "prob_1", "prob_2"), ("0", "1", "2")),
        (("prob_1", "prob_2"), ("1", "2")),
        (("score.10", *(f"score.{place}" for place in range(10))), tuple(str(place) for place in range(11))),
    ],
)
def test_numbered_columns_of_scores(names: tuple[str, ...], classes: tuple[str, ...]) -> None:
    (found,) = indexed_families(columns(*names))
    assert found.classes == classes
    assert {*found.columns} == {*names}


@pytest.mark.parametrize("names", [("prob_0", "prob_2"), ("v1", "v2"), ("prob_0",), ("prob_5", "prob_6")])
def test_numbered_columns_of_something_else(names: tuple[str, ...]) -> None:
    assert indexed_families(columns(*names)) == []


def test_one_hot_truth() -> None:
    hot = {**columns("label_a", values=[1, 0, 0]), **columns("label_b", values=[0, 1, 1])}
    (family,) = families(hot, ["a", "b"])
    assert is_one_hot(family, hot)
    assert is_truth(family, hot)
    two = {**columns("label_a", values=[1, 1, 0]), **columns("label_b", values=[0, 1, 1])}
    assert not is_truth(families(two, ["a", "b"])[0], two)
    scores = {**columns("prob_a", values=[1, 0, 0]), **columns("prob_b", values=[0, 1, 1])}
    assert not is_truth(families(scores, ["a", "b"])[0], scores)


@pytest.mark.parametrize(
    ("before", "expected"), [("prob_", 0), ("", 1), ("Score.", 0), ("p_", 0), ("old_prob_", 2), ("count_", 2)]
)
def test_how_surely_names_say_scores(before: str, expected: int) -> None:
    (family,) = families(columns(f"{before}cat", f"{before}dog"), ["cat", "dog"])
    assert rank(family, "label", logits=False) == expected


def test_names_that_say_logits() -> None:
    (family,) = families(columns("logit_a", "logit_b"), ["a", "b"])
    assert says_logits(family)
    assert rank(family, "label", logits=True) == 0
    (family,) = families(columns("prob_a", "prob_b"), ["a", "b"])
    assert not says_logits(family)


def test_spellings() -> None:
    assert spellings("0") == ["0", "0.0", "X0", "false"]
    assert spellings("not a") == ["not a", "not.a", "not_a", "Xnot.a"]
