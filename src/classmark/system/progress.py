"""How far something is that takes a while: a bar on standard error, or lines where that is no terminal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from classmark.system.screen import Screen

LINE_SECONDS = 15.0
QUIET_SECONDS = 2.0  # what is over sooner needs no bar
RENEW_SECONDS = 0.1

_waits: list[list[str]] = []  # what goes on, the innermost last
_screen = threading.RLock()  # held while a bar is on the screen
_asked = threading.Event()  # a bar that knows how far it is wants the screen


@contextmanager
def shown_progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Gives a function to be called with how many more are done."""
    console = Screen()
    if not console.is_terminal:
        yield _lines(console, what, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    _asked.set()
    try:
        with _screen, Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task(what, total=total)
            yield lambda done: progress.advance(task, done)
    finally:
        _asked.clear()


@contextmanager
def shown_wait(what: str) -> Iterator[Callable[[str], None]]:
    """In it, what takes more than two seconds has a moving bar with its time, for work that does not know how far it is.

    Gives a function that changes the words. Within another wait the bar stays one, and says what goes on innermost.
    """
    words = [what]
    _waits.append(words)
    over = threading.Event()
    thread = threading.Thread(target=_show_wait, args=(over,), daemon=True) if len(_waits) == 1 else None
    if thread is not None:
        thread.start()
    try:
        yield lambda text: words.__setitem__(0, text)
    finally:
        over.set()
        if thread is not None:
            thread.join()
        _waits.remove(words)


def _show_wait(over: threading.Event) -> None:
    """The bar, or the lines, of a wait until it is over; other bars come first."""
    started = time.monotonic()
    if over.wait(QUIET_SECONDS):
        return
    console = Screen()
    if not console.is_terminal:
        while not over.wait(LINE_SECONDS):
            console.print(
                f"{_waits[-1][0]}  {time.monotonic() - started:.0f} s so far", highlight=False, soft_wrap=True
            )
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    while not over.wait(RENEW_SECONDS):
        if _asked.is_set():
            continue
        # What the command prints goes where it belongs, and not to the bar's own screen.
        with _screen, Progress(*columns, console=console, transient=True, redirect_stdout=False) as progress:
            task = progress.add_task(_waits[-1][0], total=None)
            while not (_asked.is_set() or over.wait(RENEW_SECONDS)):
                progress.update(task, description=_waits[-1][0])


def _lines(console: Console, what: str, total: int) -> Callable[[int], None]:
    """Prints a line such as `features  42,000 of 95,000, 120 s left` every quarter of a minute."""
    started = line = time.monotonic()
    done = 0

    def advance(more: int) -> None:
        nonlocal done, line
        done, now = done + more, time.monotonic()
        if 0 < done < total and now - line > LINE_SECONDS:
            line = now
            left = (now - started) / done * (total - done)
            console.print(f"{what}  {done:,} of {total:,}, {left:.0f} s left", highlight=False, soft_wrap=True)

    return advance
