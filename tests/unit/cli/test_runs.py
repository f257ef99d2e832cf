"""What `classmark runs` prints."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from classmark.cli.main import run
from classmark.judging.judgement import Judgement, write_judgement
from classmark.judging.published import judge_confusion
from classmark.runs import RunFiles
from classmark.runs.status import Status, write_status
from classmark.system.files import write_text
from pages import text_of


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command prints that goes well and has nothing else to say."""
    assert run(list(words)) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


@pytest.fixture(scope="module")
def judgement() -> Judgement:
    return judge_confusion([[10_805, 1_695], [1_099, 11_401]], ("negative", "positive"))


def without_interval(judgement: Judgement) -> Judgement:
    accuracy = replace(judgement.metrics["accuracy"], low=None, high=None)
    return replace(judgement, metrics=judgement.metrics | {"accuracy": accuracy})


@pytest.fixture
def runs(tmp_path: Path, judgement: Judgement, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs in every state, and a folder that is none."""
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "runs"
    states = {"a [1]": ("done", 754.6), "b": ("interrupted", 12.2), "c": ("failed", 0.4), "d": ("running", 3.0)}
    for name in (*states, "e"):
        write_text(folder / name / "recipe.yaml", "name: text-csv\ndata: {source: table}\n")
    for name, (state, seconds) in states.items():
        write_status(RunFiles(folder / name), Status(state=state, seconds={"total": seconds}))
    write_judgement(folder / "a [1]" / "judgement.json", judgement)
    write_judgement(folder / "b" / "judgement.json", without_interval(judgement))
    (folder / "notes").mkdir()
    return folder


def test_runs_as_json(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(printed(capsys, "runs", str(runs), "--json"))
    assert rows[0] == {
        "run": "a [1]", "recipe": "text-csv", "data": "table", "state": "done", "headline": "accuracy 88.82%",
        "interval": "88.43% to 89.21%", "seconds": 755, "level": 0.95,
    }  # fmt: skip
    assert [tuple(row[key] for key in ("run", "state", "headline", "interval", "seconds")) for row in rows[1:]] == [
        ("b", "interrupted", "accuracy 88.82%", None, 12),
        ("c", "failed", None, None, 0),
        ("d", "running", None, None, 3),
        ("e", "missing", None, None, 0),
    ]


def test_runs_as_a_table(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [" ".join(line.split()) for line in printed(capsys, "runs", str(runs)).splitlines()]
    assert lines == [
        "run recipe data state headline 95 % interval seconds",
        "a [1] text-csv table done accuracy 88.82% 88.43% to 89.21% 755",
        "b text-csv table interrupted accuracy 88.82% – 12",
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
        ("status.json", b'{"seconds": {"total": "long"}}', "{path}: seconds: expected a number for each stage;"),
        ("judgement.json", b"{}", "{path}: schema_version is None; this classmark reads 1."),
        (
            "judgement.json",
            b'{"schema_version": 1}',
            '{path}: not a judgement that this classmark can read ("source" is missing)',
        ),
        ("recipe.yaml", b"{", "{path}, line 1: not valid YAML: a value is missing"),
        ("recipe.yaml", b"\xff", "{path}, line 1: the file is not UTF-8."),
        ("recipe.yaml", b"data: x", "{path}: the section data is missing."),
        ("recipe.yaml", b"", "{path}: the file is empty; a recipe is a mapping of sections;"),
    ],
)
def test_a_damaged_run_hides_no_other(
    runs: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, reason: str
) -> None:
    path = runs / "c" / name
    path.write_bytes(content)
    assert run(["runs", str(runs), "--json"]) == 0
    shown = capsys.readouterr()
    said = reason.replace("{path}", str(path))
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


def test_the_page_has_every_run_with_intervals_cost_and_a_path_for_the_shell(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "runs.html"
    write_status(RunFiles(runs / "a [1]"), Status(state="done", seconds={"total": 754.6}, processor_seconds=1400.2))
    (runs / "e" / "status.json").write_text("{")
    assert run(["runs", str(runs), "--html", str(page)]) == 0
    assert f"written to {page}" in capsys.readouterr().err
    text = page.read_text()
    words = text_of(text)
    for said in ("a [1]", "88.82 %", "88.43 to 89.21 %", "1,400", "damaged", "interrupted"):
        assert said in words
    assert f'data-path="&#39;{runs}/a [1]&#39;"' in text
    assert not re.findall(r"(?:src|href)=", text)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["empty", "--html", "runs.html"],
            "error: --html: empty: there are no runs to list. Name the folder that holds runs.",
        ),
        (["{runs}", "--html", "runs.txt"], "error: --html: runs.txt: name a file that ends with .html."),
    ],
)
def test_a_page_that_cannot_be_written(
    runs: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["runs", *(word.format(runs=runs) for word in words)]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == said
