"""What people should know although all goes on: a line on standard error, said once."""

from __future__ import annotations

import sys

_said: set[str] = set()


def note(sentence: str) -> None:
    """Say this on standard error, unless it was said already."""
    if sentence not in _said:
        _said.add(sentence)
        print(f"note: {sentence}", file=sys.stderr)
