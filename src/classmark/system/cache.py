"""The cache folder: what can be made again. Nothing depends on it being there, full of room or open to us."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from classmark.errors import OutsideError, RunError
from classmark.system.files import read_json, write_json
from classmark.system.notes import note

OTHER = "Name a folder for it: CLASSMARK_CACHE=FOLDER"
_OF_DATA: ContextVar[Path | None] = ContextVar("of_data", default=None)


def cache_folder() -> Path:
    """Where classmark keeps what can be made again: `CLASSMARK_CACHE`, else `~/.cache/classmark`.

    Without a home folder, or with one that cannot be written, a folder among the temporary ones.
    """
    named = os.environ.get("CLASSMARK_CACHE")
    if named:
        return Path(named)
    try:
        home = Path.home()
    except RuntimeError:  # neither HOME nor an entry in the list of users
        home = Path()
    folder = home / ".cache" / "classmark"
    if home.is_absolute() and _can_be_written(folder):
        return folder
    temporary = _temporary()
    reason = f"{folder} cannot be written" if home.is_absolute() else "there is no home folder"
    note(f"{reason}, so the cache is in {temporary}. {OTHER}")
    return temporary


def data_cache() -> Path:
    """Where what is computed of one data set is kept, pixels and features: the cache folder, or that of `data_cached_in`."""
    return _OF_DATA.get() or cache_folder()


@contextmanager
def data_cached_in(folder: Path) -> Iterator[None]:
    """In it pixels and features are kept in this folder, for data that will not be read again."""
    before = _OF_DATA.set(folder)
    try:
        yield
    finally:
        _OF_DATA.reset(before)


def measured_once(name: str, facts: Sequence[object], measure: Callable[[], Any]) -> Any:
    """What `measure` gave the first time that it was asked for these facts on this machine, or gives now.

    Kept in `<name>.json` of the cache folder, so that later runs decide alike.
    """
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    path = cache_folder() / f"{name}.json"
    known = _known(path)
    if key not in known:
        known[key] = measure()
        with kept_if_possible(path):
            write_json(path, known)
    return known[key]


def is_kept(path: Path) -> bool:
    """Whether a file of the cache is there and can be seen."""
    try:
        return path.exists()
    except OSError:
        return False


@contextmanager
def kept_if_possible(path: Path) -> Iterator[None]:
    """In it a file of the cache is written; if that cannot be, a note says why and work goes on."""
    try:
        yield
    except OutsideError as error:
        note(f"{path.parent}: {error.reason}, so {path.name} is not kept there and is made again next time. {OTHER}")


def _known(path: Path) -> dict[str, Any]:
    """What is in the file; nothing if it is missing, damaged or closed to us."""
    try:
        return read_json(path) if is_kept(path) else {}
    except RunError:
        return {}


def _can_be_written(folder: Path) -> bool:
    try:
        above = next(one for one in (folder, *folder.parents) if one.exists())
    except OSError:  # a folder on the way may not be entered
        return False
    return above.is_dir() and os.access(above, os.W_OK | os.X_OK)


def _temporary() -> Path:
    """A folder of this user alone among the temporary ones, the same each time."""
    user = str(os.getuid()) if hasattr(os, "getuid") else getpass.getuser()
    try:
        folder = Path(tempfile.gettempdir()) / f"classmark-{user}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid():
            return folder
        return Path(tempfile.mkdtemp(prefix="classmark-"))
    except OSError:
        raise OutsideError("neither the home folder nor a temporary one can be written", OTHER) from None
