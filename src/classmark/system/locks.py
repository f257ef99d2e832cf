"""One owner per folder: a process that writes into it holds its lock, `.lock`, and everybody else is told who does.

The lock is the system's own (flock, or the lock of a byte on Windows), which ends with its process, however that ends.
The file also says who the owner is, for messages, and for file systems that know no locks.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from classmark.errors import RunError
from classmark.system.alive import process_start
from classmark.system.files import written

NAME = ".lock"
TRIES, TRY_SECONDS = 5, 0.1  # somebody who only asks holds the lock for an instant
SILENT_SECONDS = 60.0  # after which an owner on another machine is taken for gone
FAR_BYTE = 1 << 30  # Windows locks a byte that nobody reads

Held = Literal["ours", "theirs", "unknown"]


@dataclass(frozen=True)
class Owner:
    """The process that a lock file names.

    Attributes:
        pid: its number.
        host: the name of its machine, or container.
        start: when it started, as far as that machine says so; numbers are given again, this tells who is meant.
    """

    pid: int
    host: str
    start: str | None

    def __str__(self) -> str:
        where = "" if self.host == platform.node() else f' on the machine "{self.host}"'
        return f"process {self.pid}{where}"


@contextmanager
def owned(folder: Path, what: str, renewed: str | None = None) -> Iterator[None]:
    """In it this process owns the folder; a lock that a killed process left behind is taken over.

    Args:
        folder: it is made if it is not there.
        what: is going on in it, for the message: `is training this run`.
        renewed: a file that an owner renews all the time, by which one on another machine is seen to live.

    Raises:
        RunError: another process owns it.
        OutsideError: the lock cannot be written.
    """
    path = folder / NAME
    with written(path):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = _taken(path, what, renewed)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no open file; whoever comes next finds that nobody holds it
            path.unlink()
        os.close(descriptor)
        with suppress(OSError):
            if platform.system() == "Windows":
                path.unlink()


def owner_of(folder: Path, renewed: str | None = None) -> Owner | None:
    """The living process that owns a folder; None if there is none."""
    path = folder / NAME
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        held = _hold(descriptor, shared=True)
        return _living(path, held, renewed)
    finally:
        os.close(descriptor)


def _taken(path: Path, what: str, renewed: str | None) -> int:
    """The descriptor of a lock that is ours now."""
    for attempt in range(TRIES):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        held = _hold(descriptor, shared=False)
        if held != "theirs" and not _is_same(descriptor, path):
            os.close(descriptor)  # its owner ended and removed it just now
            continue
        owner = _living(path, held, renewed)
        if owner is None and held != "theirs":
            me = Owner(os.getpid(), platform.node(), process_start(os.getpid()))
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps(asdict(me)).encode())
            return descriptor
        os.close(descriptor)
        if attempt + 1 < TRIES:
            time.sleep(TRY_SECONDS)
    owner = _read(path)
    there = f"{path.parent}: {owner or 'another process'} {what}."
    if owner is None or owner.host == platform.node():
        stop = f"Wait for it, or stop it: kill {owner.pid}" if owner else "Wait for it."
        raise RunError(there, stop)
    raise RunError(there, f"Wait for it, or, if that process is gone, remove {path}")


def _living(path: Path, held: Held, renewed: str | None) -> Owner | None:
    """Who owns the lock, as far as the system's lock and the file say."""
    owner = _read(path)
    if held == "theirs":
        return owner or Owner(0, platform.node(), None)
    if owner is None:
        return None
    if owner.host == platform.node():
        now = process_start(owner.pid) if held == "unknown" else None
        return owner if now is not None and owner.start in (now, None) else None
    if held == "ours" and _is_of_this_machine(owner.start):
        return None  # from another container, whose locks are seen here
    return owner if _is_renewed(path, renewed) else None


def _is_of_this_machine(start: str | None) -> bool:
    """Whether a process with another host name ran on this machine, since it was started last."""
    mine = process_start(os.getpid())
    return bool(start and mine and start.rpartition("/")[0] and start.rpartition("/")[0] == mine.rpartition("/")[0])


def _is_renewed(path: Path, renewed: str | None) -> bool:
    """Whether an owner elsewhere still renews its file, by the clock of the file system; True if that cannot be known."""
    if renewed is None:
        return True
    try:
        os.utime(path)
        return path.stat().st_mtime - (path.parent / renewed).stat().st_mtime < SILENT_SECONDS
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _read(path: Path) -> Owner | None:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        return Owner(int(content["pid"]), str(content["host"]), content["start"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _hold(descriptor: int, *, shared: bool) -> Held:
    """Take the system's lock of a file, if nobody holds it."""
    try:
        import fcntl
    except ImportError:
        return _hold_byte(descriptor)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return "theirs"
    except OSError:  # this file system knows no locks
        return "unknown"
    return "ours"


def _hold_byte(descriptor: int) -> Held:
    try:
        import msvcrt
    except ImportError:
        return "unknown"
    place: Any = msvcrt  # typed for Windows alone
    os.lseek(descriptor, FAR_BYTE, os.SEEK_SET)
    try:
        place.locking(descriptor, place.LK_NBLCK, 1)
    except OSError:
        return "theirs"
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
    return "ours"
