"""The folder of a study: written before the first run, for one question, by one process at a time."""

from __future__ import annotations

import json
import math
import os
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from classmark.errors import RunError
from classmark.judging.studies.outcomes import Outcome
from classmark.recipes import load_recipe
from classmark.recipes.study_load import load_study
from classmark.recipes.study_schema import Study
from classmark.runs import RunFiles
from classmark.runs.status import read_status
from classmark.studies import runs as module
from classmark.studies.folder import begin_study, outcomes, places, run_study
from classmark.studies.runs import is_settled, wait_until_quiet
from classmark.system.files import write_json, write_text
from classmark.system.locks import owned


@pytest.fixture
def study(tmp_path: Path) -> Study:
    arms = {"a": {"overrides": {"train.epochs": 1}}, "b": {"overrides": {"train.epochs": 2}}}
    content = {"name": "made", "question": "?", "margin": 0.01, "recipe": "digits-quick", "arms": arms, "seeds": [5, 2]}
    write_text(tmp_path / "made.yaml", yaml.safe_dump(content, sort_keys=False))
    return load_study(str(tmp_path / "made.yaml"))


def test_begun_once(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "made"
    begun = begin_study(study, folder)
    assert begun.cores is not None
    assert begun == begin_study(study.model_copy(update={"workers": 2}), folder)  # as many workers as one likes
    with pytest.raises(RunError) as caught:
        begin_study(study.model_copy(update={"margin": 0.5, "question": "Another?"}), folder)
    assert str(caught.value) == (
        f"{folder}: the study there was begun otherwise (question, margin). The question precedes the result: go on with it, "
        f"classmark study --resume {folder}, or begin this one elsewhere: --out FOLDER"
    )


def test_a_folder_of_something_else(study: Study, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not empty and holds no study"):
        begin_study(study, tmp_path)


def test_seed_by_seed_all_arms_together(study: Study, tmp_path: Path) -> None:
    assert [place.name for place in places(study, tmp_path)] == ["a seed 5", "b seed 5", "a seed 2", "b seed 2"]
    found = outcomes(study, tmp_path)
    assert {one.state for one in found} == {"not started"}


def test_one_process_at_a_time(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    begin_study(study, folder)
    with owned(folder, "is running this study"), pytest.raises(RunError) as caught:
        run_study(study, folder)
    assert str(caught.value) == (
        f"{folder}: process {os.getpid()} is running this study. Wait for it, or stop it: kill {os.getpid()}"
    )


def test_runs_that_cannot_start_fail_and_are_listed(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "COMMAND", ["sh", "-c", "echo no room left on the device; exit 7"])
    folder = tmp_path / "made"
    run_study(begin_study(study, folder), folder, jobs=3)
    found = outcomes(study, folder)
    assert [(one.state, one.message) for one in found] == [("failed", "no room left on the device")] * 4
    started = [json.loads(line) for line in (folder / "started.jsonl").read_text().splitlines()]
    assert [(one["arm"], one["seed"]) for one in started] == [("a", 5), ("b", 5), ("a", 2), ("b", 2)]
    assert "ended    b seed 2  failed: no room left on the device" in capfd.readouterr().err
    assert load_recipe(str(places(study, folder)[1].run.recipe)).train.threads is not None


SIGNALLED = "kill -TERM $$"  # the process dies of it, as one does that is still loading


@pytest.mark.parametrize(
    ("command", "state", "asked", "expected"),
    [
        (SIGNALLED, None, True, "not started"),
        (SIGNALLED, "running", True, "interrupted"),
        (SIGNALLED, "running", False, "failed"),
        ("exit 70", "running", True, "interrupted"),
        ("exit 143", "running", False, "interrupted"),
        (SIGNALLED, "done", True, "done"),  # it was at its end already
        ("exit 7", None, False, "failed"),
    ],
)
def test_how_a_run_ended(
    command: str,
    state: str | None,
    asked: bool,
    expected: str,
    study: Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stop that reaches a run before it can heed it, or after it is done, is no failure."""
    place = places(study, tmp_path)[0]
    write_text(place.run.recipe, "name: made\n")
    write_text(place.log, "")
    if state is not None:
        write_json(place.run.status, {"state": state})
    runner = module.Runner(study, [place], tmp_path, (1, 1), [2] if asked else [])
    process = subprocess.Popen(["sh", "-c", command])
    process.wait()
    runner.started = [module.Started(place, process, place.log.open("rb"))]
    monkeypatch.setattr(
        module,
        "read_outcome",
        lambda run, arm, seed: Outcome(arm, seed, read_status(run).state, metrics={"accuracy": 1.0}, seconds=1.0),
    )
    runner._collect()
    found = read_status(place.run)
    assert found.state == ("missing" if expected == "not started" else expected)
    assert found.message == {
        "interrupted": "Stopped.",
        "failed": "ended by signal 15" if command == SIGNALLED else "exit code 7",
    }.get(expected, "")


def test_a_run_left_behind_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classmark.runs.status.SILENT_SECONDS", 1.5)
    run = RunFiles(tmp_path)
    write_json(run.status, {"state": "running"})
    before = time.monotonic()
    wait_until_quiet(run)
    assert time.monotonic() - before > 1
    write_json(run.status, {"state": "interrupted"})
    before = time.monotonic()
    wait_until_quiet(run)
    assert time.monotonic() - before < 1


def test_settled() -> None:
    auto, fixed = load_recipe("digits-quick"), load_recipe("digits-quick", ["train.precision=fp32"])
    assert (is_settled(auto), is_settled(fixed)) == (False, True)
    head = load_recipe("tiny-imagenet-lite", ["train.precision=fp32"])
    assert not is_settled(head)


def test_a_sequential_study_takes_more_seeds(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "made"
    begin_study(study, folder)
    longer = study.model_copy(update={"seeds": [5, 2, 9]})
    with pytest.raises(RunError, match=r"was begun otherwise \(seeds\)"):
        begin_study(longer, folder)
    other = tmp_path / "studies" / "sequential"
    begin_study(study.model_copy(update={"sequential": True}), other)
    assert begin_study(longer.model_copy(update={"sequential": True}), other).seed_list == [5, 2, 9]
    assert load_study(str(other / "study.yaml")).seed_list == [5, 2, 9]
    with pytest.raises(RunError, match=r"was begun otherwise \(seeds\)"):
        begin_study(study.model_copy(update={"sequential": True, "seeds": [2, 5, 9, 7]}), other)


def test_seeds_of_an_answered_study_are_refused(study: Study, tmp_path: Path) -> None:
    old, new = tmp_path / "studies" / "made", tmp_path / "studies" / "more"
    more = study.model_copy(update={"seeds": [2, 3, 5], "name": "more", "margin": 0.02})
    begin_study(study, old)
    begin_study(study, new.with_name("twin"))  # not answered yet
    write_json(old / "study.json", {})
    with pytest.raises(RunError) as caught:
        begin_study(more, new)
    assert str(caught.value) == (
        f"{old}: this study has answered the question with seeds 2, 5 already. A new one that counts them again is wrong more "
        "often than 5 in 100: take others, for instance seeds=[6, 7, 8], or a study with sequential: true, which takes more "
        "seeds at any time."
    )
    begin_study(study, new.with_name("again"))  # the same seeds: it repeats the study
    begin_study(more.model_copy(update={"metric": "f1"}), new.with_name("f1"))
    begin_study(more.model_copy(update={"seeds": [7, 8]}), new)


@pytest.mark.parametrize(("gain", "spread", "seeds"), [(0.05, 0.01, 5), (0.01, 0.04, 9)])
def test_a_sequential_study_stops_when_it_is_settled(
    gain: float,
    spread: float,
    seeds: int,
    study: Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def made(run: RunFiles, arm: str, seed: int) -> Outcome:
        if not run.recipe.exists():
            return Outcome(arm, seed)
        score = 0.8 + 0.01 * math.sin(seed) + (gain + spread * math.cos(7 * seed) if arm == "b" else 0.0)
        tempered = dict.fromkeys(("temperature", "log_loss", "brier", "ece"), 1.0)
        return Outcome(arm, seed, "done", metrics={"accuracy": score}, tempered=tempered)

    monkeypatch.setattr(module, "COMMAND", ["true"])
    monkeypatch.setattr(module, "read_outcome", made)
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    study = study.model_copy(update={"seeds": list(range(1, 10)), "sequential": True})
    folder = tmp_path / "made"
    run_study(begin_study(study, folder), folder, jobs=2)
    started = [json.loads(line) for line in (folder / "started.jsonl").read_text().splitlines()]
    assert len(started) == 2 * seeds
    assert ("settled  no further run is needed" in capfd.readouterr().err) == (seeds < 9)


def test_a_sequential_study_waits_for_a_run_that_failed(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "COMMAND", ["sh", "-c", "exit 7"])
    folder = tmp_path / "made"
    run_study(begin_study(study.model_copy(update={"sequential": True}), folder), folder)
    assert len((folder / "started.jsonl").read_text().splitlines()) == 1
    assert "stopped  seeds count in their order, and a run failed: repair it and resume" in capfd.readouterr().err
