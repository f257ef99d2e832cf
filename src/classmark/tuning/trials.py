"""The trials of a tuning in progress: proposed, trained in processes of their own, followed epoch by epoch, ended early."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from classmark.errors import ClassmarkError
from classmark.judging.metric import LOWER_IS_BETTER, SPOKEN
from classmark.judging.studies.tuned import UNFINISHED, Trial
from classmark.recipes import load_recipe, write_recipe
from classmark.recipes.tune_schema import Tuning
from classmark.report.tune import shown_values
from classmark.report.words import seconds_text, value_text
from classmark.runs import RunFiles
from classmark.runs.history import read_history, read_timings
from classmark.runs.status import DONE, FAILED, INTERRUPTED, read_status, write_status
from classmark.studies.runs import (
    LINE_SECONDS,
    POLL_SECONDS,
    Place,
    Started,
    is_settled,
    launch,
    note_end,
    share_done,
    wait_until_quiet,
)
from classmark.system.screen import Screen
from classmark.tuning.place import place_of
from classmark.tuning.proposals import Proposals, recipe_of_trial
from classmark.tuning.values import validation_value


@dataclass(frozen=True)
class Running:
    """A trial whose run is in progress."""

    trial: Trial
    started: Started

    @property
    def place(self) -> Place:
        return self.started.place


class Trials:
    """The trials in progress, and what is said about them.

    Args:
        tuning: whose trials they are.
        folder: of the tuning.
        proposals: says what to try.
        numbers: how many trials in all, including earlier ones, and how many run at the same time.
        came: the signals that asked for a stop; others add to it.
    """

    def __init__(
        self, tuning: Tuning, folder: Path, proposals: Proposals, numbers: tuple[int, int], came: list[int]
    ) -> None:
        self.tuning, self.folder, self.proposals, self.came = tuning, folder, proposals, came
        self.count, self.workers = numbers
        begun = proposals.trials()
        self.waiting = [one for one in begun if one.state == UNFINISHED]
        self.begun, self.ended = len(begun), len(begun) - len(self.waiting)
        self.running: list[Running] = []
        self.console, self._line, self._told = Screen(), time.monotonic(), 0
        self._bar: Progress | None = None

    def work(self) -> None:
        """Until so many trials are over, or all are stopped."""
        ranges = len(self.tuning.ranges)
        self.say(
            f"tune     {ranges} key{'s' * (ranges != 1)}, {self.count} trials, {self.ended} of them over; the best has the "
            f"{'lowest' if self.tuning.metric in LOWER_IS_BETTER else 'highest'} {SPOKEN[self.tuning.metric]} on validation rows"
        )
        try:
            self._work()
        finally:
            if self._bar is not None:
                self._bar.stop()

    def _work(self) -> None:
        while True:
            if len(self.came) > self._told:
                self._pass_on()
            for one in list(self.running):
                self._follow(one)
            while not self.came and self._has_more() and len(self.running) < self.workers and self._settled():
                self._start()
            if not self.running and (self.came or not self._has_more()):
                return
            self._progress()
            time.sleep(POLL_SECONDS)

    def say(self, line: str) -> None:
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _has_more(self) -> bool:
        return bool(self.waiting) or self.begun < self.count

    def _settled(self) -> bool:
        """Whether the runs in progress have replaced every `auto`: two that measure at once would disturb each other."""
        return all(is_settled(load_recipe(str(one.place.run.recipe))) for one in self.running)

    def _start(self) -> None:
        if self.waiting:
            trial = self.waiting.pop(0)
        else:
            trial, self.begun = self.proposals.next(), self.begun + 1
        place = place_of(self.folder, trial, self.tuning.seed)
        wait_until_quiet(place.run)
        if not place.run.recipe.exists():
            try:
                write_recipe(place.run.recipe, recipe_of_trial(self.tuning, trial.values, trial.number))
            except ClassmarkError as error:
                self._fail(trial, str(error).splitlines()[0])
                return
        if self._is_hopeless(trial, place.run):
            self._prune(trial, place.run)
        elif read_status(place.run).state == DONE:
            self._finish(trial, place.run)
        else:
            started = launch(place, self.folder / "started.jsonl", {"trial": trial.number})
            self.running.append(Running(trial, started))
            self.say(f"started  {trial.name}  {shown_values(trial)}")

    def _follow(self, one: Running) -> None:
        """End a trial that has become hopeless, and take in one that has ended."""
        code = one.started.process.poll()
        if self._is_hopeless(one.trial, one.place.run):
            one.started.process.kill()
            one.started.process.wait()
            self._end(one)
            self._prune(one.trial, one.place.run)
        elif code is not None:
            self._end(one)
            if code == 0:
                self._finish(one.trial, one.place.run)
                return
            note_end(one.place, code, asked=bool(self.came))
            status = read_status(one.place.run)
            if status.state == FAILED:
                self._fail(one.trial, status.message)
            else:
                self.say(f"stopped  {one.trial.name}")

    def _end(self, one: Running) -> None:
        self.running.remove(one)
        one.started.log.close()

    def _is_hopeless(self, trial: Trial, run: RunFiles) -> bool:
        """Report each epoch that is over, in order, up to the first after which the trial is to be ended."""
        if not run.timings.exists():
            return False
        last = load_recipe(str(run.recipe)).train.epochs
        return any(
            self.proposals.report(trial, epoch, value) and epoch < last
            for epoch, value in epoch_values(self.tuning, run).items()
        )

    def _finish(self, trial: Trial, run: RunFiles) -> None:
        value = validation_value(self.tuning, run)
        if value is None:
            self._fail(trial, f"{SPOKEN[self.tuning.metric]} is not defined on its validation rows")
            return
        self.ended += 1
        self.proposals.finish(trial, value)
        said = f"{SPOKEN[self.tuning.metric]} {value_text(value, self.tuning.metric)}"
        self.say(f"done     {trial.name}  {said} in {seconds_text(read_status(run).total_seconds)}")

    def _prune(self, trial: Trial, run: RunFiles) -> None:
        self.ended += 1
        self.proposals.prune(trial)
        write_status(run, replace(read_status(run), state=INTERRUPTED, message="ended early"))
        shutil.rmtree(run.checkpoints, ignore_errors=True)
        self.say(f"early    {trial.name}  ended, worse than the median of the trials before it")

    def _fail(self, trial: Trial, message: str) -> None:
        self.ended += 1
        self.proposals.fail(trial, message)
        self.say(f"failed   {trial.name}  {message}")

    def _pass_on(self) -> None:
        """Tell the runs to stop; a second time, at once."""
        self._told += 1
        self.say("Stopping the trials after their step (again: stop at once) …")
        for one in self.running:
            if one.started.process.poll() is None:
                one.started.process.terminate()

    def _progress(self) -> None:
        terminal = self.console.is_terminal
        if not self.running or (not terminal and time.monotonic() - self._line < LINE_SECONDS):
            return
        self._line = time.monotonic()
        shares = {one.trial.name: share_done(one.place.run) for one in self.running}
        now = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
        if not terminal:
            self.say(f"running  {self.ended} of {self.count} trials over; {now}")
            return
        if self._bar is None:
            columns = (TextColumn("tune"), BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self.console, transient=True)
            self._bar.add_task(now, total=max(self.count, self.begun))
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=self.ended + sum(shares.values()), description=now)


def epoch_values(tuning: Tuning, run: RunFiles) -> dict[int, float]:
    """Epoch → validation value at its end, which pruning goes by: accuracy, or the loss where it chooses or has one meaning.

    The loss of training has no common scale where its own keys are tuned; accuracy has. For metrics of which a larger value
    is better, the loss has its sign changed.
    """
    ends = {int(row["step"]): int(row["epoch"]) for row in read_timings(run)}
    rows = {ends[int(row["step"])]: row for row in read_history(run) if int(row["step"]) in ends}
    by_accuracy = tuning.metric == "accuracy" or any(key.startswith("loss.") for key in tuning.ranges)
    lower = tuning.metric in LOWER_IS_BETTER
    found = {}
    for epoch, row in sorted(rows.items()):
        better_high = float(row["validation_accuracy"]) if by_accuracy else -float(row["validation_loss"])
        found[epoch] = -better_high if lower else better_high
    return found
