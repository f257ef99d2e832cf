"""Ctrl-C, the wish of the system to end a process, and the end of its terminal."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType


class Stopped(KeyboardInterrupt):
    """A signal that ends what is going on, as Ctrl-C does.

    Args:
        number: of the signal; the exit code is 128 more.
    """

    def __init__(self, number: int) -> None:
        self.number = number


@contextmanager
def heeded(note: Callable[[int], None]) -> Iterator[None]:
    """In it a signal to stop calls `note` with its number instead of ending the process.

    Python delivers signals to the main thread alone; in another one nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def call(number: int, _frame: FrameType | None) -> None:
        note(number)

    before = {number: signal.signal(number, call) for number in _stopping()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_at(number: int) -> None:
    """Stop what is going on at once.

    Raises:
        Stopped: always.
    """
    raise Stopped(number)


def signal_of(stop: BaseException) -> int:
    """The number of the signal that stopped a process, SIGINT if it is not known."""
    return stop.number if isinstance(stop, Stopped) else int(signal.SIGINT)


def say_from_handler(line: str) -> None:
    """Write a line to standard error from a signal handler, which may have interrupted another write to it."""
    with suppress(OSError):
        os.write(2, f"{line}\n".encode())


def _stopping() -> list[int]:
    """The signals that ask for a stop; `nohup` wants none when the terminal goes."""
    found = [int(signal.SIGINT), int(signal.SIGTERM)]
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:
        found.append(int(hang_up))
    return found
