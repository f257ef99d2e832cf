"""`status.json`: how far a run is, and who owns the run. A living run writes it twice a second."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from classmark.errors import RunError
from classmark.runs.folder import RunFiles
from classmark.system.files import read_json, remove_unfinished, write_json
from classmark.system.locks import NAME as LOCK
from classmark.system.locks import check_unowned, owned, owner_of

RUNNING, DONE, INTERRUPTED, FAILED = "running", "done", "interrupted", "failed"
MISSING, KILLED = "missing", "killed"  # these two are never written
SILENT_SECONDS = 5.0
TRAINS = "is training this run"
COUNTS = ("epoch", "step", "steps_in_epoch")
USED = ("processor_seconds", "peak_bytes")


@dataclass(frozen=True)
class Status:
    """How far a run is.

    Attributes:
        state: `running`, `done`, `interrupted` or `failed`; `missing` if there is no status yet.
        epoch, step: the last step, both from 1; step 0 is before the first.
        steps_in_epoch: 0 until it is known.
        message: what the run said last, or why it ended.
        seconds: `data`, `training`, `judging` and `total`, of all processes of a run that was resumed; empty if they are
            not known.
        processor_seconds: what its processes computed, over all cores; None if it is not known.
        peak_bytes: the most memory that one of its processes held, from its start; None if it is not known.
        is_alive: whether a process owns the run, or, without a lock, wrote the status just now; not in the file.
    """

    state: str = MISSING
    epoch: int = 1
    step: int = 0
    steps_in_epoch: int = 0
    message: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    processor_seconds: float | None = None
    peak_bytes: int | None = None
    is_alive: bool = field(default=True, compare=False)

    @property
    def total_seconds(self) -> float | None:
        """Seconds that the run took so far; None if they are not known."""
        return self.seconds.get("total")

    @property
    def was_killed(self) -> bool:
        """Whether the status says `running`, and no process that lives is."""
        return self.state == RUNNING and not self.is_alive

    @property
    def state_now(self) -> str:
        """The state, or `killed` if the process of a running run is gone."""
        return KILLED if self.was_killed else self.state

    def to_json(self) -> dict[str, Any]:
        """The content of `status.json`."""
        counts = {name: getattr(self, name) for name in COUNTS}
        used = {name: value for name in USED if (value := getattr(self, name)) is not None}
        return {"state": self.state, **counts, "message": self.message, "seconds": dict(self.seconds), **used}


def read_status(run: RunFiles) -> Status:
    """The status of a run; one whose state is `missing` if there is none yet.

    Raises:
        RunError: the file is damaged.
    """
    if not run.status.exists():
        return Status()
    content = read_json(run.status)
    seconds = content.get("seconds") or {}
    if not isinstance(seconds, dict) or not all(_is_number(value) for value in seconds.values()):
        raise RunError(f"{run.status}: seconds: expected a number for each stage; the file is damaged.")
    numbers = {name: content[name] for name in (*COUNTS, *USED) if name in content}
    if wrong := [name for name, number in numbers.items() if not _is_number(number)]:
        raise RunError(f"{run.status}: {wrong[0]}: expected a number; the file is damaged.")
    return Status(
        state=str(content.get("state", MISSING)),
        message=str(content.get("message", "")),
        seconds=seconds,
        is_alive=_is_alive(run),
        **numbers,
    )


def write_status(run: RunFiles, status: Status) -> None:
    """Write `status.json`."""
    write_json(run.status, status.to_json())


@contextmanager
def owned_run(run: RunFiles) -> Iterator[None]:
    """In it this process alone writes into the run folder.

    Raises:
        RunError: another process does.
    """
    with owned(run.path, TRAINS, renewed=run.status.name):
        remove_unfinished(run.path)
        yield


def check_unowned_run(run: RunFiles) -> None:
    """Refuse a run that another process is training.

    Raises:
        RunError: one is.
    """
    check_unowned(run.path, TRAINS, renewed=run.status.name)


def is_owned(run: RunFiles) -> bool:
    """Whether a living process owns the run."""
    return owner_of(run.path, renewed=run.status.name) is not None


def _is_alive(run: RunFiles) -> bool:
    if is_owned(run):
        return True
    age_seconds = time.time() - run.status.stat().st_mtime
    return not (run.path / LOCK).exists() and age_seconds <= SILENT_SECONDS


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
