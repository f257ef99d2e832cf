"""One owner per folder: alive here, killed, on another machine, and on a file system that knows no locks."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest

from classmark.errors import OutsideError, RunError
from classmark.system import locks
from classmark.system.alive import process_start
from classmark.system.locks import NAME, Owner, owned, owner_of

HOLD = "import sys, time; from pathlib import Path; from classmark.system.locks import owned\n" \
       "with owned(Path(sys.argv[1]), 'is at work'):\n    print('held', flush=True); time.sleep(60)"  # fmt: skip


def holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def left_behind(folder: Path, pid: int, host: str | None = None, start: str | None = None) -> None:
    folder.mkdir(exist_ok=True)
    content = {"pid": pid, "host": host or platform.node(), "start": start}
    (folder / NAME).write_text(json.dumps(content))


def test_a_living_owner_is_named_and_a_killed_one_is_followed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = holder(folder)
    try:
        assert owner_of(folder) == Owner(process.pid, platform.node(), process_start(process.pid))
        with pytest.raises(RunError) as caught, owned(folder, "is training this run"):
            pass
        assert str(caught.value) == (
            f"{folder}: process {process.pid} is training this run. Wait for it, or stop it: kill {process.pid}"
        )
    finally:
        process.kill()
        process.communicate()
    assert (folder / NAME).exists()
    assert owner_of(folder) is None
    with owned(folder, "is training this run"):
        mine = owner_of(folder)
        assert mine is not None
        assert mine.pid == os.getpid()
    assert list(folder.iterdir()) == []


def test_an_error_frees_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), owned(tmp_path, "is at work"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}'])
def test_a_damaged_lock_that_nobody_holds_is_taken(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)
    with owned(tmp_path, "is at work"):
        pass


def test_an_owner_on_another_machine_is_gone_once_it_is_silent(tmp_path: Path) -> None:
    left_behind(tmp_path, 4711, host="gpu7", start="other-boot/99")
    status = tmp_path / "status.json"
    status.write_text("{}")
    with pytest.raises(RunError) as caught, owned(tmp_path, "is training this run", renewed="status.json"):
        pass
    assert str(caught.value) == (
        f'{tmp_path}: process 4711 on the machine "gpu7" is training this run. Wait for it, or, if that process is gone, '
        f"remove {tmp_path / NAME}"
    )
    old = time.time() - locks.SILENT_SECONDS - 5
    os.utime(status, (old, old))
    with owned(tmp_path, "is training this run", renewed="status.json"):
        pass


def test_a_container_of_before_on_this_machine_is_gone(tmp_path: Path) -> None:
    mine = process_start(os.getpid())
    assert mine is not None
    left_behind(tmp_path, 1, host="another-container", start=f"{mine.partition('/')[0]}/5")
    with owned(tmp_path, "is at work"):
        pass


class TestWithoutLocksOfTheSystem:
    """Then the number and the start of the process tell whether it lives."""

    @pytest.fixture(autouse=True)
    def _unknown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(locks, "_hold", lambda _descriptor, *, shared: "unknown")

    def test_a_living_process(self, tmp_path: Path) -> None:
        left_behind(tmp_path, os.getppid(), start=process_start(os.getppid()))
        with pytest.raises(RunError, match=f"process {os.getppid()} is at work"), owned(tmp_path, "is at work"):
            pass

    def test_a_number_that_was_given_again(self, tmp_path: Path) -> None:
        left_behind(tmp_path, os.getppid(), start="earlier")
        with owned(tmp_path, "is at work"):
            pass

    def test_no_such_process(self, tmp_path: Path) -> None:
        left_behind(tmp_path, 2**22 + 1, start="earlier")
        with owned(tmp_path, "is at work"):
            pass


def test_a_process_that_ended_is_not_alive(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    while process_start(process.pid) is not None:  # until it ends; nobody has waited for it yet
        time.sleep(0.01)
    process.wait()
    assert process_start(process.pid) is None


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match="this is a file, and a folder is needed"), owned(tmp_path / "file", "x"):
        pass
