"""The cache folder: what can be made again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from classmark.system.files import read_json, write_json


def cache_folder() -> Path:
    """Where classmark keeps what can be made again: `CLASSMARK_CACHE`, else `~/.cache/classmark`."""
    return Path(os.environ.get("CLASSMARK_CACHE") or Path.home() / ".cache" / "classmark")


def measured_once(name: str, facts: Sequence[object], measure: Callable[[], Any]) -> Any:
    """What `measure` gave the first time that it was asked for these facts on this machine, or gives now.

    Kept in `<name>.json` of the cache folder, so that later runs decide alike.
    """
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    path = cache_folder() / f"{name}.json"
    known = read_json(path) if path.exists() else {}
    if key not in known:
        known[key] = measure()
        write_json(path, known)
    return known[key]
