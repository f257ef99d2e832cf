"""What this process may use: open files, and addresses of memory. Windows has no such limits."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import ModuleType

from classmark.errors import OutsideError

FEWEST_FILES, ENOUGH_FILES = 64, 4096
ROOM_BYTES = 1 << 30
FEWEST_BYTES = 3 << 29  # below this, libraries end the process when they cannot start their threads


def allow_open_files() -> None:
    """Let this process open as many files as it may, up to 4,096.

    Raises:
        OutsideError: it may open too few for anything here.
    """
    resource = _resource()
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(ENOUGH_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # macOS has a lower limit than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    if soft != resource.RLIM_INFINITY and soft < FEWEST_FILES:
        raise OutsideError(
            f"this process may open {soft} files at once, and classmark needs {FEWEST_FILES}",
            f"Allow more and start again: ulimit -n {ENOUGH_FILES}",
        )


def check_addresses() -> None:
    """Refuse to start where memory would run out within a library, which ends the process without a word.

    Raises:
        OutsideError: the process may address too little memory.
    """
    addresses = address_space_bytes()
    if addresses is not None and addresses < FEWEST_BYTES:
        raise OutsideError(
            f"this process may address {addresses / 2**30:.1f} GiB of memory, and classmark needs {FEWEST_BYTES / 2**30:.1f}",
            "Allow more and start again: ulimit -v unlimited",
        )


def check_room() -> None:
    """Refuse to go on where the libraries that are loaded by now leave too few addresses for any work.

    Raises:
        OutsideError: they do.
    """
    addresses, resource, statistics = address_space_bytes(), _resource(), Path("/proc/self/statm")
    if addresses is None or resource is None or not statistics.exists():
        return
    taken = int(statistics.read_bytes().split()[0]) * resource.getpagesize()
    if addresses < taken + ROOM_BYTES:
        raise OutsideError(
            f"this process may address {addresses / 2**30:.1f} GiB of memory, of which {taken / 2**30:.1f} are taken by the "
            f"libraries, and at least {ROOM_BYTES / 2**30:.0f} more is needed",
            "Allow more and start again: ulimit -v unlimited",
        )


def address_space_bytes() -> int | None:
    """How much memory this process may address (`ulimit -v`); None if as much as it likes."""
    resource = _resource()
    if resource is None or not hasattr(resource, "RLIMIT_AS"):
        return None
    soft: int = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def _resource() -> ModuleType | None:
    try:
        import resource
    except ImportError:
        return None
    return resource
