"""Paths that the functions are given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from classmark.errors import InputError


def path_of(run: Any) -> Path:
    """The folder of a run, or of what names its folder."""
    path = getattr(run, "path", run)
    check_path("run", path)
    return Path(path)


def check_path(name: str, value: Any) -> None:
    """Refuse what is neither a text nor a path, such as a table."""
    if not isinstance(value, str | os.PathLike):
        raise InputError(f"{type(value).__name__}: a name or a path is expected.", argument=name)
