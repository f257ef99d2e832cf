"""Run the arms of a study: seed by seed, all arms of a seed together, each run in a process of its own.

The folder of a study holds `study.yaml` (resolved, written before the first run), `runs/<arm>-seed-<n>/`, `logs/`,
`started.jsonl` (a line each time a run is started), and the answers.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from rich.console import Console

from classmark.data.processes import cores
from classmark.data.progress import LINE_SECONDS
from classmark.errors import Interrupted, RunError
from classmark.judging.outcomes import DONE, FAILED, Outcome, read_outcome
from classmark.recipes import load_recipe
from classmark.recipes.schema import Backbone, Recipe
from classmark.recipes.study import Study, dump_study, load_study, recipe_of
from classmark.report.words import seconds_text
from classmark.runs import Run, read_json, write_json, write_text
from classmark.training.prepare import open_folder

POLL_SECONDS = 0.2
QUIET_SECONDS = 3.0  # a run renews its status twice a second
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux's prctl.h


@dataclass(frozen=True)
class Place:
    """Where a run of the study stands."""

    arm: str
    seed: int
    run: Run
    log: Path

    @property
    def name(self) -> str:
        return f"{self.arm} seed {self.seed}"


@dataclass(frozen=True)
class Started:
    """A run in progress."""

    place: Place
    process: subprocess.Popen[bytes]
    log: IO[bytes]


def begin_study(study: Study, folder: Path) -> Study:
    """The study that the folder holds, written there now if it is new.

    Raises:
        RunError: the folder holds another study, or something else.
    """
    path = folder / "study.yaml"
    if path.exists():
        begun = load_study(str(path))
        if not _same_question(begun, study):
            raise RunError(
                f"{folder}: the study there was begun otherwise ({_what_differs(begun, study)}). The question precedes the "
                f"result: go on with it, classmark study --resume {folder}, or begin this one elsewhere: --out FOLDER"
            )
        return begun
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise RunError(f"{folder}: the folder is not empty and holds no study. Give a new one: --out FOLDER")
    whole = study.model_copy(update={"cores": study.cores or cores()})
    write_text(path, dump_study(whole))
    return load_study(str(path))


def places(study: Study, folder: Path) -> list[Place]:
    """Every run of the study, seed by seed."""
    found = []
    for seed in study.seed_list:
        for arm in study.arms:
            name = f"{arm}-seed-{seed}"
            found.append(Place(arm, seed, Run(folder / "runs" / name), folder / "logs" / f"{name}.log"))
    return found


def outcomes(study: Study, folder: Path) -> list[Outcome]:
    """How every run of the study stands."""
    return [read_outcome(place.run, place.arm, place.seed) for place in places(study, folder)]


def run_study(study: Study, folder: Path, jobs: int | None = None) -> None:
    """Run what is not done yet; runs that failed before are tried again.

    Args:
        study: that of the folder.
        folder: of the study.
        jobs: runs at the same time, instead of the study's own number; each keeps the study's number of threads, so
            that its bits do not change.

    Raises:
        Interrupted: after Ctrl-C or SIGTERM; every run is stopped first, resumable.
        RunError: another process runs this study.
    """
    threads = max(1, (study.cores or cores()) // study.workers)
    with _alone(folder), _heeding_signals() as came:
        _Runner(study, folder, jobs or study.workers, threads, came).work()
    if came:
        raise Interrupted(f"Stopped. Continue with: classmark study --resume {folder}", came[0])


class _Runner:
    """The runs in progress, and what is said about them."""

    def __init__(self, study: Study, folder: Path, jobs: int, threads: int, came: list[int]) -> None:
        self.study, self.folder, self.jobs, self.threads = study, folder, jobs, threads
        self.came = came
        self.every = places(study, folder)
        self.waiting = [place for place in self.every if place.run.state != DONE]
        self.started: list[Started] = []
        self.console, self._line = Console(stderr=True), time.monotonic()
        self._told = 0

    def work(self) -> None:
        ready = len(self.every) - len(self.waiting)
        self.say(
            f"study    {len(self.study.arms)} arms, {len(self.study.seed_list)} seeds, {ready} of {len(self.every)} done"
        )
        while self.started or (self.waiting and not self.came):
            if len(self.came) > self._told:
                self._pass_on()
            self._collect()
            while self.waiting and len(self.started) < self.jobs and not self.came and self._settled():
                self._start(self.waiting.pop(0))
            self._progress()
            time.sleep(POLL_SECONDS)

    def say(self, line: str) -> None:
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _start(self, place: Place) -> None:
        wait_until_quiet(place.run)
        if not place.run.recipe.exists():
            open_folder(place.run, recipe_of(self.study, place.arm, place.seed), self._threads(place))
        place.log.parent.mkdir(parents=True, exist_ok=True)
        log = place.log.open("ab")
        line = {
            "arm": place.arm,
            "seed": place.seed,
            "state": place.run.state,
            "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        }
        with (self.folder / "started.jsonl").open("a", encoding="utf-8") as ledger:
            ledger.write(json.dumps(line, ensure_ascii=False) + "\n")
        words = [sys.executable, "-c", "import sys; from classmark.cli.main import run; sys.exit(run())"]
        process = subprocess.Popen(
            [*words, "train", "--resume", str(place.run.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches it through us alone
            preexec_fn=_ending_with(os.getpid()),
        )
        self.started.append(Started(place, process, log))
        self.say(f"started  {place.name}")

    def _threads(self, place: Place) -> int:
        return recipe_of(self.study, place.arm, place.seed).train.threads or self.threads

    def _settled(self) -> bool:
        """Whether the runs in progress have replaced every `auto`: two that measure at once would disturb each other."""
        return all(is_settled(load_recipe(str(one.place.run.recipe))) for one in self.started)

    def _collect(self) -> None:
        for one in [one for one in self.started if one.process.poll() is not None]:
            self.started.remove(one)
            one.log.close()
            code = one.process.returncode
            if code not in (0, 130, 143):
                _note_failure(one.place, code)
            found = read_outcome(one.place.run, one.place.arm, one.place.seed)
            if found.done:
                said = f"accuracy {found.metrics['accuracy']:.2%} in {seconds_text(found.seconds)}"
            else:
                said = f"{found.state}{': ' if found.message else ''}{found.message}"
            self.say(f"{'done' if found.done else 'ended':8} {one.place.name}  {said}")

    def _pass_on(self) -> None:
        """Tell the runs to stop; a second time, at once."""
        self._told += 1
        self.say("Stopping the runs after their step (again: stop at once) …")
        for one in self.started:
            with contextlib.suppress(ProcessLookupError):
                one.process.send_signal(signal.SIGINT)

    def _progress(self) -> None:
        if time.monotonic() - self._line < LINE_SECONDS or not self.started:
            return
        self._line = time.monotonic()
        done = sum(place.run.state == DONE for place in self.every)
        now = ", ".join(f"{one.place.name} {_how_far(one.place.run)}" for one in self.started)
        seconds = [status_seconds(place.run) for place in self.every if place.run.state == DONE]
        left = len(self.waiting) + len(self.started) / 2
        about = f"; about {seconds_text(sum(seconds) / len(seconds) * left / self.jobs)} left" if seconds else ""
        self.say(f"running  {done} of {len(self.every)} runs done; {now}{about}")


def is_settled(recipe: Recipe) -> bool:
    """Whether nothing is left to be measured before the first step."""
    model = recipe.model
    features = isinstance(model, Backbone) and model.tune == "head" and model.features == "auto"
    return recipe.train.precision != "auto" and not features


def status_seconds(run: Run) -> float:
    """The seconds that a run took so far."""
    return float((read_json(run.status).get("seconds") or {}).get("total", 0.0))


def wait_until_quiet(run: Run) -> None:
    """Until nothing writes to a run folder whose last process was left behind; a run that stands still is dead."""
    while run.state == "running" and time.time() - run.status.stat().st_mtime < QUIET_SECONDS:
        time.sleep(POLL_SECONDS)


def _how_far(run: Run) -> str:
    status = read_json(run.status) if run.status.exists() else {}
    steps = status.get("steps_in_epoch")
    if not steps:
        return "begins"
    epochs = load_recipe(str(run.recipe)).train.epochs
    return f"{(status['epoch'] - 1 + status['step'] / steps) / epochs:.0%}"


def _note_failure(place: Place, code: int) -> None:
    """Make sure that the status says so: a process that was killed cannot."""
    status = read_json(place.run.status) if place.run.status.exists() else {}
    if status.get("state") != FAILED:
        lines = place.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        why = f"ended by signal {-code}" if code < 0 else (lines[-1] if lines else f"exit code {code}")
        write_json(place.run.status, {**status, "state": FAILED, "message": why})


def _same_question(one: Study, other: Study) -> bool:
    return not _what_differs(one, other)


def _what_differs(begun: Study, asked: Study) -> str:
    """The keys of two studies that differ; how many cores it runs on is no part of the question."""
    keys = [key for key in Study.model_fields if key not in ("cores", "workers")]
    return ", ".join(key for key in keys if getattr(begun, key) != getattr(asked, key))


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Refuse a second process on the same study."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunError(f"{folder}: this study is running already; wait for it, or stop it with Ctrl-C.") from None
        yield


@contextlib.contextmanager
def _heeding_signals() -> Iterator[list[int]]:
    """Gives the list that Ctrl-C and SIGTERM add their numbers to, instead of ending the process."""
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ending_with(parent: int) -> Callable[[], None]:
    """What a new process does first: ask to be told to stop when the study's own process is gone (Linux only)."""
    libc = ctypes.CDLL(None) if platform.system() == "Linux" else None

    def ask() -> None:
        if libc is not None:
            libc.prctl(_DEATH_SIGNAL, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(130)

    return ask
