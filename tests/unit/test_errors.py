"""How the two faces spell the arguments that a message names."""

from __future__ import annotations

import csv
import shlex

import pytest

from classmark.errors import (
    ClassmarkError,
    InputError,
    Interrupted,
    MissingExtraError,
    Option,
    nearest,
    shortened,
    spelt,
)

SPELLINGS = [
    (Option("label"), "--label", "label="),
    (Option("label_errors"), "--label-errors", "label_errors="),
    (Option("label", "COLUMN"), "--label COLUMN", 'label="COLUMN"'),
    (Option("label", "true class"), "--label 'true class'", 'label="true class"'),
    (Option("label", 'the "true" class'), "--label 'the \"true\" class'", r'label="the \"true\" class"'),
    (Option("label", "a\\b"), r"--label 'a\b'", r'label="a\\b"'),
    (Option("label", "it's"), "--label 'it'\"'\"'s'", 'label="it\'s"'),
    (Option("label", ""), "--label ''", 'label=""'),
    (Option("classes", ("no", "yes")), "--classes no,yes", 'classes=["no", "yes"]'),
    (Option("classes", ("no, not", "yes")), "--classes '\"no, not\",yes'", 'classes=["no, not", "yes"]'),
    (Option("classes", ("one",)), "--classes one", 'classes=["one"]'),
    (Option("logits", True), "--logits", "logits=True"),
]


@pytest.mark.parametrize(("option", "line", "python"), SPELLINGS, ids=[line for _, line, _ in SPELLINGS])
def test_an_option_in_both_faces(option: Option, line: str, python: str) -> None:
    assert option.spelt("command line") == line
    assert option.spelt("python") == python


@pytest.mark.parametrize("names", [("a", "b"), ('say "no"', "yes, please"), ("it's", "a\\b"), ("Ja / nein", "§ 5")])
def test_what_is_pasted_means_the_names(names: tuple[str, ...]) -> None:
    flag, word = shlex.split(Option("classes", names).spelt("command line"))
    assert flag == "--classes"
    assert next(csv.reader([word])) == list(names)
    pasted = eval(f"dict({Option('classes', names).spelt('python')})")
    assert pasted == {"classes": list(names)}


def test_a_message_names_the_argument_first_and_the_remedy_last() -> None:
    error = InputError('"c" is none of the classes a, b.', ("Name one: ", Option("positive", "a")), argument="positive")
    assert error.spelt("command line") == '--positive: "c" is none of the classes a, b. Name one: --positive a'
    assert str(error) == 'positive: "c" is none of the classes a, b. Name one: positive="a"'


def test_a_message_without_argument_and_remedy_is_the_problem() -> None:
    assert str(InputError("a.csv: the file is empty.")) == "a.csv: the file is empty."
    assert InputError("a.csv: the file is empty.").spelt("command line") == "a.csv: the file is empty."


def test_an_option_may_stand_inside_a_problem() -> None:
    message = ("there is no column (", Option("weights"), ").")
    assert spelt(message, "python") == "there is no column (weights=)."
    assert spelt(message, "command line") == "there is no column (--weights)."


def test_exit_codes() -> None:
    assert ClassmarkError("x").exit_code == 2
    assert (Interrupted("saved").exit_code, Interrupted("saved", 15).exit_code) == (130, 143)


def test_a_missing_extra_names_the_line_that_installs_it() -> None:
    assert str(MissingExtraError("torch", "text", "Training")) == (
        'Training needs the package "torch": pip install "classmark[text]"'
    )


def test_near_names_and_long_lists() -> None:
    assert nearest("lable", ["label", "score"]) == ' Did you mean "label"?'
    assert nearest("AdamW", ["adam", "adamw"]) == ' Did you mean "adamw"?'
    assert nearest("text", ["test", "text_column"]) == ' Did you mean "text_column"?'
    assert nearest("xyz", ["label", "score"]) == ""
    assert shortened(list("abcdefgh")) == "a, b, c, d, e, f, g, h"
    assert shortened(list("abcdefghij")) == "a, b, c, d, e, f, g, h, … (10 in all)"
