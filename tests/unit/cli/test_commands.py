"""What the commands for recipes and runs print."""

from __future__ import annotations

import copy
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from classmark.cli.main import run
from classmark.recipes import load_recipe, shipped_recipes
from classmark.runs import RunFiles
from classmark.system.files import write_json, write_text


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


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs in every state, and a folder that is none."""
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "runs"
    accuracy = {"value": 0.88834, "low": 0.88421, "high": 0.89214, "method": "Wilson"}
    found = {
        "a [1]": ("done", 754.6, accuracy),
        "b": ("interrupted", 12.2, {**accuracy, "low": None, "high": None}),
        "c": ("failed", 0.4, None),
        "d": ("running", 3.0, None),
        "e": (None, 0.0, None),
    }
    for name, (state, seconds, estimate) in found.items():
        one = RunFiles(folder / name)
        write_text(one.recipe, "name: text-csv\ndata: {source: table}\n")
        if state is not None:
            write_json(one.status, {"state": state, "seconds": {"total": seconds}})
        if estimate is not None:
            write_json(one.judgement, {"metrics": {"accuracy": estimate}})
    (folder / "notes").mkdir()
    return folder


def test_runs_as_json(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(printed(capsys, "runs", str(runs), "--json"))
    assert rows[0] == {
        "run": "a [1]", "recipe": "text-csv", "data": "table", "state": "done", "headline": "accuracy 88.83%",
        "interval": "88.42% to 89.21%", "seconds": 755,
    }  # fmt: skip
    assert [tuple(row[key] for key in ("run", "state", "headline", "interval", "seconds")) for row in rows[1:]] == [
        ("b", "interrupted", "accuracy 88.83%", None, 12),
        ("c", "failed", None, None, 0),
        ("d", "running", None, None, 3),
        ("e", "missing", None, None, 0),
    ]


def test_runs_as_a_table(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [" ".join(line.split()) for line in printed(capsys, "runs", str(runs)).splitlines()]
    assert lines == [
        "run recipe data state headline 95 % interval seconds",
        "a [1] text-csv table done accuracy 88.83% 88.42% to 89.21% 755",
        "b text-csv table interrupted accuracy 88.83% – 12",
        "c text-csv table failed – – 0",
        "d text-csv table running – – 3",
        "e text-csv table missing – – 0",
    ]


def test_a_run_that_renews_its_status_no_more_was_killed(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = time.time() - 3_600
    for name in ("c", "d"):
        os.utime(runs / name / "status.json", (old, old))
    rows = json.loads(printed(capsys, "runs", str(runs), "--json"))
    assert [row["state"] for row in rows] == ["done", "interrupted", "failed", "killed", "missing"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("status.json", b"{", "{path}: not valid JSON (Expecting property name enclosed in double quotes"),
        ("judgement.json", b"{}", "'metrics'"),
        ("recipe.yaml", b"{", "while parsing a flow node"),
        ("recipe.yaml", b"\xff", "'utf-8' codec can't decode byte 0xff"),
        ("recipe.yaml", b"data: x", "'str' object has no attribute"),
        ("recipe.yaml", b"", "'NoneType' object has no attribute"),
    ],
)
def test_a_damaged_run_hides_no_other(
    runs: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, reason: str
) -> None:
    path = runs / "c" / name
    path.write_bytes(content)
    assert run(["runs", str(runs), "--json"]) == 0
    shown = capsys.readouterr()
    said = reason.format(path=path) if "{path}" in reason else reason
    assert shown.err.startswith(f"warning: {path.parent}: a file of this run is damaged ({said}")
    assert shown.err.count("\n") == 1
    assert [row["state"] for row in json.loads(shown.out)] == ["done", "interrupted", "damaged", "running", "missing"]


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_without_runs_says_how_to_start_one(
    there: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "runs"
    if there:
        folder.mkdir()
    assert run(["runs", str(folder)]) == 0
    assert capsys.readouterr() == ("", f"No runs in {folder}. Start one: classmark train reviews-quick\n")
    assert json.loads(printed(capsys, "runs", str(folder), "--json")) == []
