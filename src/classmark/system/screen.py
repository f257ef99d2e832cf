"""What people see while something runs: lines and bars on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from rich.console import Console

_SILENT: ContextVar[bool] = ContextVar("silent", default=False)


class Screen(Console):
    """Standard error. When nobody reads it any more (`2>&1 | head`), it falls silent and work goes on."""

    def __init__(self, **options: Any) -> None:
        super().__init__(stderr=True, quiet=_SILENT.get(), **options)

    def on_broken_pipe(self) -> None:
        """Say nothing from now on; rich would end the process."""
        self.quiet = True


@contextmanager
def silenced(silent: bool = True) -> Iterator[None]:
    """In it every screen that is opened says nothing."""
    before = _SILENT.set(silent)
    try:
        yield
    finally:
        _SILENT.reset(before)
