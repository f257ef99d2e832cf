"""The command `study`: lists, shows, refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from classmark.cli.main import run
from classmark.recipes.study_load import shipped_studies, study_text
from classmark.studies import settle


def test_lists_and_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["study", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(shipped_studies())
    assert run(["study", "focal-vs-ce", "--show"]) == 0
    assert capsys.readouterr().out == study_text("focal-vs-ce")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "error: Name a study, for instance: classmark study bilstm-pooling — or a folder: classmark study --resume FOLDER"),
        (["--resume", "x", "seeds=3"], "error: Name a study"),
        (["--resume", "x", "--out", "y"], "error: --resume: it goes on with a study as it was begun, and takes neither out nor"),
        (["--resume", "x"], "error: x: this is not the folder of a study (it has no study.yaml)."),
        (["focal"], 'error: "focal" is neither a file nor a shipped study. Shipped: bilstm-pooling, focal-vs-ce, text-few.'),
    ],
)  # fmt: skip
def test_refusals(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["study", *words]) == 2
    assert capsys.readouterr().err.startswith(said)
    assert list(tmp_path.iterdir()) == []


def test_without_torch_the_extra_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(settle, "find_spec", lambda name: None)
    monkeypatch.chdir(tmp_path)
    assert run(["study", "focal-vs-ce"]) == 2
    assert capsys.readouterr().err == 'error: A study needs the package "torch": pip install "classmark[images]"\n'
