"""`data.json` and `environment.json`: what a run was trained on, and where."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from classmark.runs.folder import RunFiles
from classmark.system.files import read_json, write_json


def read_data_facts(run: RunFiles) -> dict[str, Any]:
    """Source, fingerprint, split sizes, class names, duplicates, leaks; empty if nothing was read yet.

    Raises:
        RunError: the file is damaged.
    """
    return _read(run.data)


def write_data_facts(run: RunFiles, facts: Mapping[str, Any]) -> None:
    """Write `data.json`."""
    write_json(run.data, facts)


def read_environment(run: RunFiles) -> dict[str, Any]:
    """Versions, hardware and threads; empty if the run has not said them yet.

    Raises:
        RunError: the file is damaged.
    """
    return _read(run.environment)


def write_environment(run: RunFiles, facts: Mapping[str, Any]) -> None:
    """Write `environment.json`."""
    write_json(run.environment, facts)


def _read(path: Path) -> dict[str, Any]:
    return read_json(path) if path.exists() else {}
