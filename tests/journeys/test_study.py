"""A study from its file to its verdict: paired arms, an interruption, a run that fails, the page."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from classmark.cli import main

WORDS = {"food": ["soup", "bread", "cook", "dish", "salt"], "sport": ["goal", "team", "match", "coach", "win"]}
STUDY = """
name: pooling
question: Does taking the maximum of the states beat taking the last?
metric: accuracy
margin: 0.01
target_accuracy: 0.6
recipe: text-csv
overrides:
  train: {epochs: 2, batch_size: 4, precision: fp32, threads: 1, evaluate_every_steps: 15, checkpoint_every_steps: 5}
  model: {hidden_size: 12, embedding_size: 8, layers: 1}
  judge: {draws: 100, baselines: false}
arms:
  last: {overrides: {model.pooling: last}}
  max: {overrides: {model.pooling: max}}
seeds: [4, 9]
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data, the study, and the study's own folder after an interruption and its continuation."""
    folder = tmp_path_factory.mktemp("study")
    drawn, rows = random.Random(5), []
    every = [word for words in WORDS.values() for word in words]
    for number in range(240):
        label = drawn.choice(list(WORDS))
        words = [drawn.choice(WORDS[label] if drawn.random() < 0.5 else every) for _ in range(drawn.randint(4, 12))]
        rows.append(f"{' '.join(words)} w{number},{label}")
    (folder / "reviews.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    (folder / "study.yaml").write_text(STUDY)
    process = start(folder, "study.yaml", "data.path=reviews.csv")
    wait_for(folder / "studies/pooling/runs/max-seed-4/checkpoints", process)
    with held(pid_of(folder / "studies/pooling/runs/max-seed-4")) as training:
        process.send_signal(signal.SIGINT)
        wait_until_asked_to_stop(training)
    _, stderr = process.communicate(timeout=240)
    assert process.returncode == 130, stderr
    assert "classmark study --resume studies/pooling" in stderr
    answers = json.loads((folder / "studies/pooling/study.json").read_text())
    assert [(run["arm"], run["seed"], run["state"]) for run in answers["runs"]] == [
        ("last", 4, "done"), ("max", 4, "interrupted"), ("last", 9, "not started"), ("max", 9, "not started"),
    ]  # fmt: skip
    assert answers["comparisons"][0]["verdict"] == "not settled"
    (folder / "first.bytes").write_bytes(weights(folder, "last-seed-4"))
    process = start(folder, "study.yaml", "data.path=reviews.csv", "--jobs", "2")
    wait_for(folder / "studies/pooling/runs/max-seed-9/checkpoints", process)
    os.kill(pid_of(folder / "studies/pooling/runs/max-seed-9"), signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=240)
    assert process.returncode == 0, stderr
    assert "1 of 4 runs failed" in stdout
    failed = json.loads((folder / "studies/pooling/study.json").read_text())
    assert failed["runs"][3] | {"seconds": 0} == FAILED
    assert (failed["comparisons"][0]["missing"], failed["comparisons"][0]["verdict"]) == (1, "not settled")
    done = run(folder, "--resume", "studies/pooling")
    assert done.returncode == 0, done.stderr
    assert "Does taking the maximum" in done.stdout
    return folder


FAILED = {
    "arm": "max", "seed": 9, "state": "failed", "message": "ended by signal 9", "seconds": 0,
    "metrics": {}, "tempered": {}, "steps_to_target": None, "curve": [],
}  # fmt: skip


def pid_of(run_folder: Path) -> int:
    """The process that trains in this folder."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if entry.read_bytes().rstrip(b"\0").endswith(b"/".join(str(run_folder).encode().split(b"/")[-4:])):
                return int(entry.parent.name)
    raise AssertionError("no process trains there")


@contextlib.contextmanager
def held(pid: int) -> Iterator[int]:
    """In it the process stands still, so that it cannot be done before a signal comes."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGCONT)


def wait_until_asked_to_stop(pid: int) -> None:
    """Until SIGTERM waits for a process that stands still."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/status").read_text()
        pending = int(status.partition("ShdPnd:")[2].split()[0], 16)
        if pending >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.01)
    raise AssertionError("the study did not ask its run to stop")


def command(*words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("classmark")), "study", *words]


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command(*words), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), cwd=folder, capture_output=True, text=True, check=False, timeout=240)


def wait_for(checkpoints: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        if any(checkpoints.glob("*/state.json")):
            return
        time.sleep(0.005)
    raise AssertionError("the study did not get there")


def weights(folder: Path, name: str) -> bytes:
    return (folder / "studies/pooling/runs" / name / "model/weights.safetensors").read_bytes()


def answers(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "studies/pooling/study.json").read_text())
    return found


def test_it_goes_on_where_it_stopped(work: Path) -> None:
    found = answers(work)
    assert [run["state"] for run in found["runs"]] == ["done"] * 4
    assert weights(work, "last-seed-4") == (work / "first.bytes").read_bytes()
    started = [json.loads(line) for line in (work / "studies/pooling/started.jsonl").read_text().splitlines()]
    assert [(one["arm"], one["seed"], one["state"]) for one in started] == [
        ("last", 4, "missing"), ("max", 4, "missing"), ("max", 4, "interrupted"), ("last", 9, "missing"), ("max", 9, "missing"),
        ("max", 9, "failed"),
    ]  # fmt: skip
    comparison = found["comparisons"][0]
    assert (comparison["arm"], comparison["reference"], comparison["missing"]) == ("max", "last", 0)
    scores = {(run["arm"], run["seed"]): run["metrics"]["accuracy"] for run in found["runs"]}
    gains = [scores["max", seed] - scores["last", seed] for seed in (4, 9)]
    assert comparison["primary"]["value"] == pytest.approx(sum(gains) / 2)
    page = (work / "studies/pooling/report.html").read_text()
    assert "Does taking the maximum of the states beat taking the last?" in page
    assert "learning-curves" not in page or "<svg" in page
    assert {"few_seeds"} <= {one["code"] for one in found["findings"]}


def test_a_run_in_the_study_is_the_run_alone(work: Path) -> None:
    """The interrupted and resumed run has the bits of its recipe run by itself."""
    recipe = work / "studies/pooling/runs/max-seed-4/recipe.yaml"
    assert main.run(["train", str(recipe), "--out", str(work / "alone")]) == 0
    assert (work / "alone/model/weights.safetensors").read_bytes() == weights(work, "max-seed-4")


def test_the_question_precedes_the_result(
    work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(work)
    assert main.run(["study", "study.yaml", "data.path=reviews.csv", "margin=0.2"]) == 2
    assert "was begun otherwise (margin)" in capsys.readouterr().err
    assert main.run(["study", "--resume", "studies/pooling", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == answers(work)
    stated = yaml.safe_load((work / "studies/pooling/study.yaml").read_text())
    assert (stated["direction"], stated["seeds"], stated["margin"]) == ("higher", [4, 9], 0.01)
    assert stated["arms"]["max"]["recipe"]["data"]["path"] == str(work / "reviews.csv")


def test_pairs_share_weights_split_and_order(work: Path) -> None:
    from classmark.models.build import build_model, initialise
    from classmark.recipes.study_load import load_study, recipe_of
    from classmark.training.inputs import load_inputs

    study = load_study(str(work / "studies/pooling/study.yaml"))
    study = study.model_copy(update={"arms": {**study.arms, "attention": _attention(study)}})
    for seed in study.seed_list:
        sides = []
        for arm in study.arms:
            recipe = recipe_of(study, arm, seed)
            dataset, inputs = load_inputs(recipe)
            model = build_model(recipe.model, inputs.shape, len(dataset.classes))
            initialise(model, recipe.seed)
            batches = [inputs.train.training_batches(recipe.train, seed, epoch) for epoch in (1, 2)]
            splits = [frame["id"].to_list() for frame in (dataset.train, dataset.validation, dataset.test)]
            sides.append((model.state_dict(), [[list(rows) for rows in epoch] for epoch in batches], splits))
        (first, *others) = sides
        for weights_of, order, splits in others:
            shared = set(first[0]) & set(weights_of)
            assert len(shared) > 5
            assert all(first[0][name].equal(weights_of[name]) for name in shared)
            assert (order, splits) == first[1:]
        assert set(first[0]) < set(others[-1][0])  # attention has weights of its own


def _attention(study: Any) -> Any:
    from classmark.recipes.study_schema import Arm

    recipe = study.arms["last"].recipe
    return Arm(recipe=recipe | {"model": recipe["model"] | {"pooling": "attention"}})


def test_a_table_of_its_runs_says_the_same(work: Path) -> None:
    """Once with the run folders and once with their predictions files, in a process that has no torch."""
    native, runs = answers(work), work / "studies/pooling/runs"
    forms = {"folders": "{run}", "files": "{run}/predictions/test.parquet"}
    for name, file in forms.items():
        lines = ["arm,seed,file,validation,training_rows"]
        for one in native["runs"]:
            run_folder = runs / f"{one['arm']}-seed-{one['seed']}"
            held_out = "" if name == "folders" else f"{run_folder}/predictions/validation.parquet"
            rows = json.loads((run_folder / "data.json").read_text())["splits"]["train"]
            lines.append(f"{one['arm']},{one['seed']},{file.format(run=run_folder)},{held_out},{rows}")
        (work / f"{name}.csv").write_text("\n".join(lines) + "\n")
    script = (
        "import sys; sys.modules['torch'] = None; import classmark\n"
        f"for name in {list(forms)}: classmark.study(table=f'{{name}}.csv', margin=0.01, target_accuracy=0.6)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=work, check=True, timeout=120)
    for name in forms:
        found = json.loads((work / f"studies/{name}/study.json").read_text())
        ours, theirs = found["comparisons"][0], native["comparisons"][0]
        parts = list(theirs)
        if name == "files":  # which have no learning curves
            parts = ["verdict", "p_margin", "primary", "rows", "tempered", "resplit", "worst"]
            for part in ("metrics", "better"):
                assert ours[part] == {key: one for key, one in theirs[part].items() if key != "steps_to_target"}
        assert {part: ours[part] for part in parts} == {part: theirs[part] for part in parts}
        assert found["arms"]["max"]["metrics"] == native["arms"]["max"]["metrics"]
        if name == "folders":
            assert found["arms"] == native["arms"]
            assert found["runs"] == native["runs"]
            assert found["findings"] == native["findings"]
