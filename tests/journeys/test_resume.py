"""A run that is killed inside an epoch and resumed gives the same bytes as one that was never stopped."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from classmark.cli.main import run

WORDS = {
    "food": ["soup", "bread", "cook", "taste", "dish", "salt", "oven"],
    "sport": ["goal", "team", "match", "coach", "player", "win"],
}
CHANGES = [
    "train.epochs=3", "train.batch_size=2", "train.checkpoint_every_steps=20", "train.evaluate_every_steps=50",
    "model.hidden_size=24", "model.embedding_size=16", "model.layers=2", "model.dropout=0.3", "train.precision=fp32",
    "judge.draws=100", "train.threads=1", "train.average=0.9",
]  # fmt: skip


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "reviews.csv"
    drawn = random.Random(3)
    every = [word for words in WORDS.values() for word in words]
    rows = []
    for number in range(300):
        label = drawn.choice(list(WORDS))
        words = [drawn.choice(WORDS[label] if drawn.random() < 0.3 else every) for _ in range(drawn.randint(4, 40))]
        rows.append(f"{' '.join(words)} w{number},{label}")
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    return path


def training(reviews: Path, out: Path) -> list[str]:
    return ["train", "text-csv", f"data.path={reviews}", *CHANGES, "--out", str(out)]


def start(reviews: Path, out: Path) -> subprocess.Popen[str]:
    words = [str(Path(sys.executable).with_name("classmark")), *training(reviews, out)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(out: Path, process: subprocess.Popen[str], epoch: int) -> None:
    """Until there is a checkpoint from inside this epoch."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        saved = [path.parent.name for path in out.glob("checkpoints/*/state.json")]
        if any(name.startswith(f"{epoch:04d}-") and not name.endswith("-000000") for name in saved):
            return
        time.sleep(0.005)
    raise AssertionError("the run did not get there")


def same_bytes(one: Path, other: Path) -> None:
    names = ["model/weights.safetensors", "history.jsonl", "predictions/validation.parquet", "predictions/test.parquet"]
    for name in [*names, "recipe.yaml", "model/model.json", "model/tokenizer.json"]:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


@pytest.fixture(scope="module")
def whole(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "whole"
    assert run(training(reviews, out)) == 0
    return out


def test_killed_and_resumed(reviews: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "killed"
    process = start(reviews, out)
    wait_for(out, process, epoch=2)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert len((out / "history.jsonl").read_text().splitlines()) < len(
        (whole / "history.jsonl").read_text().splitlines()
    )
    for _ in ("resumed", "already done"):
        assert run(["train", "--resume", str(out)]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == str(out)
        same_bytes(whole, out)


def test_interrupted_and_resumed(reviews: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "interrupted"
    process = start(reviews, out)
    wait_for(out, process, epoch=1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    assert f"classmark train --resume {out}" in stderr
    assert json.loads((out / "status.json").read_text())["state"] == "interrupted"
    assert json.loads((out / "judgement.json").read_text())["split"] == "validation"
    assert not (out / "predictions" / "test.parquet").exists()
    assert run(["train", "--resume", str(out)]) == 0
    same_bytes(whole, out)
    assert json.loads((out / "status.json").read_text())["state"] == "done"


def test_predict_equals_the_runs_own_test_predictions(whole: Path, tmp_path: Path) -> None:
    import numpy as np

    from classmark.predictions import read

    table = read(whole / "predictions" / "test.parquet")
    table.frame.select("id", "text", "label").write_csv(tmp_path / "test.csv")
    assert (
        run(["predict", str(whole), str(tmp_path / "test.csv"), "--id", "id", "--out", str(tmp_path / "p.parquet")])
        == 0
    )
    again = read(tmp_path / "p.parquet")
    assert again.ids.to_list() == table.ids.to_list()
    np.testing.assert_allclose(again.probabilities, table.probabilities, atol=1e-5)
