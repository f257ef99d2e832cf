"""Files that are no recipe, and YAML that no recipe needs: one sentence each, at once."""

from __future__ import annotations

import codecs
import itertools
import os
import time
from pathlib import Path

import pytest

from classmark.errors import RecipeError
from classmark.recipes import load_recipe
from classmark.recipes.load import read_sections

HEAD = "name: x\ndata:\n  source: table\n"
EMPTY = "the file is empty; a recipe is a mapping of sections; start from one: classmark recipes show text-csv"
QUOTES = ', line 4: not valid YAML: a value cannot begin with "@", "%" or "`"; put it in quotes.'
COLON = (
    'not valid YAML: ": " cannot stand here; put a value that holds it in quotes, or correct the line above or the '
    "indentation."
)
TAG = "a tag stands here; leave out what begins with an exclamation mark, or put the value in quotes."
BOMB = "aliases repeat each other to more than 200,000 values."
DEEP = "more than 20 brackets or sections stand inside each other."
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def doubled(first: str, then: str) -> str:
    """Twenty-five sections, each of which holds the one before it twice."""
    pairs = itertools.pairwise(LETTERS)
    lines = [f"{after}: &{after} {then.replace('@', '*' + before)}" for before, after in pairs]
    return "\n".join([f"a: &a {first}", *lines, ""])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", f": {EMPTY}"),
        ("# nothing\n", f": {EMPTY}"),
        ("---\n", f": {EMPTY}"),
        ("&a\nname: t\ndata: *a\n", ", line 3: *a repeats what is not complete above; put it in quotes if it is a name."),
        ("name: " + "[" * 3000, f", line 1: {DEEP}"),
        ("".join(" " * depth + "a:\n" for depth in range(900)), f", line 21: {DEEP}"),
        (doubled("[x, x]", "[@, @]"), f", line 16: {BOMB}"),
        (doubled("{x: 1, y: 1}", "{x: @, y: @}"), f", line 16: {BOMB}"),
        (doubled("{x: 1, y: 1}", "{<<: [@, @]}"), f", line 16: {BOMB}"),
        (HEAD + '  path: "a\\0b"\n', ', line 4: data.path: "a\\x00b": a path is expected, and it cannot hold such characters.'),
        (HEAD + '  path: "\\ud800"\n', ', line 4: data.path: "\\ud800": a path is expected, and it cannot hold such characters.'),
        (HEAD + '"\\ud800": 1\n', ': "\\ud800": this cannot be the name of a key.'),
        (HEAD + f"  path: {'x' * 300}\n", f', line 4: data.path: "{"x" * 60}…": this is too long for a path.'),
        ("name: x\0\n", ", line 1: the character U+0000 cannot stand in a recipe. Remove it."),
        ("name: x\n# \x1b[31m\n", ", line 2: the character U+001B cannot stand in a recipe. Remove it."),
        (HEAD + "  source: imdb\n", ", line 4: source stands here a second time. Keep one of the two."),
        (HEAD + "train:\n  <<: 3\n", ", line 5: << takes a section, such as *name."),
        (HEAD + "  path: !!python/object/apply:os.system ['echo hi']\n", f", line 4: {TAG}"),
        (HEAD + "train: {epochs: !!int '5'}\n", f", line 4: {TAG}"),
        (HEAD + "---\n" + HEAD, ", line 4: a second document begins here. Keep one."),
        ("name: x\ndata:\n\tsource: table\n", ", line 3: not valid YAML: a tab stands here; indent with spaces."),
        (HEAD + "[a]: b\n", ", line 4: a bracket stands where a key is expected; put the key in quotes."),
        (HEAD + '  path: "C:\\data\\x.csv"\n',
         ", line 4: not valid YAML: a backslash in double quotes begins a special character; use single quotes."),
        (HEAD + "  path: a: b.csv\n", f", line 4: {COLON}"),
        ("name: x\n data: y\n", f", line 2: {COLON}"),
        (HEAD + "  path: @x\n", QUOTES),
        (HEAD + "  path: %x\n", QUOTES),
        (HEAD + "  path: *x\n", ", line 4: *x repeats what is not complete above; put it in quotes if it is a name."),
        (HEAD + "  path: 'abc\n", ", line 5: not valid YAML: a quote is not closed."),
        (HEAD + "  path: 'don't'\n",
         ", line 4: not valid YAML: something follows a value in quotes; double a quote that belongs to the value."),
        (HEAD + " path: x\n", ", line 4: not valid YAML: the line does not fit those above; indent the keys of a section alike."),
        (HEAD + "  classes: [a, b\n", ", line 5: not valid YAML: a bracket is not closed, or a comma is missing."),
        (HEAD + "train: {epochs: 2020-01-01}\n", ', line 4: train.epochs: 2020-01-01: a whole number of at least 1 is expected.'),
        (HEAD + "augmentation: 1\n1: x\n",
         ', line 4: augmentation: unknown key. Did you mean "input.augmentation"?\nr.yaml, line 5: 1: unknown key. '
         "Known here: name, description, seed, data, input, model, loss, optimizer, schedule, train, judge."),
    ],
)  # fmt: skip
def test_refusals(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(text, encoding="utf-8")
    start = time.perf_counter()
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path))
    assert time.perf_counter() - start < 5
    assert str(caught.value).replace(str(path), "r.yaml") == f"r.yaml{said}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEAD.encode() + b"  path: \xe9.csv\n", ", line 4: the file is not UTF-8. Save it as UTF-8."),
        (HEAD.encode("utf-16-le"), ", line 1: the character U+0000 cannot stand in a recipe. Remove it."),
        (bytes(range(9, 256)), ", line 2: the file is not UTF-8. Save it as UTF-8."),
        (b"a: b\n" * 300_000, ": the file is larger than 1 MB, so it is no recipe. Name the YAML file of a recipe."),
    ],
)
def test_bytes_that_are_no_recipe(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_bytes(content)
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path))
    assert str(caught.value) == f"{path}{said}"


def test_what_is_no_recipe_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.csv").touch()
    os.mkfifo(tmp_path / "pipe")
    data = "data, not a recipe. Train on it with a template: classmark train"
    for name, said in (
        ("folder", f"{data} image-folder data.path={tmp_path}/folder"),
        ("a.csv", f"{data} text-csv data.path={tmp_path}/a.csv"),
        ("pipe", "no file. Name the YAML file of a recipe."),
    ):
        with pytest.raises(RecipeError) as caught:
            load_recipe(str(tmp_path / name))
        assert str(caught.value) == f"{tmp_path / name}: this is {said}"
    for name in ("x" * 5000, "a\0b"):
        with pytest.raises(RecipeError, match="is neither a file nor a shipped recipe"):
            load_recipe(name)


@pytest.mark.parametrize(
    "content", [codecs.BOM_UTF8 + HEAD.encode(), HEAD.encode("utf-16"), HEAD.replace("\n", "\r\n").encode()]
)
def test_usual_encodings(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_bytes(content)
    assert load_recipe(str(tmp_path / "r.yaml")).data.source == "table"


def test_what_yaml_has_for_repeating(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(
        HEAD + "  path: &p >-\n    my\n    data.csv\n  test_path: *p\n"
        "train: {<<: &t {epochs: 3, patience: 2}, epochs: 4}\njudge:\nschedule: ~\n"
    )
    recipe = load_recipe(str(path))
    assert (recipe.data.path, recipe.data.test_path) == ("my data.csv", "my data.csv")
    assert (recipe.train.epochs, recipe.train.patience, recipe.judge.draws) == (4, 2, 1000)


def test_at_most_ten_problems_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(HEAD + "".join(f"k{number}: 1\n" for number in range(25)))
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path))
    lines = str(caught.value).splitlines()
    assert len(lines) == 11
    assert lines[-1] == "… and 15 more problems"


def test_sections_are_read_as_yaml_types_them(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("a: {b: [1, 0.5, yes, null, '1', x, 2020-01-01]}\n")
    assert read_sections(path) == {"a": {"b": [1, 0.5, True, None, "1", "x", "2020-01-01"]}}
