"""Class names: spelling, order, likenesses, conventions."""

from __future__ import annotations

import polars as pl
import pytest

from classmark.data.class_names import is_missing_word, look_alikes, plain_number
from classmark.reading.classes import Match, class_column, conventional_positive, in_order, match, spelled


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cat", "cat"),
        ("  cat\t", "cat"),
        ("cafe\u0301", "caf\u00e9"),  # composed
        ("\ufeffcat\u200b", "cat"),  # invisible
        ("not\u00a0fraud", "not fraud"),  # a no-break blank is a blank
        ("", None),
        (" \u200b ", None),
        (7, "7"),
        (True, "True"),
    ],
)
def test_spelled(name: object, expected: str | None) -> None:
    assert spelled(name) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pl.Series([1.0, 0.0, None]), ["1", "0", None]),
        (pl.Series([1.0, 0.5, 2.0]), ["1.0", "0.5", "2.0"]),
        (pl.Series([1.0, float("nan")]), ["1", None]),
        (pl.Series(["1.0", "2.00", " 1.0"]), ["1", "2", "1"]),
        (pl.Series(["01", "10"]), ["01", "10"]),
        (pl.Series([True, False, None]), ["True", "False", None]),
        (pl.Series([" a", "a ", "", None]), ["a", "a", None, None]),
        (pl.Series([2, 10]), ["2", "10"]),
        (pl.Series(["x", "y"], dtype=pl.Categorical), ["x", "y"]),
    ],
)
def test_a_column_of_names(values: pl.Series, expected: list[str | None]) -> None:
    assert class_column(values).to_list() == expected


def test_numbers_are_in_the_order_of_numbers() -> None:
    assert in_order(["10", "9", "-1", "2.5"]) == ("-1", "2.5", "9", "10")
    assert in_order(["10", "9", "b"]) == ("10", "9", "b")
    assert in_order([]) == ()


@pytest.mark.parametrize("word", ["NA", "n/a", "#N/A", "NaN", "None", "null", "?", "<NA>"])
def test_missing_words(word: str) -> None:
    assert is_missing_word(word)


@pytest.mark.parametrize("word", ["no", "0", "-", "other", "nane", ""])
def test_other_words_are_not_missing(word: str) -> None:
    assert not is_missing_word(word)


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (("0", "1"), "1"),
        (("1", "0"), "1"),
        (("1", "2"), "2"),
        (("-1", "1"), "1"),
        (("No", "Yes"), "Yes"),
        (("True", "False"), "True"),
        (("positive", "negative"), "positive"),
        (("not spam", "spam"), "spam"),
        (("fraud", "non-fraud"), "fraud"),
        (("no_show", "show"), "show"),
        (("absent", "present"), "present"),
        (("control", "case"), "case"),
        (("abnormal", "normal"), None),
        (("cat", "dog"), None),
        (("yes", "maybe"), None),
        (("0", "1", "2"), None),
        (("1",), None),
    ],
)
def test_the_positive_class_by_convention(classes: tuple[str, ...], expected: str | None) -> None:
    assert conventional_positive(classes) == expected


@pytest.mark.parametrize(
    ("names", "known", "expected"),
    [
        (["a", "b"], ["b", "a", "c"], Match({"a": "a", "b": "b"})),
        (["1.0", "0"], ["0", "1"], Match({"1.0": "1", "0": "0"}, "number")),
        (["1e0", "2"], ["1", "2"], Match({"1e0": "1", "2": "2"}, "number")),
        (["NO", "Yes"], ["no", "yes"], Match({"NO": "no", "Yes": "yes"}, "capitals or blanks")),
        (["no  show", "ok"], ["no show", "ok"], Match({"no  show": "no show", "ok": "ok"}, "capitals or blanks")),
        (["__label__pos", "__label__neg"], ["neg", "pos"], Match({"__label__pos": "pos", "__label__neg": "neg"}, "a prefix")),
        (["1:no", "2:yes"], ["no", "yes"], Match({"1:no": "no", "2:yes": "yes"}, "a prefix")),
        (["no.answer", "ok"], ["no answer", "ok"], Match({"no.answer": "no answer", "ok": "ok"}, "punctuation")),
        (["Yes.", "No."], ["yes", "no"], Match({"Yes.": "yes", "No.": "no"}, "punctuation")),
        (["True", "False"], ["1", "0"], Match({"True": "1", "False": "0"}, "a truth value")),
        (["a", "b"], ["c", "d"], None),
        (["a", "c"], ["a", "b"], None),  # one name of two means none
        (["No", "no"], ["NO", "yes"], None),  # two names would mean one class
        (["yes"], ["Yes", "YES"], None),  # one name could mean two classes
        (["-1", "1"], ["1", "0"], None),  # a sign is no punctuation
    ],
)  # fmt: skip
def test_which_known_classes_names_mean(names: list[str], known: list[str], expected: Match | None) -> None:
    assert match(names, known) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("1", "1"), ("1.0", "1"), ("1e3", "1000"), (".5", "0.5"), ("1e999", None), ("x", None)]
)
def test_plain_numbers(name: str, expected: str | None) -> None:
    assert plain_number(name) == expected


def test_look_alikes() -> None:
    assert look_alikes(["Cat", "dog", "cat", "1", "1.0", "no  one", "no one"]) == [
        ["Cat", "cat"],
        ["1", "1.0"],
        ["no  one", "no one"],
    ]
    assert look_alikes(["cat", "cats", "-1", "1"]) == []
