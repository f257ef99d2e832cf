"""Serve runs behind an HTTP address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classmark import api


def serve(runs: Sequence[Path], options: Mapping[str, Any]) -> None:
    """Serve until a signal ends it; the address goes to standard output."""
    api.serve(list(runs), **options)
