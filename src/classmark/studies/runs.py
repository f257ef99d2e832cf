"""The runs of a study in progress: started one after another, as many at once as asked for, each in a process of its own."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from classmark.judging.studies.answers import answer
from classmark.judging.studies.outcomes import Outcome
from classmark.recipes import load_recipe, write_recipe
from classmark.recipes.schema import Backbone, Recipe
from classmark.recipes.study_load import recipe_of
from classmark.recipes.study_schema import Study
from classmark.report.words import seconds_text
from classmark.runs import RunFiles
from classmark.runs.status import DONE, FAILED, INTERRUPTED, RUNNING, read_status, write_status
from classmark.studies.outcomes import read_outcome
from classmark.system.files import written
from classmark.system.screen import Screen

COMMAND = [sys.executable, "-c", "import sys; from classmark.cli.main import run; sys.exit(run())"]
FOLDS = "data.folds"  # the name of the study as which a cross-validation is run
POLL_SECONDS = 0.2
LINE_SECONDS = 30.0
STOPPED = (0, 130, 143)  # exit codes of a run that is done or was interrupted
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux's prctl.h


@dataclass(frozen=True)
class Place:
    """Where a run of the study stands."""

    arm: str
    seed: int
    run: RunFiles
    log: Path
    fold: int | None = None

    @property
    def name(self) -> str:
        return f"{self.arm} seed {self.seed}" + ("" if self.fold is None else f" fold {self.fold}")


@dataclass(frozen=True)
class Started:
    """A run in progress."""

    place: Place
    process: subprocess.Popen[bytes]
    log: IO[bytes]


class Runner:
    """The runs in progress, and what is said about them.

    Args:
        study: whose runs they are.
        every: all of them, in order; those that are done are left alone.
        folder: of the study.
        workers: how many run at the same time, and the threads of each whose recipe names none.
        came: the signals that asked for a stop; others add to it.
    """

    def __init__(
        self, study: Study, every: list[Place], folder: Path, workers: tuple[int, int], came: list[int]
    ) -> None:
        self.study, self.every, self.folder, self.came = study, every, folder, came
        self.jobs, self.threads = workers
        self.waiting = [place for place in self.every if read_status(place.run).state != DONE]
        self.started: list[Started] = []
        self.console, self._line = Screen(), time.monotonic()
        self._told = 0
        self._bar: Progress | None = None
        self._found: dict[tuple[str, int], Outcome] = {}

    def work(self) -> None:
        """Until every run is done or has failed, or all are stopped."""
        try:
            self._work()
        finally:
            if self._bar is not None:
                self._bar.stop()

    def _work(self) -> None:
        ready = len(self.every) - len(self.waiting)
        what = "folds" if self.study.name == FOLDS else "arms"
        seeds = len(self.study.seed_list)
        self.say(
            f"study    {len(self.study.arms)} {what}, {seeds} seed{'s' * (seeds != 1)}, {ready} of {len(self.every)} done"
        )
        self._stop_if_settled(self.every)
        while self.started or (self.waiting and not self.came):
            if len(self.came) > self._told:
                self._pass_on()
            self._collect()
            while self.waiting and len(self.started) < self.jobs and not self.came and self._settled():
                self._start(self.waiting.pop(0))
            self._progress()
            time.sleep(POLL_SECONDS)

    def _stop_if_settled(self, ended: Sequence[Place]) -> None:
        """Start no further run of a sequential study whose claims have their verdicts, or that misses a seed."""
        if not self.study.sequential:
            return
        self._found |= {(one.arm, one.seed): read_outcome(one.run, one.arm, one.seed) for one in ended}
        if self.waiting and answer(self.study, list(self._found.values())).settled:
            self.waiting = []
            self.say("settled  no further run is needed")
        elif self.waiting and any(read_status(one.run).state == FAILED for one in ended if one not in self.waiting):
            self.waiting = []
            self.say("stopped  seeds count in their order, and a run failed: repair it and resume")

    def say(self, line: str) -> None:
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _start(self, place: Place) -> None:
        wait_until_quiet(place.run)
        if not place.run.recipe.exists():
            recipe = recipe_of(self.study, place.arm, place.seed, self.threads, place.fold)
            if self.jobs > 1:  # runs beside each other would measure each other
                recipe = recipe.model_copy(update={"judge": recipe.judge.model_copy(update={"prediction_cost": False})})
            write_recipe(place.run.recipe, recipe)
        line = {"arm": place.arm, "seed": place.seed, **({} if place.fold is None else {"fold": place.fold})}
        self.started.append(launch(place, self.folder / "started.jsonl", line))
        self.say(f"started  {place.name}")

    def _settled(self) -> bool:
        """Whether the runs in progress have replaced every `auto`: two that measure at once would disturb each other."""
        return all(is_settled(load_recipe(str(one.place.run.recipe))) for one in self.started)

    def _collect(self) -> None:
        for one in [one for one in self.started if one.process.poll() is not None]:
            self.started.remove(one)
            one.log.close()
            note_end(one.place, one.process.returncode, asked=bool(self.came))
            found = read_outcome(one.place.run, one.place.arm, one.place.seed)
            if found.done:
                said = f"accuracy {found.metrics['accuracy']:.2%} in {seconds_text(found.seconds)}"
            else:
                said = f"{found.state}{': ' if found.message else ''}{found.message}"
            self.say(f"{'done' if found.done else 'ended':8} {one.place.name}  {said}")
            self._stop_if_settled([one.place])

    def _pass_on(self) -> None:
        """Tell the runs to stop; a second time, at once."""
        self._told += 1
        self.say("Stopping the runs after their step (again: stop at once) …")
        for one in self.started:
            with contextlib.suppress(ProcessLookupError):
                one.process.terminate()

    def _progress(self) -> None:
        terminal = self.console.is_terminal
        if not self.started or (not terminal and time.monotonic() - self._line < LINE_SECONDS):
            return
        self._line = time.monotonic()
        finished = [place.run for place in self.every if read_status(place.run).state == DONE]
        shares = {one.place.name: share_done(one.place.run) for one in self.started}
        now = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
        done = len(finished) + sum(shares.values())
        if terminal:
            self._show_bar(done, now)
            return
        mean = sum(read_status(run).total_seconds or 0.0 for run in finished) / len(finished) if finished else 0.0
        about = f"; about {seconds_text(mean * (len(self.every) - done) / self.jobs)} left" if finished else ""
        self.say(f"running  {len(finished)} of {len(self.every)} runs done; {now}{about}")

    def _show_bar(self, done: float, now: str) -> None:
        if self._bar is None:
            columns = (TextColumn("study"), BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self.console, transient=True)
            self._bar.add_task(now, total=len(self.every))
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, description=now)


def launch(place: Place, starts: Path, line: Mapping[str, Any]) -> Started:
    """A process that trains the run of a place, or goes on with it.

    Args:
        place: whose run folder has its recipe.
        starts: the file that gets a line for each start.
        line: what it says of the run; the state that the run is found in and the time come on top.
    """
    with written(place.log):
        place.log.parent.mkdir(parents=True, exist_ok=True)
        log = place.log.open("ab")
    known = {"state": read_status(place.run).state, "at": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
    with written(starts), starts.open("a", encoding="utf-8") as ledger:
        ledger.write(json.dumps({**line, **known}, ensure_ascii=False) + "\n")
    process = subprocess.Popen(
        [*COMMAND, "train", "--resume", str(place.run.path)],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C reaches it through us alone
        preexec_fn=_ending_with(os.getpid()) if os.name == "posix" else None,
    )
    return Started(place, process, log)


def is_settled(recipe: Recipe) -> bool:
    """Whether nothing is left to be measured before the first step."""
    model = recipe.model
    features = isinstance(model, Backbone) and model.tune == "head" and model.features == "auto"
    return recipe.train.precision != "auto" and not features


def wait_until_quiet(run: RunFiles) -> None:
    """Until no process owns a run folder whose last one was left behind."""
    while read_status(run).state_now == RUNNING:
        time.sleep(POLL_SECONDS)


def share_done(run: RunFiles) -> float:
    """How much of its training a run has behind it, from 0 to 1."""
    status = read_status(run)
    if not status.steps_in_epoch:
        return 0.0
    epochs = status.epoch - 1 + status.step / status.steps_in_epoch
    return epochs / load_recipe(str(run.recipe)).train.epochs


def note_end(place: Place, code: int, *, asked: bool) -> None:
    """Make sure that the status says how a run ended: a process that was killed cannot.

    Args:
        place: of the run.
        code: exit code of its process; below 0 the signal that killed it.
        asked: it was to stop. Then it may have died of the signal while it was still loading, which is no failure.
    """
    status = read_status(place.run)
    if status.state in (DONE, FAILED):
        return
    if asked or code in STOPPED:
        if status.state == RUNNING:
            write_status(place.run, replace(status, state=INTERRUPTED, message="Stopped."))
    else:
        lines = place.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        why = f"ended by signal {-code}" if code < 0 else (lines[-1] if lines else f"exit code {code}")
        write_status(place.run, replace(status, state=FAILED, message=why))


def _ending_with(parent: int) -> Callable[[], None]:
    """What a new process does first: ask to be told to stop when the study's own process is gone (Linux only)."""
    libc = ctypes.CDLL(None) if platform.system() == "Linux" else None

    def ask() -> None:
        if libc is not None:
            libc.prctl(_DEATH_SIGNAL, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(130)

    return ask
