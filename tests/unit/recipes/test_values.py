"""Values as they are written, read by the type of their key; the table says by hand what each word means to each type."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from classmark.errors import RecipeError
from classmark.recipes import dump_recipe, load_recipe
from classmark.recipes.schema import Recipe

NO = object()  # the word is refused
KEYS = {
    "text": "data.label_column",
    "whole": "train.epochs",
    "number": "optimizer.learning_rate",
    "truth": "train.compile",
}


@dataclass(frozen=True)
class Case:
    """A word, and what it means for a key that is a whole number, a number, or true or false; a text key takes it as it is."""

    word: str
    whole: Any = NO
    number: Any = NO
    truth: Any = NO


CASES = [
    Case("5", 5, 5.0), Case("+5", 5, 5.0), Case("1e2", 100, 100.0), Case("1E2", 100, 100.0), Case("5.", 5, 5.0),
    Case("2.0", 2, 2.0), Case("2.5", NO, 2.5), Case("0.50", NO, 0.5), Case(".5", NO, 0.5), Case("1e-3", NO, 0.001),
    Case("1.0e-3", NO, 0.001),
    Case("true", truth=True), Case("True", truth=True), Case("yes", truth=True), Case("on", truth=True),
    Case("false", truth=False), Case("No", truth=False), Case("OFF", truth=False),
    *map(Case, ("-5", "0", "010", "00", "0x10", "0o7", "0b1", "1_000", "1,000", "1:30", "1e-400", "1e400", "1e999999999")),
    *map(Case, ("nan", ".nan", "NaN", "inf", "-.inf", ".inf", "Infinity", "٣", "５", "½", "50%", "0,5", "1/2", "1 2", "one")),
    *map(Case, ("y", "n", "99999999999", "1" * 400, "2024-01-01", "<<", "=", "a:b", "a#b", "[]", "{}", "None", "none")),
    *map(Case, ("*a", "&a", "!a", "@a", "%a", "`a`", "|", ">", "- a", "? a", "a: b", "a # b", "'a'", '"a"', "it's", "a\\b")),
    *map(Case, ("\\n", "😀", "é", "a b")),
]  # fmt: skip


def value_of(recipe: Recipe, key: str) -> Any:
    section, name = key.split(".")
    return getattr(getattr(recipe, section), name)


def outcome(key: str, load: Any) -> Any:
    try:
        return value_of(load(), key)
    except RecipeError:
        return NO


@pytest.mark.parametrize("kind", KEYS)
def test_overrides_are_taken_as_typed(kind: str) -> None:
    key = KEYS[kind]
    for case in CASES:
        found = outcome(key, lambda case=case: load_recipe("text-csv", [f"{key}={case.word}"]))
        wanted = case.word if kind == "text" else getattr(case, kind)
        assert (type(found), found) == (type(wanted), wanted), (key, case)


@pytest.mark.parametrize("kind", KEYS)
def test_words_of_a_file_are_taken_as_written(kind: str, tmp_path: Path) -> None:
    """Without quotes where YAML takes the word for a scalar, in quotes otherwise."""
    key = KEYS[kind]
    section, name = key.split(".")
    path = tmp_path / "r.yaml"
    for case in CASES:
        plain = case.word[0] not in "*&!@%`|>-?\"'[{" and ": " not in case.word and " #" not in case.word
        for written in [case.word] * plain + ["'" + case.word.replace("'", "''") + "'"]:
            lines = ["name: x", "data: {source: table}", f"{section}:", *(["  source: table"] * (section == "data"))]
            content = "\n".join([*(lines if section != "data" else [lines[0], *lines[2:]]), f"  {name}: {written}"])
            path.write_text(content, encoding="utf-8")
            found = outcome(key, lambda: load_recipe(str(path)))
            wanted = case.word if kind == "text" else getattr(case, kind)
            assert (type(found), found) == (type(wanted), wanted), (key, written)


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("[0,1]", ("0", "1")),
        ("[yes, no]", ("yes", "no")),
        ("pos,neg", ("pos", "neg")),
        ("pos, neg,", ("pos", "neg")),
        ('"a, b",c', ("a, b", "c")),
        ("['a, b', \"c\"]", ("a, b", "c")),
        ('"say ""hi""", b', ('say "hi"', "b")),
        ("don't, know", ("don't", "know")),
        ("'n' roll, rock", ("'n' roll", "rock")),
        ("[[UNK], a: b # c]", ("[UNK]", "a: b # c")),
        ("[UNK],[PAD]", ("[UNK]", "[PAD]")),
        ("null, ~", ("null", "~")),
        ("1.0,1", ("1.0", "1")),
    ],
)
def test_lists_of_names(word: str, names: tuple[str, ...]) -> None:
    assert load_recipe("text-csv", [f"data.classes={word}"]).data.classes == names


@pytest.mark.parametrize("written", ["[0, 1]", "\n  - 0\n  - 1", "0,1", "['0', \"1\"]"])
def test_lists_of_names_in_a_file(written: str, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(f"name: x\ndata:\n  source: table\n  classes: {written}\njudge: {{positive: 1}}\n")
    recipe = load_recipe(str(path))
    assert (recipe.data.classes, recipe.judge.positive) == (("0", "1"), "1")
    path.write_text(dump_recipe(recipe))
    assert load_recipe(str(path)) == recipe


@pytest.mark.parametrize("word", ["", "null", " null "])
def test_keys_are_unset(word: str) -> None:
    changes = [f"{key}={word}" for key in ("data.test_path", "input.max_tokens", "loss.class_weights", "train.threads")]
    recipe = load_recipe("text-csv", [*changes, 'judge.positive="null"'])
    assert (recipe.data.test_path, recipe.input.max_tokens) == (None, None)  # type: ignore[union-attr]
    assert (recipe.loss.class_weights, recipe.train.threads, recipe.judge.positive) == (None, None, "null")


def message(*changes: str, recipe: str = "text-csv", **arguments: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe, arguments or changes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("train.epochs=010", "010: a whole number of at least 1 is expected, without zeros in front: 10."),
        ("train.epochs=true", '"true": a whole number of at least 1 is expected.'),
        ("train.epochs=1_000", '"1_000": a whole number of at least 1 is expected, without signs between its digits: 1000.'),
        ("train.epochs=99999999999", "99999999999: a whole number of at least 1 is expected, and at most 2,147,483,647."),
        ("train.epochs=", "there is no value; a whole number of at least 1 is expected."),
        ("train.compile=1", "1: true or false is expected."),
        ("train.average=1", "1: a number above 0 and below 1 is expected."),
        ("model.dropout=1", "1: a number of at least 0 and below 1 is expected."),
        ("model.hidden_size=1000000000000", "1000000000000: a whole number from 1 to 100,000 is expected."),
        ("data.test=20%", '"20%": a number of at least 0 is expected, as a share: 0.2.'),
        ("data.test=0,25", '"0,25": a number of at least 0 is expected, with a point: 0.25.'),
        ("optimizer.learning_rate=.inf", '".inf": a number above 0 and at most 1,000 is expected, and a finite one.'),
        ("optimizer.betas=[1.5,2]", "1.5: a number of at least 0 and below 1 is expected."),
        ("optimizer.betas=0.9", "0.9: a list of 2 numbers of at least 0 and below 1 such as [0.5, 0.5] is expected."),
        ("loss.class_weights=[0,0]", "[0,0]: balanced or a list of numbers above 0 and at most 1,000,000 is expected."),
        ("loss.class_weights=[.nan,1]", "[.nan,1]: balanced or a list of numbers above 0 and at most 1,000,000 is expected."),
        ("data.validation=.inf", '".inf": a number above 0 is expected, and a finite one.'),
        ("data.validation=1.5", "1.5: a share below 1 or a whole number of rows is expected."),
        ("data.test=1e300", '1e300: a number of at least 0 is expected, and at most 2,147,483,647.'),
        ("data.classes=pos", "[pos]: 2 or more names are expected, each once."),
        ("data.classes=a,a", "[a, a]: 2 or more names are expected, each once."),
        ("data.classes=a,,b", '"a,,b": nothing stands in front of a comma. Take the comma away.'),
        ('data.classes="a', """'"a': a quote is not closed. Close it, or double it if it belongs to the name."""),
        ("data.label_column=null", "there is no value; a text is expected."),
        ("optimizer.kind=Adam", '"Adam": one of adam, adamw, sgd, muon is expected. Did you mean "adam"?'),
        ("epochs=3", 'unknown key. Did you mean "train.epochs"?'),
        ("optimizer=x", '"x": a section of keys is expected.'),
        ("name=a/b", '"a/b": use letters, digits, dots, dashes and underscores, a letter or digit first.'),
    ],
)  # fmt: skip
def test_refusals(change: str, said: str) -> None:
    assert message(change) == f'override "{change}": {change.partition("=")[0]}: {said}'


def test_python_values() -> None:
    given = {
        "data__path": Path("a.csv"),
        "data__classes": np.array(["a", "b"]),
        "train__epochs": np.int64(3),
        "train__bucketed": np.bool_(False),
        "optimizer__betas": (np.float64(0.5), 0.25),
        "optimizer__learning_rate": 1,
        "loss__class_weights": pl.Series([1.0, 2.0]),
        "judge__positive": 1,
        "data__test_path": None,
        "data__label_column": "my label # 2",
        "seed": np.int64(7),
        "schedule": {"kind": "cosine"},
    }
    recipe = load_recipe("text-csv", given)
    assert (recipe.data.path, recipe.data.classes, recipe.data.test_path) == ("a.csv", ("a", "b"), None)
    assert (recipe.train.epochs, recipe.train.bucketed, recipe.optimizer.betas) == (3, False, (0.5, 0.25))
    assert (recipe.loss.class_weights, recipe.judge.positive, recipe.seed) == ((1.0, 2.0), "1", 7)
    assert (recipe.data.label_column, recipe.schedule.kind) == ("my label # 2", "cosine")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("train__epochs", True, "train__epochs: True: a whole number of at least 1 is expected."),
        ("train__epochs", "5", 'train__epochs: "5": a whole number of at least 1 is expected.'),
        ("train__epochs", np.float64(1.5), "train__epochs: 1.5: a whole number of at least 1 is expected."),
        ("train__epochs", 10**30, "train__epochs: a number of more than 20 digits: a whole number of at least 1 is expected, "
         "and at most 2,147,483,647."),
        ("epochs", 5, 'epochs: unknown key. Did you mean "train__epochs"?'),
        ("train_epochs", 5, 'train_epochs: unknown key. Did you mean "train__epochs"?'),
        ("train__epoch", 5, 'train__epoch: unknown key. Did you mean "epochs"?'),
        ("seed", True, "seed: True: a whole number of at least 0 is expected."),
        ("data__path", b"a", "data__path: bytes: a path is expected."),
        ("data__path", "", "data__path: there is no value; a path is expected."),
        ("data__label_column", Path("a"), "data__label_column: PosixPath: a text is expected."),
        ("data__classes", "a,b", 'data__classes: "a,b": a list of names such as [a, b] is expected.'),
        ("optimizer__learning_rate", float("nan"),
         "optimizer__learning_rate: nan: a number above 0 and at most 1,000 is expected, and a finite one."),
        ("train", {"epochs": 0}, "train__epochs: 0: a whole number of at least 1 is expected."),
        ("train", 5, "train: 5: a section of keys is expected."),
    ],
)  # fmt: skip
def test_python_values_that_are_refused(name: str, value: Any, said: str) -> None:
    assert message(**{name: value}) == said


def test_sections_as_changes() -> None:
    given = {"epochs": 2}
    recipe = load_recipe("text-csv", {"train": given, "train__batch_size": 3})
    assert (recipe.train.epochs, recipe.train.batch_size, given) == (2, 3, {"epochs": 2})
    recipe = load_recipe("text-csv", ["train={epochs: 2, compile: yes}", "train.batch_size=3", "judge={}", "loss=null"])
    assert (recipe.train.epochs, recipe.train.compile, recipe.train.batch_size) == (2, True, 3)
    assert message("train={epochs: 2", "seed=x") == (
        'override "seed=x": seed: "x": a whole number of at least 0 is expected.\n'
        'override "train={epochs: 2": train: "{epochs: 2": not valid YAML: a bracket is not closed, or a comma is missing.'
    )
    assert message("name.x=1") == 'override "name.x=1": name is no section.'
    assert message("model={kind: x") == (
        'override "model={kind: x": model: "{kind: x": not valid YAML: a bracket is not closed, or a comma is missing.'
    )


def test_words_that_are_no_changes() -> None:
    said = "expected key=value, for instance train.epochs=1"
    assert message("epochs", "=1", "train..epochs=1") == "\n".join(
        f'override "{word}": {said}' for word in ("epochs", "=1", "train..epochs=1")
    )
