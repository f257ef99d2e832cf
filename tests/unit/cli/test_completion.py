"""What a shell proposes, through the very variables that its script sets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from classmark.cli.completion import proposals
from classmark.recipes import shipped_recipes
from classmark.recipes.study_load import shipped_studies


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("runs/one/recipe.yaml", "runs/two/recipe.yaml", "notes/a.txt", "mine.yaml", "studies/s/study.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("kind", "typed", "proposed"),
    [
        ("recipe", "reviews-", ["reviews-bilstm", "reviews-quick"]),
        ("recipe", "mi", ["mine.yaml"]),
        ("run", "r", ["runs/"]),
        ("run", "runs/", ["runs/one", "runs/two"]),
        ("run", "no/such/folder/", []),
        ("study folder", "studies/", ["studies/s"]),
        ("predictions", "runs/t", ["runs/two"]),
        ("predictions", "notes/", ["notes/a.txt"]),
        ("key", "train.ep", ["train.epochs="]),
        ("key", "model.pooling=m", ["model.pooling=max", "model.pooling=mean"]),
        ("key", "train.compile=", ["train.compile=false", "train.compile=true"]),
        ("key", "nothing", []),
    ],
)
def test_what_is_proposed(kind: str, typed: str, proposed: list[str]) -> None:
    assert proposals(kind, typed) == proposed


def test_all_that_is_shipped_is_proposed() -> None:
    assert [name for name in proposals("recipe", "") if name in shipped_recipes()] == list(shipped_recipes())
    assert [name for name in proposals("study", "") if name in shipped_studies()] == list(shipped_studies())


def shell(**variables: str) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("classmark"))],
        env={**os.environ, **variables}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


def test_bash_asks() -> None:
    asked = {"_CLASSMARK_COMPLETE": "complete_bash", "COMP_CWORD": "2"}
    assert shell(**asked, COMP_WORDS="classmark train reviews-").split() == ["reviews-bilstm", "reviews-quick"]
