"""What a running training shows and heeds: `status.json`, the progress on screen, Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from classmark.errors import ClassmarkError, Interrupted
from classmark.runs import RunFiles
from classmark.runs.history import read_timings, write_timings
from classmark.runs.status import DONE, FAILED, INTERRUPTED, RUNNING, Status, write_status
from classmark.system.progress import LINE_SECONDS
from classmark.training.loop import Pace
from classmark.training.state import TrainState

RENEW_SECONDS = 0.5


class RunWatch:
    """Keeps `status.json` fresh, shows progress on standard error, and notes an interruption.

    The first Ctrl-C or SIGTERM asks for a stop at the next step; the second ends the process as usual.
    """

    def __init__(self, run: RunFiles, epochs: int) -> None:
        self.run, self.epochs = run, epochs
        self.console = Console(stderr=True)
        self.signal_number = 0
        self._started = time.monotonic()
        self._stage, self._stage_started = "data", self._started
        self._lock = threading.Lock()
        self._seconds = {"data": 0.0, "training": 0.0, "judging": 0.0}
        self._status = Status(state=RUNNING)
        self._bar: Progress | None = None
        self._line = self._started
        self._timings = read_timings(run)

    @property
    def interrupted(self) -> bool:
        return self.signal_number != 0

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
        """Seconds of each stage so far, and in all."""
        with self._lock:
            running = {self._stage: self._seconds[self._stage] + time.monotonic() - self._stage_started}
        rounded = {name: round(value, 2) for name, value in {**self._seconds, **running}.items()}
        return {**rounded, "total": round(time.monotonic() - self._started, 2)}

    def stepped(self, state: TrainState, steps_in_epoch: int, pace: Pace) -> None:
        """A training step is done."""
        self._status = replace(self._status, epoch=state.epoch, step=state.step, steps_in_epoch=steps_in_epoch)
        speed = f"{pace.per_second:,.0f} {pace.unit}/s"
        text = f"loss {state.sums.loss:.4f}  accuracy {state.sums.accuracy:.2%}  {speed}"
        if self.console.is_terminal:
            self._show_bar(state, steps_in_epoch, text)
        elif time.monotonic() - self._line > LINE_SECONDS:
            self._line = time.monotonic()
            left = pace.seconds / pace.steps * (steps_in_epoch - state.step)
            place = f"epoch {state.epoch}/{self.epochs}  step {state.step}/{steps_in_epoch}"
            self.console.print(f"{place}  {text}  {left:.0f} s left in this epoch", highlight=False, soft_wrap=True)

    def evaluated(self, row: dict[str, Any], pace: Pace | None) -> None:
        """An evaluation is done; with a pace, an epoch is."""
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
        write_status(self.run, replace(self._status, seconds=self.seconds()))


@contextmanager
def watched(run: RunFiles, epochs: int) -> Iterator[RunWatch]:
    """A watch whose `status.json` is renewed twice a second and ends as `done`, `interrupted` or `failed`."""
    watch, over = RunWatch(run, epochs), threading.Event()

    def renew() -> None:
        while not over.wait(RENEW_SECONDS):
            watch.write_status()

    watch.write_status()
    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        with _heeding_signals(watch):
            yield watch
        final = {"state": DONE, "message": ""}
    except Interrupted as error:
        final = {"state": INTERRUPTED, "message": str(error)}
        raise
    except KeyboardInterrupt:
        final = {"state": INTERRUPTED, "message": "stopped at once"}
        raise
    except BaseException as error:
        reason = str(error) if isinstance(error, ClassmarkError) else f"{type(error).__name__}: {error}"
        final = {"state": FAILED, "message": reason}
        raise
    finally:
        watch.close_bar()
        over.set()
        thread.join()
        watch.write_status(**final)


@contextmanager
def _heeding_signals(watch: RunWatch) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # Python delivers signals to the main thread only
        return

    def note(number: int, _frame: FrameType | None) -> None:
        if watch.interrupted:
            raise KeyboardInterrupt
        watch.signal_number = number
        print("\nStopping after this step (again: stop at once) …", file=sys.stderr)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
