"""Recipes and changes through the command line and Python: words as typed, and one sentence with exit code 2 otherwise."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

import classmark
from classmark.cli.main import run
from classmark.errors import RecipeError

SMALL = {
    "train.epochs": "1",
    "train.threads": "1",
    "train.precision": "fp32",
    "model.hidden_size": "8",
    "model.embedding_size": "8",
    "judge.draws": "100",
}
HEAD = "name: x\ndata:\n  source: table\n"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n"
BOMB += "".join(
    f"{after}: &{after} [{','.join(['*' + before] * 9)}]\n" for before, after in itertools.pairwise("abcdef")
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where 120 rows of the classes 0, 1 and no lie in two files, one of them in the home folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    rng = np.random.default_rng(0)
    rows = [
        f"{' '.join(rng.choice(['good', 'bad', 'film', 'plot'], 5))} w{row},{('0', '1', 'no')[row % 3]}"
        for row in range(120)
    ]
    (tmp_path / "home").mkdir()
    for name in ("my data # v2.csv", "home/2024.csv"):
        (tmp_path / name).write_text("\n".join(["text,2020", *rows]) + "\n", encoding="utf-8")
    return tmp_path


def test_words_as_typed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"{key}={value}" for key, value in SMALL.items()]
    words += ["data.path=my data # v2.csv", "data.label_column=2020", "data.classes=0,1", "judge.positive=1"]
    assert run(["train", "text-csv", *words, "--out", "out"]) == 0, capsys.readouterr().err
    stated = yaml.safe_load((folder / "out" / "recipe.yaml").read_text(encoding="utf-8"))
    assert stated["data"]["path"] == str(folder / "my data # v2.csv")
    assert (stated["data"]["label_column"], stated["data"]["classes"], stated["judge"]["positive"]) == (
        "2020",
        ["0", "1"],
        "1",
    )
    assert json.loads((folder / "out" / "judgement.json").read_text(encoding="utf-8"))["classes"] == ["0", "1"]


def test_values_of_python(folder: Path) -> None:
    small = {key.replace(".", "__"): int(value) for key, value in SMALL.items() if value.isdigit()}
    given = {"data__path": Path("~/2024.csv"), "data__label_column": 2020, "data__classes": np.array(["0", "no"])}
    changes = small | given | {"train__epochs": np.int64(1), "train__precision": "fp32"}
    found = classmark.train("text-csv", out="out", **changes)
    assert found.recipe.data.path == str(folder / "home" / "2024.csv")
    assert found.recipe.data.classes == ("0", "no")
    with pytest.raises(RecipeError, match=r"^train__epochs: True: a whole number of at least 1 is expected\.$"):
        classmark.train("text-csv", train__epochs=True)


@pytest.mark.parametrize(
    "change",
    ["train.epochs=010", "train.epochs=1:30", "train.epochs=true", "optimizer.betas=[1.5,2]", "data.validation=.inf",
     "loss.class_weights=[0,0]", "loss.class_weights=[.nan,1]", "optimizer.weight_decay=.inf", "optimizer.learning_rate=.inf",
     "model.hidden_size=1000000000000", "train.batch_size=1000000000000000", "data.path=a\0b"],
)  # fmt: skip
def test_changes_that_are_refused(change: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "text-csv", "data.path=my data # v2.csv", change]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f'error: override "{change[:8]}')
    assert len(said.splitlines()) == 1
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    "text",
    ["&a\nname: t\ndata: *a\n", HEAD + "  path: " + "[" * 3000, HEAD + '  path: "a\\0b"\n', BOMB + HEAD + "  test_path: *f\n", "",
     "\0", HEAD + HEAD, "!!python/object/apply:os.system ['true']\n"],
)  # fmt: skip
def test_files_that_are_refused(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("r.yaml").write_text(text, encoding="utf-8")
    start = time.perf_counter()
    assert run(["train", "r.yaml"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: r.yaml")
    assert len(said) < 200
    assert time.perf_counter() - start < 20
