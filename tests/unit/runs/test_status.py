"""`status.json`: written whole, read as what it says, and killed if nothing renews it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from classmark.errors import RunError
from classmark.runs import RunFiles
from classmark.runs.status import SILENT_SECONDS, Status, read_status, write_status


@pytest.fixture
def run(tmp_path: Path) -> RunFiles:
    return RunFiles(tmp_path / "run")


def test_without_a_file_the_status_is_missing(run: RunFiles) -> None:
    assert read_status(run) == Status(state="missing")
    assert (read_status(run).state_now, read_status(run).total_seconds) == ("missing", None)


def test_what_is_written_is_read(run: RunFiles) -> None:
    status = Status("failed", 3, 7, 20, "no room left on the device", {"training": 1.5, "total": 2.0})
    write_status(run, status)
    assert read_status(run) == status
    assert read_status(run).total_seconds == 2.0


def test_the_keys_of_the_file(run: RunFiles) -> None:
    write_status(run, Status("done", seconds={"total": 2.0}))
    content = json.loads(run.status.read_text())
    assert list(content) == ["state", "epoch", "step", "steps_in_epoch", "message", "seconds"]


def test_what_was_used_is_there_where_it_is_known(run: RunFiles) -> None:
    write_status(run, Status("done", seconds={"total": 2.0}, processor_seconds=3.5, peak_bytes=2**30))
    assert json.loads(run.status.read_text())["peak_bytes"] == 2**30
    assert (read_status(run).processor_seconds, read_status(run).peak_bytes) == (3.5, 2**30)
    write_status(run, Status("done", seconds={"total": 2.0}, processor_seconds=3.5))
    assert list(json.loads(run.status.read_text()))[-1] == "processor_seconds"
    assert read_status(run).peak_bytes is None


@pytest.mark.parametrize("state", ["running", "done", "interrupted", "failed"])
def test_only_a_running_run_that_is_silent_was_killed(run: RunFiles, state: str) -> None:
    write_status(run, Status(state))
    assert not read_status(run).was_killed
    silent = time.time() - SILENT_SECONDS - 1
    os.utime(run.status, (silent, silent))
    assert read_status(run).was_killed == (state == "running")
    assert read_status(run).state_now == ("killed" if state == "running" else state)


def test_what_an_older_file_lacks_has_its_default(run: RunFiles) -> None:
    run.path.mkdir()
    run.status.write_text('{"state": "done", "seconds": null, "further": 1}')
    assert read_status(run) == Status("done")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "expected a JSON object, found list."),
        ('{"seconds": [1]}', "seconds: expected a number for each stage; the file is damaged."),
        ('{"seconds": {"total": "long"}}', "seconds: expected a number for each stage; the file is damaged."),
        ('{"peak_bytes": "much"}', "peak_bytes: expected a number; the file is damaged."),
        ('{"epoch": null}', "epoch: expected a number; the file is damaged."),
    ],
)
def test_damage_is_said(run: RunFiles, content: str, message: str) -> None:
    run.path.mkdir()
    run.status.write_text(content)
    with pytest.raises(RunError) as caught:
        read_status(run)
    assert str(caught.value) == f"{run.status}: {message}"
