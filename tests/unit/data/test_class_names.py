from __future__ import annotations

import pytest

from classmark.data.class_names import look_alikes, matched_name, near_class, trimmed


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("pos", "pos"),
        (" pos\t", "pos"),
        ("\ufeffpos\u200b", "pos"),
        ("\u200e \u00ad pos\u2069", "pos"),
        ("not\u00a0spam", "not spam"),
        ("e\u0301", "\u00e9"),
        ("\u22121", "-1"),
        ("a\u200bb", "a\u200bb"),
        ("\u3000\u200b ", None),
        ("", None),
    ],
)
def test_a_name_is_composed_and_trimmed(written: str, name: str | None) -> None:
    assert trimmed(written) == name


@pytest.mark.parametrize(
    ("label", "classes", "meant"),
    [
        ("1.0", ["0", "1"], "1"),
        ("-0.0", ["0", "1"], "0"),
        ("1.0", ["1.0", "x"], "1.0"),
        ("1", ["1.0", "x"], None),
        ("1.5", ["1", "2"], None),
        ("01", ["0", "1"], None),
        ("TRUE", ["False", "True"], "True"),
        ("true", ["0", "1"], "1"),
        ("0.0", ["False", "True"], "False"),
        ("true", ["0", "1", "2"], None),
        ("Pos", ["neg", "pos"], None),
    ],
)
def test_a_new_label_means_a_class_by_the_rules_of_training(label: str, classes: list[str], meant: str | None) -> None:
    assert matched_name(label, classes) == meant


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Pos", ' The class "pos" differs in case alone.'),
        ("p os", ' The class "pos" differs in blanks alone.'),
        ("p\u200bos", ' The class "pos" differs in invisible characters alone.'),
        ("01", ' The class "1" differs in the spelling of a number alone.'),
        ("\uff30os", ' The class "pos" differs in case, width, blanks or alphabet alone.'),
        ("poss", ' Did you mean "pos"?'),
        ("elephant", ""),
    ],
)
def test_what_is_near_an_unknown_name_is_said(name: str, near: str) -> None:
    assert near_class(name, ["1", "neg", "pos"]) == near


def test_look_alikes_differ_in_what_is_hard_to_see() -> None:
    names = [
        "neg",
        "Neg",
        "1",
        "1.0",
        "01",
        "not spam",
        "not  spam",
        "a\u200bb",
        "ab",
        "\uff58",
        "x",
        "p\u043es",
        "pos",
    ]
    assert look_alikes(names) == [
        ["Neg", "neg"],
        ["01", "1", "1.0"],
        ["not  spam", "not spam"],
        ["ab", "a\u200bb"],
        ["x", "\uff58"],
        ["pos", "p\u043es"],
    ]
