"""How far something is that takes a while: a bar on standard error, or lines where that is no terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from classmark.system.screen import Screen

LINE_SECONDS = 15.0


@contextmanager
def shown_progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Gives a function to be called with how many more are done."""
    console = Screen()
    if not console.is_terminal:
        yield _lines(console, what, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.advance(task, done)


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
