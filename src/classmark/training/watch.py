"""What a running training shows and heeds: `status.json`, the progress on screen, Ctrl-C."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from classmark.errors import ClassmarkError, Interrupted, OutsideError, spelt
from classmark.runs import RunFiles
from classmark.runs.history import read_timings, write_timings
from classmark.runs.status import DONE, FAILED, INTERRUPTED, RUNNING, Status, read_status, write_status
from classmark.system.machine import peak_bytes, processor_seconds
from classmark.system.outside import OTHER_DISK, is_about_memory, outside_error
from classmark.system.progress import LINE_SECONDS
from classmark.system.screen import Screen
from classmark.system.signals import end_at, heeded, say_from_handler, signal_of
from classmark.training.loop import Pace
from classmark.training.state import TrainState
from classmark.training.trackers.tracked import Trackers

RENEW_SECONDS = 0.5
ESTIMATE_STEPS = 20
LESS_MEMORY = (
    "Start again with a smaller input.max_tokens, train.piece_tokens, train.batch_size or model.hidden_size; or allow more "
    "memory, then continue with:"
)


class RunWatch:
    """Keeps `status.json` fresh, shows progress on standard error, and notes an interruption.

    The first Ctrl-C or SIGTERM asks for a stop at the next step; the second stops at once, as the first does before
    training and after it.
    """

    def __init__(self, run: RunFiles, epochs: int) -> None:
        self.run, self.epochs = run, epochs
        self.console = Screen()
        self.signal_number = 0
        self.ended_by = 0  # the signal that stopped it at once
        self._started = time.monotonic()
        self._stage, self._stage_started = "data", self._started
        self._lock = threading.Lock()
        self._before = read_status(run)  # of a run that is resumed: what it took until then
        self._seconds = {name: self._before.seconds.get(name, 0.0) for name in ("data", "training", "judging")}
        self._processor_seconds = processor_seconds()
        self._status = Status(state=RUNNING)
        self._bar: Progress | None = None
        self._line = self._started
        self._timings = read_timings(run)
        self._estimated = False
        self._first_step_seconds: float | None = None
        self.trackers: Trackers | None = None

    @property
    def interrupted(self) -> bool:
        return self.signal_number != 0

    def stop(self, number: int) -> None:
        """A signal asks for a stop: after the step that is trained on, or at once where there is nothing to save."""
        if self._stage != "training" or self.interrupted:
            self.ended_by = number
            end_at(number)
        self.signal_number = number
        say_from_handler("\nStopping after this step (again: stop at once) …")

    def say(self, message: str) -> None:
        """A line on standard error, and the message of `status.json`."""
        self._status = replace(self._status, message=message)
        self.console.print(Text(message), soft_wrap=True)  # as text: a class may be named [b]

    def stage(self, name: str) -> None:
        """`data`, `training` or `judging` begins."""
        with self._lock:
            self._seconds[self._stage] += time.monotonic() - self._stage_started
            self._stage, self._stage_started = name, time.monotonic()

    def seconds(self) -> dict[str, float]:
        """Seconds of each stage so far, and in all, with those before the run was resumed."""
        with self._lock:
            running = {self._stage: self._seconds[self._stage] + time.monotonic() - self._stage_started}
        rounded = {name: round(value, 2) for name, value in {**self._seconds, **running}.items()}
        total = self._before.seconds.get("total", 0.0) + time.monotonic() - self._started
        return {**rounded, "total": round(total, 2)}

    def used(self) -> dict[str, Any]:
        """`processor_seconds` and `peak_bytes` so far; None where they are not known of all processes of the run."""
        before, peak = self._before, peak_bytes()
        computed = round(processor_seconds() - self._processor_seconds, 2)
        if not before.seconds:
            return {"processor_seconds": computed, "peak_bytes": peak}
        earlier = before.processor_seconds
        return {
            "processor_seconds": None if earlier is None else round(earlier + computed, 2),
            "peak_bytes": None if before.peak_bytes is None or peak is None else max(before.peak_bytes, peak),
        }

    def stepped(self, state: TrainState, steps_in_epoch: int, pace: Pace) -> None:
        """A training step is done."""
        self._status = replace(self._status, epoch=state.epoch, step=state.step, steps_in_epoch=steps_in_epoch)
        speed = f"{pace.per_second:,.0f} {pace.unit}/s"
        text = f"loss {state.sums.loss:.4f}  accuracy {state.sums.accuracy:.2%}  {speed}"
        self._estimate(state, steps_in_epoch, pace)
        if self.console.is_terminal:
            self._show_bar(state, steps_in_epoch, text)
        elif time.monotonic() - self._line > LINE_SECONDS:
            self._line = time.monotonic()
            left = pace.seconds / pace.steps * (steps_in_epoch - state.step)
            place = f"epoch {state.epoch}/{self.epochs}  step {state.step}/{steps_in_epoch}"
            self.console.print(f"{place}  {text}  {left:.0f} s left in this epoch", highlight=False, soft_wrap=True)

    def _estimate(self, state: TrainState, steps_in_epoch: int, pace: Pace) -> None:
        """Say once how long training will take; the first step, which has the largest batch, is left out."""
        if pace.steps == 1:
            self._first_step_seconds = pace.seconds
        if self._estimated or pace.steps < ESTIMATE_STEPS or self._first_step_seconds is None:
            return
        self._estimated = True
        per_step = (pace.seconds - self._first_step_seconds) / (pace.steps - 1)
        left = per_step * (steps_in_epoch * (self.epochs - state.epoch + 1) - state.step)
        if left > LINE_SECONDS:
            self.console.print(f"training takes about {duration(left)} more", highlight=False, soft_wrap=True)

    def evaluated(self, row: dict[str, Any], pace: Pace | None) -> None:
        """An evaluation is done; with a pace, an epoch is."""
        if self.trackers is not None:
            self.trackers.evaluated(row)
        if pace:
            waiting = pace.waiting_seconds / pace.seconds
            end = f"{pace.seconds:.1f} s, {waiting:.1%} of them waiting for data"
            self._timings.append(
                {
                    "epoch": row["epoch"],
                    "step": row["step"],
                    "seconds": round(pace.seconds, 3),
                    pace.unit: pace.size,
                    f"{pace.unit}_per_second": round(pace.per_second, 1),
                    "waiting_share": round(waiting, 4),
                }
            )
            write_timings(self.run, self._timings)
        else:
            end = f"(step {row['step']})"
        if row.get("skipped_steps"):
            end += f"; {row['skipped_steps']} steps so far were not finite and passed over"
        self.close_bar()
        self.console.print(
            f"epoch {row['epoch']}/{self.epochs}  train loss {row['train_loss']:.4f} accuracy {row['train_accuracy']:.2%}"
            f"  validation loss {row['validation_loss']:.4f} accuracy {row['validation_accuracy']:.2%}"
            f"  {end}",
            highlight=False,
            soft_wrap=True,
        )

    def close_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _show_bar(self, state: TrainState, steps: int, text: str) -> None:
        if self._bar is None:
            columns = (
                TextColumn("epoch {task.fields[epoch]}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, TextColumn("{task.description}"), console=self.console, transient=True)
            self._bar.add_task(text, total=steps, epoch=f"{state.epoch}/{self.epochs}")
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=state.step, description=text)

    def write_status(self, **changes: Any) -> None:
        """Write `status.json` as it stands, after these changes."""
        if changes:  # without any, the thread that renews the status never takes back what the loop says meanwhile
            self._status = replace(self._status, **changes)
        write_status(self.run, replace(self._status, seconds=self.seconds(), **self.used()))


@contextmanager
def watched(run: RunFiles, epochs: int) -> Iterator[RunWatch]:
    """A watch whose `status.json` is renewed twice a second and ends as `done`, `interrupted` or `failed`.

    Raises:
        Interrupted: after a signal, with the command that goes on.
        OutsideError: the machine refuses something, with how to go on once it no longer does.
    """
    watch, over = RunWatch(run, epochs), threading.Event()

    def renew() -> None:
        while not over.wait(RENEW_SECONDS):
            with suppress(ClassmarkError):  # a full disk: what the run itself writes will tell
                watch.write_status()

    watch.write_status()
    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    ended: BaseException | None = None
    try:
        with heeded(watch.stop):
            yield watch
    except BaseException as error:
        ended = end_of(run, error, watch.ended_by)
        if ended is not error:
            raise ended from error
        raise
    finally:
        watch.close_bar()
        over.set()
        thread.join()
        if watch.trackers is not None:
            watch.trackers.close(_last_words(ended)["state"])
        with suppress(ClassmarkError) if ended is not None else nullcontext():
            watch.write_status(**_last_words(ended))


def end_of(run: RunFiles, error: BaseException, signal_number: int = 0) -> BaseException:
    """What a run ends with, for the user: a stop and what the machine refuses come with the way to go on.

    Args:
        run: that ends.
        error: why.
        signal_number: of the signal that stopped it at once, 0 without one. A library that is stopped may raise something else.
    """
    go_on = f"classmark train --resume {run.path}"
    if signal_number and not isinstance(error, ClassmarkError | KeyboardInterrupt):
        return Interrupted(f"Stopped. Continue with: {go_on}", signal_number)
    if isinstance(error, KeyboardInterrupt):
        return Interrupted(f"Stopped. Continue with: {go_on}", signal_of(error))
    refused = error if isinstance(error, OutsideError) else outside_error(error)
    if refused is None:
        return error
    if is_about_memory(refused):
        return OutsideError(refused.reason, f"{LESS_MEMORY} {go_on}", refused.place)
    remedy = spelt(refused.remedy, "command line").replace(f", {OTHER_DISK}", "")
    return OutsideError(refused.reason, f"{remedy} Then continue with: {go_on}", refused.place)


def _last_words(ended: BaseException | None) -> dict[str, str]:
    """The state that a run ends in, and why."""
    if ended is None:
        return {"state": DONE, "message": ""}
    said = str(ended) if isinstance(ended, ClassmarkError) else f"{type(ended).__name__}: {ended}"
    return {"state": INTERRUPTED if isinstance(ended, Interrupted) else FAILED, "message": said}


def duration(seconds: float) -> str:
    """Seconds in words, such as `4 min 10 s` or `2 h 5 min`, as exact as an estimate can be."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds / 10) * 10, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
