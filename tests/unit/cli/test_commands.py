"""What the commands for recipes print."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from classmark.__main__ import main
from classmark.cli.main import run
from classmark.recipes import load_recipe, shipped_recipes


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command prints that goes well and has nothing else to say."""
    assert run(list(words)) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


def test_recipes_are_listed_with_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "recipes").splitlines()
    found = dict(line.split(maxsplit=1) for line in lines)
    assert found == {name: load_recipe(name).description for name in shipped_recipes()}
    assert len({line.index(found[line.split()[0]]) for line in lines}) == 1  # one column below the other


@pytest.mark.parametrize("name", list(shipped_recipes()))
def test_a_shown_recipe_can_be_saved_and_loaded(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = printed(capsys, "recipes", "show", name)
    assert text.startswith("# ")
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    assert load_recipe(str(tmp_path / "mine.yaml")) == load_recipe(name)


@pytest.fixture
def schema(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed(capsys, "recipes", "schema"))
    return found


def test_the_schema_is_one_and_takes_every_shipped_recipe(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    for name, path in shipped_recipes().items():
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert not [error.message for error in Draft202012Validator(schema).iter_errors(content)], name


WRONG: dict[str, tuple[tuple[str, ...], Any]] = {
    "an unknown section": (("modle",), {}),
    "an unknown key": (("train", "epoch"), 3),
    "a number out of bounds": (("train", "epochs"), 0),
    "a text for a number": (("seed",), "one"),
    "an unknown choice": (("optimizer", "kind"), "adamm"),
    "a name with a space": (("name",), "my recipe"),
}


@pytest.mark.parametrize("what", WRONG)
def test_the_schema_refuses(what: str, schema: dict[str, Any]) -> None:
    (*sections, key), value = WRONG[what]
    content = yaml.safe_load(shipped_recipes()["text-csv"].read_text(encoding="utf-8"))
    assert Draft202012Validator(schema).is_valid(content)
    changed = copy.deepcopy(content)
    part = changed
    for section in sections:
        part = part[section]
    part[key] = value
    assert not Draft202012Validator(schema).is_valid(changed)


def test_the_schema_says_what_keys_mean(schema: dict[str, Any]) -> None:
    assert schema["properties"]["seed"]["description"].startswith("Fixes the split")
    assert schema["$defs"]["Train"]["properties"]["batch_size"]["description"] == "Examples a step."


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "classmark", "recipes", "show", "no-such"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")


def test_ctrl_c_while_the_command_line_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("classmark.cli.main.run", interrupted)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 130
    assert capsys.readouterr().err == "stopped\n"
