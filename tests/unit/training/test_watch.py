"""What a running training shows: `status.json`, `timings.jsonl`, lines on standard error, and how it heeds signals."""

from __future__ import annotations

import errno
import io
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from classmark.errors import Interrupted, OutsideError, RunError
from classmark.runs import RunFiles
from classmark.runs.status import Status, read_status, write_status
from classmark.system.files import read_json, read_jsonl
from classmark.system.signals import Stopped
from classmark.training import watch as watch_module
from classmark.training.loop import Pace
from classmark.training.state import Sums, TrainState
from classmark.training.watch import RunWatch, watched

ROW = {
    "epoch": 1,
    "step": 40,
    "train_loss": 0.51234,
    "train_accuracy": 0.75,
    "validation_loss": 0.4,
    "validation_accuracy": 0.8125,
}


@pytest.fixture
def run(tmp_path: Path) -> RunFiles:
    return RunFiles(tmp_path / "run")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the seconds that the watch sees, from 100 on."""
    now = [100.0]
    monkeypatch.setattr(watch_module, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def at(seconds: float) -> None:
        now[0] = 100.0 + seconds

    return at


def state(step: int, epoch: int = 1) -> TrainState:
    return TrainState(epoch=epoch, step=step, sums=Sums(loss_sum=4.0, hits=6, rows=8))


def pace(steps: int, size: int, seconds: float, waiting_seconds: float = 0.0) -> Pace:
    return Pace("tokens", size, steps, waiting_seconds, started=1_000.0, ended=1_000.0 + seconds)


def wait_for(run: RunFiles, **expected: Any) -> dict[str, Any]:
    """`status.json` once it says this; a reader never finds it half-written."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        status = read_json(run.status)
        if expected.items() <= status.items():
            return status
        time.sleep(0.005)
    raise AssertionError(f"{read_json(run.status)} never said {expected}")


def test_the_status_is_renewed_while_the_run_goes_on(run: RunFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    assert watch_module.RENEW_SECONDS <= 1
    monkeypatch.setattr(watch_module, "RENEW_SECONDS", 0.01)
    with watched(run, epochs=3) as watch:
        first = read_json(run.status)
        assert {name: first[name] for name in ("state", "epoch", "step", "steps_in_epoch", "message")} == {
            "state": "running", "epoch": 1, "step": 0, "steps_in_epoch": 0, "message": ""
        }  # fmt: skip
        watch.stepped(state(step=7, epoch=2), 9, pace(7, 100, 1))
        watch.say("words    12 in the vocabulary")
        status = wait_for(run, epoch=2, step=7, steps_in_epoch=9, message="words    12 in the vocabulary")
        assert list(status["seconds"]) == ["data", "training", "judging", "total"]
        later = status["seconds"]["total"]
        deadline = time.monotonic() + 10
        while later == status["seconds"]["total"] and time.monotonic() < deadline:
            later = read_json(run.status)["seconds"]["total"]
        assert later > status["seconds"]["total"]


def test_a_run_that_ends_is_done_and_no_longer_renewed(run: RunFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "RENEW_SECONDS", 0.01)
    threads = threading.active_count()
    with watched(run, epochs=1) as watch:
        assert threading.active_count() == threads + 1
        watch.say("report   run/report.html")
    assert (read_status(run).state, read_status(run).message) == ("done", "")
    assert threading.active_count() == threads


ENDS: list[tuple[BaseException, str, str, str]] = [
    (Interrupted("Stopped. Continue with: …", 15), "interrupted", "Interrupted", "Stopped. Continue with: …"),
    (KeyboardInterrupt(), "interrupted", "Interrupted", "Stopped. Continue with: classmark train --resume {run}"),
    (Stopped(15), "interrupted", "Interrupted", "Stopped. Continue with: classmark train --resume {run}"),
    (
        RunError("run: the data is no longer what it was."),
        "failed",
        "RunError",
        "run: the data is no longer what it was.",
    ),
    (
        OutsideError("the disk is full", "Free some space there.", "run/model/weights.safetensors"),
        *("failed", "OutsideError"),
        "run/model/weights.safetensors: the disk is full. Free some space there. "
        "Then continue with: classmark train --resume {run}",
    ),
    (
        OSError(errno.EIO, "Input/output error", "reviews.csv"),
        *("failed", "OutsideError"),
        "reviews.csv: the disk reports an error. Check the disk, or name a folder on another one. "
        "Then continue with: classmark train --resume {run}",
    ),
    (
        RuntimeError(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 142848393216 bytes. Error code 12"
        ),
        *("failed", "OutsideError"),
        "there is not enough memory (142,848,393,216 bytes more were asked for). Start again with a smaller "
        "input.max_tokens, train.piece_tokens, train.batch_size or model.hidden_size; or allow more memory, then continue "
        "with: classmark train --resume {run}",
    ),
    (ZeroDivisionError("division by zero"), "failed", "ZeroDivisionError", "division by zero"),
]


@pytest.mark.parametrize(("error", "expected", "name", "message"), ENDS, ids=[str(error)[:20] for error, *_ in ENDS])
def test_a_run_ends_with_its_reason(
    run: RunFiles, error: BaseException, expected: str, name: str, message: str
) -> None:
    with pytest.raises(BaseException) as caught, watched(run, epochs=1):  # noqa: PT011 - the type is compared below
        raise error
    said = message.format(run=run.path)
    assert (type(caught.value).__name__, str(caught.value)) == (name, said)
    status = read_json(run.status)
    assert (status["state"], status["message"].removeprefix("ZeroDivisionError: ")) == (expected, said)


def test_the_exit_code_names_the_signal(run: RunFiles) -> None:
    with pytest.raises(Interrupted) as caught, watched(run, epochs=1):
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.exit_code == 143


def test_what_a_stopped_library_raises_instead_is_a_stop_too(run: RunFiles) -> None:
    def loading() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None

    with pytest.raises(Interrupted) as caught, watched(run, epochs=1):
        loading()
    assert caught.value.exit_code == 143
    assert read_status(run).state == "interrupted"


def test_a_status_that_cannot_be_renewed_ends_no_run(run: RunFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "RENEW_SECONDS", 0.01)
    tried = []

    def full(*_: object) -> None:
        tried.append(True)
        raise OutsideError("the disk is full", "", "status.json")

    with watched(run, epochs=1), monkeypatch.context() as patch:
        patch.setattr(watch_module, "write_status", full)
        while len(tried) < 3:
            time.sleep(0.005)
    assert read_status(run).state == "done"


def test_each_stage_has_its_seconds(run: RunFiles, clock: Callable[[float], None]) -> None:
    watch = RunWatch(run, epochs=1)
    clock(3)
    watch.stage("training")
    clock(13)
    assert watch.seconds() == {"data": 3.0, "training": 10.0, "judging": 0.0, "total": 13.0}
    watch.stage("judging")
    clock(15.504)
    assert watch.seconds() == {"data": 3.0, "training": 10.0, "judging": 2.5, "total": 15.5}
    watch.write_status(state="done")
    assert read_json(run.status)["seconds"] == watch.seconds()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[float, int | None], None]:
    """Sets the seconds that cores have computed, and the most memory held."""
    now: list[Any] = [50.0, 1_000]
    monkeypatch.setattr(watch_module, "processor_seconds", lambda: now[0])
    monkeypatch.setattr(watch_module, "peak_bytes", lambda: now[1])

    def at(seconds: float, peak: int | None) -> None:
        now[:] = [50.0 + seconds, peak]

    return at


def test_a_resumed_run_adds_up_what_its_processes_took(
    run: RunFiles, clock: Callable[[float], None], machine: Callable[[float, int | None], None]
) -> None:
    watch = RunWatch(run, epochs=1)
    clock(3)
    watch.stage("training")
    clock(5)
    machine(7.25, 3_000)
    watch.write_status(state="interrupted")
    assert (read_status(run).processor_seconds, read_status(run).peak_bytes) == (7.25, 3_000)
    machine(100.0, 2_000)
    watch = RunWatch(run, epochs=1)
    clock(6)
    watch.stage("training")
    clock(10)
    machine(101.5, 2_500)
    watch.write_status(state="done")
    status = read_status(run)
    assert status.seconds == {"data": 4.0, "training": 6.0, "judging": 0.0, "total": 10.0}
    assert (status.processor_seconds, status.peak_bytes) == (8.75, 3_000)


def test_what_earlier_processes_used_is_not_known_if_they_did_not_say(
    run: RunFiles, machine: Callable[[float, int | None], None]
) -> None:
    write_status(run, Status("interrupted", seconds={"total": 3.0}))
    RunWatch(run, epochs=1).write_status(state="done")
    assert (read_status(run).processor_seconds, read_status(run).peak_bytes) == (None, None)


def test_on_windows_the_peak_is_not_known(run: RunFiles, machine: Callable[[float, int | None], None]) -> None:
    watch = RunWatch(run, epochs=1)
    machine(2.0, None)
    watch.write_status(state="done")
    assert "peak_bytes" not in read_json(run.status)
    assert read_status(run).processor_seconds == 2.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_training_the_first_signal_is_noted_and_the_second_stops(
    run: RunFiles, number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    before, watches = signal.getsignal(number), []

    def stopped_twice() -> None:
        with watched(run, epochs=1) as watch:
            watches.append(watch)
            watch.stage("training")
            signal.raise_signal(number)
            assert watch.interrupted
            signal.raise_signal(number)

    with pytest.raises(Interrupted) as caught:
        stopped_twice()
    assert caught.value.exit_code == 128 + number
    assert watches[0].signal_number == number
    assert capfd.readouterr() == ("", "\nStopping after this step (again: stop at once) …\n")
    assert read_json(run.status)["message"] == f"Stopped. Continue with: classmark train --resume {run.path}"
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("stage", ["data", "judging"])
def test_before_and_after_training_a_signal_stops_at_once(run: RunFiles, stage: str) -> None:
    def stopped() -> None:
        with watched(run, epochs=1) as watch:
            watch.stage(stage)
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("it goes on")

    with pytest.raises(Interrupted):
        stopped()
    assert read_status(run).state == "interrupted"


def test_a_run_in_another_thread_leaves_signals_alone(run: RunFiles) -> None:
    before, seen = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with watched(run, epochs=1):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
    assert read_status(run).state == "done"


def test_lines_stand_for_the_bar_where_there_is_no_terminal(
    run: RunFiles, clock: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    watch = RunWatch(run, epochs=3)
    for seconds, step in ((0, 1), (10, 2)):
        clock(seconds)
        watch.stepped(state(step), 10, pace(step, 500 * step, max(seconds, 1)))
    assert capsys.readouterr().err == ""
    clock(20)
    watch.stepped(state(3), 10, pace(2, 1_000, 20))  # 1,000 tokens and two steps in 20 s, seven steps to go
    assert capsys.readouterr() == (
        "",
        "epoch 1/3  step 3/10  loss 0.5000  accuracy 75.00%  50 tokens/s  70 s left in this epoch\n",
    )
    clock(30)
    watch.stepped(state(4), 10, pace(3, 1_700, 30))
    assert capsys.readouterr().err == ""
    clock(36)
    watch.stepped(state(5), 10, pace(4, 2_200, 36))
    assert capsys.readouterr().err.startswith("epoch 1/3  step 5/10  ")


def test_an_epoch_is_timed_and_an_evaluation_within_one_is_not(
    run: RunFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = RunWatch(run, epochs=3)
    watch.evaluated({**ROW, "step": 20}, None)
    assert not run.timings.exists()
    watch.evaluated(ROW, pace(40, 1_000, 12.34567, waiting_seconds=0.5))
    row = {"epoch": 1, "step": 40, "seconds": 12.346, "tokens": 1_000, "tokens_per_second": 81.0}
    row["waiting_share"] = 0.0405
    assert read_jsonl(run.timings) == [row]
    said = "epoch 1/3  train loss 0.5123 accuracy 75.00%  validation loss 0.4000 accuracy 81.25%"
    assert capsys.readouterr().err.splitlines() == [
        f"{said}  (step 20)",
        f"{said}  12.3 s, 4.1% of them waiting for data",
    ]


def test_a_resumed_run_keeps_the_timings_of_before(run: RunFiles) -> None:
    RunWatch(run, epochs=2).evaluated(ROW, pace(40, 1_000, 10.0))
    RunWatch(run, epochs=2).evaluated({**ROW, "epoch": 2, "step": 80}, pace(40, 1_000, 5.0))
    assert [(row["epoch"], row["tokens_per_second"]) for row in read_jsonl(run.timings)] == [(1, 100.0), (2, 200.0)]


def test_names_in_brackets_are_no_markup(run: RunFiles, capsys: pytest.CaptureFixture[str]) -> None:
    message = "data     train 8; classes [b], [/i], :warning:"
    RunWatch(run, epochs=1).say(message)
    assert capsys.readouterr().err == f"{message}\n"


def test_a_terminal_has_a_bar_that_ends_with_the_epoch(run: RunFiles) -> None:
    screen, watch = io.StringIO(), RunWatch(run, epochs=3)
    watch.console = Console(file=screen, force_terminal=True, width=120)
    watch.stepped(state(4), 10, pace(4, 200, 1))
    watch.evaluated(ROW, pace(4, 200, 1))
    shown = screen.getvalue()
    for part in ("epoch 1/3", "4/10", "loss 0.5000  accuracy 75.00%", "validation loss 0.4000"):
        assert part in shown
    assert shown.rstrip().endswith("1.0 s, 0.0% of them waiting for data")
    watch.stepped(state(1, epoch=2), 10, pace(1, 50, 1))
    watch.close_bar()
    assert "epoch 2/3" in screen.getvalue()[len(shown) :]


def test_it_says_once_how_long_training_takes(run: RunFiles) -> None:
    watch = RunWatch(run, 3)
    watch.console = Console(file=io.StringIO(), width=200)
    for steps in range(1, 30):  # the first step takes 50 seconds, each later one 2
        watch.stepped(state(steps), 100, pace(steps, 10, 50.0 + 2 * (steps - 1)))
    shown = watch.console.file.getvalue()  # type: ignore[attr-defined]
    assert shown.count("training takes about 9 min 20 s more") == 1


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(12.4, "12 s"), (60, "1 min"), (247, "4 min 10 s"), (3_599, "1 h 0 min"), (7_500, "2 h 5 min")],
)
def test_duration(seconds: float, expected: str) -> None:
    assert watch_module.duration(seconds) == expected
