"""What people see while something runs: lines and bars on standard error."""

from __future__ import annotations

from typing import Any

from rich.console import Console


class Screen(Console):
    """Standard error. When nobody reads it any more (`2>&1 | head`), it falls silent and work goes on."""

    def __init__(self, **options: Any) -> None:
        super().__init__(stderr=True, **options)

    def on_broken_pipe(self) -> None:
        """Say nothing from now on; rich would end the process."""
        self.quiet = True
