"""What trackers get, read back from their own local stores; one that fails is told once and harms nothing."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import classmark
from classmark.errors import MissingExtraError
from classmark.training.trackers import tracked
from classmark.training.train import train

CHANGES: dict[str, Any] = {
    "data__path": "rows.csv", "train__epochs": 2, "train__precision": "fp32", "train__threads": 1, "train__batch_size": 8,
    "model__hidden_size": 4, "model__embedding_size": 4, "model__layers": 1, "model__pooling": "last", "judge__draws": 100,
    "judge__baselines": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run without trackers, and the same run with all of them, made by a process of its own."""
    folder = tmp_path_factory.mktemp("trackers")
    rows = [("good fine nice" if row % 2 else "bad poor weak", "yes" if row % 2 else "no") for row in range(40)]
    texts = [f"{text} w{number}" for number, (text, _) in enumerate(rows)]
    pl.DataFrame({"text": texts, "label": [label for _, label in rows]}).write_csv(folder / "rows.csv")
    script = f"""
        import classmark
        changes = {CHANGES!r}
        classmark.train("text-csv", "runs/plain", **changes)
        classmark.train("text-csv", "runs/told", **changes, train__trackers=["tensorboard", "mlflow", "wandb"])
    """
    done = python(textwrap.dedent(script), folder)
    assert "tracker" not in done.stderr
    return folder


def python(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A process that finds no server anywhere and no settings of the user."""
    names = ("MLFLOW_TRACKING_URI", "WANDB_MODE", "WANDB_BASE_URL")
    known = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder, env={**known, "https_proxy": "http://127.0.0.1:9", "HOME": str(folder)},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def test_the_run_is_the_same_to_the_last_bit(work: Path) -> None:
    for name in ("history.jsonl", "model/weights.safetensors"):
        assert (work / "runs/plain" / name).read_bytes() == (work / "runs/told" / name).read_bytes()


def test_tensorboard(work: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(work / "runs/told/tensorboard"))
    events.Reload()
    history = [json.loads(line) for line in (work / "runs/told/history.jsonl").read_text().splitlines()]
    seen = [(one.step, one.value) for one in events.Scalars("validation_loss")]
    assert seen == [(row["step"], pytest.approx(row["validation_loss"])) for row in history]
    accuracy = json.loads((work / "runs/told/judgement.json").read_text())["metrics"]["accuracy"]
    for end in ("", "_low", "_high"):
        [one] = events.Scalars(f"test/accuracy{end}")
        assert one.value == pytest.approx(accuracy[end.strip("_") or "value"])
    [recipe] = events.Tensors("recipe/text_summary")
    assert b"name: text-csv" in recipe.tensor_proto.string_val[0]
    [report] = events.Tensors("report/text_summary")
    assert b"report.html" in report.tensor_proto.string_val[0]


def test_mlflow(work: Path) -> None:
    with contextlib.closing(sqlite3.connect(work / "runs/mlflow.db")) as store:
        [(run, name, status, artefacts)] = store.execute("SELECT run_uuid, name, status, artifact_uri FROM runs")
        parameters = dict(store.execute("SELECT key, value FROM params WHERE run_uuid = ?", (run,)))
        losses = "SELECT step, value FROM metrics WHERE run_uuid = ? AND key = 'validation_loss' ORDER BY step"
        seen = [list(row) for row in store.execute(losses, (run,))]
        last = dict(store.execute("SELECT key, value FROM latest_metrics WHERE run_uuid = ?", (run,)))
    history = [json.loads(line) for line in (work / "runs/told/history.jsonl").read_text().splitlines()]
    assert (name, status) == ("told", "FINISHED")
    assert parameters["train.epochs"] == "2"
    assert seen == [[row["step"], row["validation_loss"]] for row in history]
    accuracy = json.loads((work / "runs/told/judgement.json").read_text())["metrics"]["accuracy"]
    assert [last[f"test/accuracy{end}"] for end in ("", "_low", "_high")] == [
        accuracy["value"], accuracy["low"], accuracy["high"]
    ]  # fmt: skip
    kept = sorted(path.name for path in Path(artefacts.removeprefix("file://")).iterdir())
    assert kept == ["judgement.json", "recipe.yaml", "report.html"]


def test_wandb_offline(work: Path) -> None:
    [store] = (work / "runs/told/wandb").glob("offline-run-*")
    [records] = store.glob("*.wandb")
    content = records.read_bytes()
    for said in (b"validation_loss", b"test/accuracy_low", b"train.epochs", b"report.html"):
        assert said in content
    assert json.loads((work / "runs/told/trackers.json").read_text())["wandb"] == records.stem.removeprefix("run-")


def test_one_that_fails_is_told_once_and_harms_nothing(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        id: str | None = None

        def evaluated(self, step: int, values: object) -> None:
            raise OSError("the store is full")

    monkeypatch.setattr(tracked, "_open", lambda name, opened: Broken())
    said: list[str] = []
    recipe = classmark.Run(work / "runs/told").recipe
    trackers = tracked.Trackers(classmark.Run(work / "runs/plain").files, recipe, said.append)
    for step in (1, 2):
        trackers.evaluated({"step": step, "validation_loss": 0.5})
    trackers.close("done")
    left_out = [
        f"note     The tracker {name} is left out from here on, since it failed (the store is full)."
        for name in recipe.train.trackers
    ]
    assert said == left_out


def test_a_missing_package_is_told_before_anything_is_written(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracked, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as error:
        train(classmark.Run(work / "runs/told").recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert (
        str(error.value)
        == 'train.trackers: tensorboard needs the package "tensorboard": pip install "classmark[tensorboard]"'
    )
