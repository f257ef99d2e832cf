"""Tuning with a stand-in for training: trials, pruning, kills and continuations, and what fresh rows say."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import classmark
import made_runs
from classmark.errors import InputError, Interrupted, RecipeError, RunError
from classmark.judging.studies.tuned import Tuned
from classmark.predictions import read
from classmark.recipes import load_recipe
from classmark.recipes.tune_load import dump_tuning, load_tuning
from classmark.runs import RunFiles
from classmark.runs.looks import LEDGER

DRIVER = f"""
import sys
sys.path.append({str(Path(made_runs.__file__).parent)!r})
import made_runs
import classmark.tuning.trials
classmark.tuning.trials.launch = made_runs.launch
from classmark.cli.main import run
sys.exit(run(sys.argv[1:]))
"""
SPACE = """
metric: log_loss
pruning_after: 2
fresh: 0.4
ranges:
  optimizer.learning_rate: {kind: log, low: 1e-4, high: 1.0}
  model.hidden_size: {kind: int, low: 4, high: 15}
  model.pooling: {kind: choice, values: [last, concat]}
"""
CHANGES = {"data__path": "reviews.csv", "train__epochs": 2, "train__precision": "fp32", "model__hidden_size": 12}
WORDS = ["data.path=reviews.csv", "train.epochs=2", "train.precision=fp32", "model.hidden_size=12"]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("classmark.tuning.trials.launch", made_runs.launch)
    monkeypatch.setattr("classmark.tuning.trials.POLL_SECONDS", 0.02)
    Path("space.yaml").write_text(SPACE)


def tuned(trials: int, out: str = "tuned", **further: Any) -> Tuned:
    return classmark.tune("text-csv", "space.yaml", trials, out=out, **{**CHANGES, **further})


def trials_of(folder: Path | str) -> list[dict[str, Any]]:
    """The trials of `tune.json` without what clocks say."""
    rows = json.loads((Path(folder) / "tune.json").read_text())["trials"]
    return [{key: value for key, value in row.items() if "seconds" not in key} for row in rows]


def start(*words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "MADE_SECONDS": "0.05"}
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, "tune", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def test_a_killed_tuning_goes_on_with_the_same_trials() -> None:
    whole = tuned(5, "whole")
    words = ["text-csv", *WORDS, "--space", "space.yaml", "--trials", "5", "--out", "killed"]
    drawn = random.Random(3)
    for _ in range(2):
        process = start(*words)
        begun = len(list(Path("killed/trials").glob("*"))) if Path("killed/trials").exists() else 0
        deadline = time.monotonic() + 60
        while len(list(Path("killed/trials").glob("*"))) <= begun and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(drawn.random())
        process.kill()
        process.communicate(timeout=60)
    with Path("killed/journal.log").open("a") as journal:
        journal.write('{"op_code":8,"wor')  # a line that was being written
    process = start(*words)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    assert "No trial predicted a test row" in " ".join(stdout.split())
    assert trials_of("killed") == trials_of("whole")
    states = [one.trial.state for one in whole.trials]
    assert set(states) <= {"done", "ended early"}
    assert "ended early" in states, "no trial was pruned, so that this test says nothing of it"
    assert whole.trials[0].trial.values == {
        "optimizer.learning_rate": 0.003, "model.hidden_size": 12, "model.pooling": "concat"
    }  # fmt: skip


def test_the_best_trial_is_looked_at_on_fresh_rows_and_its_recipe_trains() -> None:
    found = tuned(3, judge__level=0.9)
    content = json.loads(Path("tuned/tune.json").read_text())
    done = {row["trial"]: row["value"] for row in content["trials"] if row["state"] == "done"}
    best = content["best"]
    assert best["chosen"] == min(done.values()) == done[best["trial"]]
    assert (best["chosen_rows"], best["fresh_rows"]) == (60, 40)
    run = RunFiles(Path("tuned/trials") / f"trial-{best['trial']}")
    judged = classmark.judge(read(run.predictions("fresh")), level=0.9).metrics["log_loss"]
    assert best["fresh"] == {"value": judged.value, "low": judged.low, "high": judged.high, "method": judged.method}
    assert judged.value is not None
    assert judged.low is not None
    assert judged.high is not None
    assert best["optimism"]["value"] == pytest.approx(judged.value - best["chosen"])
    assert best["optimism"]["low"] == pytest.approx(judged.low - best["chosen"])
    assert best["optimism"]["high"] == pytest.approx(judged.high - best["chosen"])
    assert (content["test_looks"], found.test_looks) == (0, 0)
    recipe = load_recipe("tuned/best.yaml")
    assert (recipe.name, recipe.data.fresh, recipe.judge.baselines) == ("text-csv-tuned", None, True)
    assert recipe.optimizer.learning_rate == best["values"]["optimizer.learning_rate"]
    page = Path("tuned/report.html").read_text()
    assert f"trial {best['trial']}" in page
    assert content["level"] == 0.9
    assert "90 % interval" in page
    assert "95 %" not in page
    assert "optimizer.learning_rate" in page


def test_several_workers_and_more_trials_later() -> None:
    tuned(3)
    first = trials_of("tuned")
    found = classmark.tune(resume="tuned", trials=5, workers=2)
    assert trials_of("tuned")[:3] == first
    assert [one.trial.number for one in found.trials] == [1, 2, 3, 4, 5]


def test_a_trial_that_predicted_test_rows_is_told() -> None:
    tuned(1)
    look = {"test_sha256": "a", "weights_sha256": "b", "recipe": "text-csv", "run": "trial-1"}
    Path("tuned/trials", LEDGER).write_text(json.dumps(look) + "\n")
    found = classmark.tune(resume="tuned", trials=1)
    assert found.test_looks == 1
    assert "The ledger of test looks holds 1 by trials" in Path("tuned/report.html").read_text()


def test_failed_trials_are_listed_and_others_count() -> None:
    Path("space.yaml").write_text("ranges: {optimizer.learning_rate: {kind: choice, values: [0.01, 16]}}")
    found = tuned(6)
    failed = [one.trial for one in found.trials if one.trial.state == "failed"]
    assert {one.message for one in failed} == {"made to fail"}
    assert found.best is not None
    assert found.best.values == {"optimizer.learning_rate": 0.01}
    Path("space.yaml").write_text("ranges: {optimizer.learning_rate: {kind: choice, values: [0.01, 16]}}")
    with pytest.raises(RunError) as error:
        tuned(1, "none", optimizer__learning_rate=16)
    assert str(error.value) == "none: no trial was done. The first that failed: made to fail"


def test_a_trial_whose_metric_is_undefined_is_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classmark.tuning.trials.validation_value", lambda tuning, run: None)
    said: list[str] = []
    monkeypatch.setattr("classmark.tuning.trials.Trials.say", lambda self, line: said.append(line))
    monkeypatch.setattr("classmark.tuning.trials.LINE_SECONDS", 0)
    with pytest.raises(RunError, match="log loss is not defined on its validation rows"):
        tuned(2)
    assert [line for line in said if line.startswith("failed")] == [
        f"failed   trial {number}  log loss is not defined on its validation rows" for number in (1, 2)
    ]
    assert {line.split()[1] for line in said if line.startswith("running")} == {"0", "1"}


def test_ctrl_c_ends_it_and_says_how_to_go_on() -> None:
    process = start("text-csv", *WORDS, "--space", "space.yaml", "--trials", "50", "--out", "stopped")
    deadline = time.monotonic() + 60
    while not list(Path("stopped/trials").glob("*/timings.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped. Continue with: classmark tune --resume stopped" in stderr
    assert trials_of("stopped")


def test_another_tuning_of_the_same_folder_is_refused() -> None:
    tuned(1)
    Path("space.yaml").write_text(SPACE.replace("high: 15", "high: 14"))
    with pytest.raises(RunError) as error:
        tuned(1)
    assert str(error.value) == (
        "tuned: the tuning there was begun otherwise (ranges). Go on with it, classmark tune --resume tuned, or begin this one "
        "elsewhere: --out FOLDER"
    )
    Path("full").mkdir()
    Path("full/notes.txt").write_text("mine")
    with pytest.raises(RunError) as error:
        tuned(1, "full")
    assert str(error.value) == "full: the folder is not empty and holds no tuning. Give a new one: --out FOLDER"


def test_what_goes_together() -> None:
    for arguments, said in (
        ({}, "Name a recipe, for instance: classmark tune text-csv --space ranges.yaml — or a folder: "
             "classmark tune --resume FOLDER"),
        ({"recipe": "text-csv"}, 'Name the file of the ranges: space="FILE.yaml"; docs/guides/tune.md has one.'),
        ({"resume": "x", "out": "y"}, "resume: it goes on with a tuning as it was begun, and takes neither ranges, fresh, "
         "out nor changes."),
        ({"resume": "x"}, "x: this is not the folder of a tuning (it has no tune.yaml)."),
    ):  # fmt: skip
        with pytest.raises(RecipeError) as error:
            classmark.tune(**arguments)  # type: ignore[arg-type]
        assert str(error.value) == said
    with pytest.raises(InputError, match=r"trials: 0: a whole number from 1 to 100,000 is expected\."):
        tuned(0)
    assert issubclass(Interrupted, Exception)


BAD = """ranges:
  optimizer.learning_rate: {kind: log, low: 1e-4, high: 10000}
  model.layers: {kind: float, low: 1, high: 3}
  model.poling: {kind: choice, values: [last, max]}
  model.pooling: {kind: choice, values: [last, mac]}
  data.limit: {kind: int, low: 10, high: 20}
  train.batch_size: {kind: int, low: 0, high: 20}
  loss.gamma: {kind: choice, values: [1, 1.0]}
"""
SAID = """space.yaml, line 2: optimizer.learning_rate: 10000: a number above 0 and at most 1,000 is expected.
space.yaml, line 3: model.layers: kind: float gives fractions, and the key takes whole numbers; write kind: int.
space.yaml, line 4: model.poling: unknown key. Did you mean "pooling"?
space.yaml, line 5: model.pooling: "mac": one of last, max, mean, concat, attention is expected. Did you mean "max"?
space.yaml, line 6: data.limit: this key cannot be tuned: all trials are to have the same rows.
space.yaml, line 7: train.batch_size: 0: a whole number of at least 1 is expected.
space.yaml, line 8: loss.gamma: values: one stands here twice."""
AT = "ranges.model.layers"
BAD_RANGES = {
    "{kind: choise, low: 1}": f'{AT}.kind: "choise": one of float, log, int, choice is expected. Did you mean "choice"?',
    "{kind: int, low: 1, hihg: 3}": f'{AT}.hihg: unknown key. Did you mean "high"?',
    "{kind: int, low: 1}": f"{AT}: high: kind: int needs low and high.",
    "{kind: int, low: 3, high: 2}": f"{AT}: low: 3.0 is not below high, 2.0.",
    "{kind: int, low: 1.5, high: 2}": f"{AT}: low: 1.5: kind: int takes whole numbers.",
    "{kind: log, low: 0, high: 2}": f"{AT}: low: 0.0: kind: log needs numbers above 0.",
    "{kind: log, low: 1, high: 2, step: 1}": f"{AT}: step: kind: log takes none; leave it out, or write kind: float.",
    "{kind: choice, values: [1]}": f"{AT}: values: 1 of them; kind: choice takes 2 to 200, such as [16, 32].",
    "{kind: choice, low: 1, values: [1, 2]}": f"{AT}: kind: choice takes values, and neither low, high nor step.",
    "{kind: int, values: [1, 2]}": f"{AT}: kind: int takes low and high, and no values; or write kind: choice.",
}  # fmt: skip


def test_every_end_and_choice_is_tried_in_the_recipe() -> None:
    recipe = load_recipe("text-csv", ["data.path=reviews.csv"])
    Path("space.yaml").write_text(BAD)
    with pytest.raises(RecipeError) as error:
        load_tuning(Path("space.yaml"), recipe)
    assert str(error.value) == SAID


@pytest.mark.parametrize("written", BAD_RANGES)
def test_what_is_wrong_with_a_range(written: str) -> None:
    Path("space.yaml").write_text(f"ranges:\n  model.layers: {written}\n")
    with pytest.raises(RecipeError) as error:
        load_tuning(Path("space.yaml"), load_recipe("text-csv", ["data.path=reviews.csv"]))
    assert str(error.value) == f"space.yaml, line 2: {BAD_RANGES[written]}"


def test_a_tuning_is_written_as_it_was_read() -> None:
    found = load_tuning(Path("space.yaml"), load_recipe("text-csv", ["data.path=reviews.csv"]), fresh=0.25)
    Path("tune.yaml").write_text(dump_tuning(found))
    assert load_tuning(Path("tune.yaml")) == found
    assert found.fresh == 0.25


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["data.folds=3"], "data.folds: tuning chooses on validation rows, of one split. Leave data.folds out."),
        (
            ["data.fresh=0.2"],
            "data.fresh: tuning sets it for its trials. Leave it out; fresh of the ranges says how many.",
        ),
    ],
)
def test_recipes_that_cannot_be_tuned(changes: list[str], said: str) -> None:
    with pytest.raises(RecipeError) as error:
        load_tuning(Path("space.yaml"), load_recipe("text-csv", ["data.path=reviews.csv", *changes]))
    assert str(error.value) == said
