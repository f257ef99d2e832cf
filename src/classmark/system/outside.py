"""What the machine refuses (room, rights, memory, open files), as one sentence with a remedy.

Python, torch, polars and safetensors each report this in their own way: as an `OSError`, a `MemoryError`, or another
error whose text holds the number or the words of the operating system.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from classmark.errors import ClassmarkError, OutsideError

MOST_SHOWN = 200  # characters of a path
ELSEWHERE, OTHER_DISK = "Name another place", "or name a folder on another disk"

# Number of the operating system → what is wrong, what to do.
REASONS: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("the disk is full", f"Free some space there, {OTHER_DISK}."),
    errno.EFBIG: ("the file is larger than this process may write", "Allow larger files: ulimit -f unlimited"),
    errno.EACCES: ("you may not read or write there", f"{ELSEWHERE}, or get the right to it."),
    errno.EPERM: ("you may not read or write there", f"{ELSEWHERE}, or get the right to it."),
    errno.EROFS: ("the file system there is read-only", f"{ELSEWHERE}."),
    errno.ENAMETOOLONG: ("the name is too long for the file system", "Choose a shorter one."),
    errno.EMFILE: ("too many files are open at once", "Allow more and start again: ulimit -n 4096"),
    errno.ENFILE: ("the machine has too many files open", "Close other programs and start again."),
    errno.EISDIR: ("this is a folder, and a file is needed", "Name a file."),
    errno.ENOTDIR: ("part of this path is a file, and a folder is needed", f"{ELSEWHERE}."),
    errno.EEXIST: ("this is a file, and a folder is needed", f"{ELSEWHERE}."),
    errno.ELOOP: ("the links in this path lead in a circle", f"{ELSEWHERE}."),
    errno.EIO: ("the disk reports an error", "Check the disk, or name a folder on another one."),
    errno.ENOENT: ("there is no such file or folder", "It may have been moved or removed meanwhile."),
}
if hasattr(errno, "EDQUOT"):  # Windows' numbers differ
    REASONS[errno.EDQUOT] = ("your share of the disk is used up", f"Free some space there, {OTHER_DISK}.")
WRITING = frozenset(REASONS) - {errno.ENOENT}
NO_MEMORY = "there is not enough memory"
MORE_MEMORY = "Close other programs, take less data, or allow more memory."
NO_THREADS = "the machine allows no further process or thread"
MORE_THREADS = "Close other programs, or allow more (ulimit -u, ulimit -v)."

MEMORY_WORDS = re.compile(
    r"can't allocate memory|cannot allocate memory|out of memory|failed to map segment|bad_alloc|ALLOC_FAILED"
    r"|memory allocation|could not create a memory object|unable to allocate",
    re.IGNORECASE,
)
ASKED_BYTES = re.compile(r"(?:allocate|of) (\d+) bytes|allocate ([\d.]+ [KMGTP]iB)")
CARD_WORDS = re.compile(r"CUDA|CUDNN|CUBLAS|HIP |MPS ")
THREAD_WORDS = re.compile(r"can't start new thread|could not spawn threads|ThreadPoolBuildError|Resource temporarily")
SYSTEM_NUMBER = re.compile(r"\[Errno (\d+)\]|os error (\d+)|Os \{ code: (\d+)")


def outside_error(error: BaseException, path: Path | None = None) -> OutsideError | None:
    """What the machine refused, if that is what this error is about; None for every other error.

    Args:
        error: as it was raised.
        path: the file or folder it is about, if the error does not name one.
    """
    if isinstance(error, ClassmarkError | BrokenPipeError | KeyboardInterrupt):
        return None
    if isinstance(error, MemoryError) or _is_about_memory(error):
        return memory_error(str(error))
    if THREAD_WORDS.search(str(error)):
        return OutsideError(NO_THREADS, MORE_THREADS)
    number = system_number(error)
    if number is None:
        return None
    named = getattr(error, "filename", None)
    place = shown_path(os.fsdecode(named) if isinstance(named, str | bytes) else path)
    if number in REASONS:
        return OutsideError(*REASONS[number], place)
    if place and isinstance(error, OSError):
        return OutsideError(f"the system says: {error.strerror or error}", f"{ELSEWHERE}.", place)
    return None


def memory_error(text: str, remedy: str = MORE_MEMORY) -> OutsideError:
    """That memory ran out, with how much was asked for if the allocator's text says so."""
    reason = "the graphics card has not enough memory" if CARD_WORDS.search(text) else NO_MEMORY
    found = ASKED_BYTES.search(text)
    if found is not None:
        asked = f"{int(found[1]):,} bytes" if found[1] else found[2]
        reason += f" ({asked} more were asked for)"
    return OutsideError(reason, remedy)


def is_about_memory(error: OutsideError) -> bool:
    """Whether memory is what the machine lacks."""
    return "not enough memory" in error.reason


def shown_path(path: str | Path | None) -> str:
    """A path as messages show it: its end, if it is very long."""
    text = "" if path is None else str(path)
    return text if len(text) <= MOST_SHOWN else f"…{text[-MOST_SHOWN:]}"


def system_number(error: BaseException) -> int | None:
    """The operating system's number of what went wrong, where the error or its text holds one."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    if not _may_quote_the_system(error):
        return None
    text = str(error)
    found = SYSTEM_NUMBER.search(text)
    if found is not None:
        return int(next(group for group in found.groups() if group))
    return next((number for number in REASONS if number != errno.ENOENT and os.strerror(number) in text), None)


def _is_about_memory(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno == errno.ENOMEM
    return _may_quote_the_system(error) and MEMORY_WORDS.search(str(error)) is not None


def _may_quote_the_system(error: BaseException) -> bool:
    """Whether an error is of a kind in which libraries pass on what the system said."""
    return isinstance(error, OSError | RuntimeError | ImportError) or type(error).__module__ != "builtins"
