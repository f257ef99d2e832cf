"""The bytes of a file or of standard input, and what keeps them from being read."""

from __future__ import annotations

import os
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from classmark.errors import InputError

ADDRESS = re.compile(r"(?:.*/)?[a-z][a-z0-9+.-]+:/", re.DOTALL)  # a path keeps one of its slashes
STANDARD_INPUT = "standard input"


@dataclass(frozen=True)
class Content:
    """Bytes and where they come from.

    Attributes:
        source: how messages call it.
        name: of the file, or empty where there is none.
        data: the bytes.
        notes: what was done to get at them.
        quotes: whether quotes in a CSV or TSV enclose a cell; else they are ordinary characters.
    """

    source: str
    name: str
    data: bytes
    notes: tuple[str, ...] = ()
    quotes: bool = True


def check_readable(path: Path) -> os.stat_result:
    """What the system says of a file or folder that is there.

    Raises:
        InputError: it is not there, or its name is none.
    """
    if "\0" in str(path):
        name = str(path).replace("\0", "\\0")
        raise InputError(f"{name}: the name holds a NUL character, which no file name may.", "Correct the name.")
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path}: there is no such file.", _remedy(path)) from None
    except OSError as error:
        raise unreadable(path, error) from None


def _remedy(path: Path) -> str:
    """What to do about a name of no file that is an address, or a pattern of names."""
    if ADDRESS.match(str(path)):
        return "Addresses are not read: download the file and give its name."
    if "*" in path.name:
        return "Give the name of one file, or of a folder that holds nothing but parts of one table."
    return ""


def file_bytes(path: Path, most: int = -1) -> bytes:
    """The bytes of a file, or the first of them.

    Raises:
        InputError: the system does not give them.
    """
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise unreadable(path, error) from None


def standard_input() -> Content:
    """Everything on standard input, read once.

    Raises:
        InputError: there is none.
    """
    if sys.stdin is None:
        raise InputError(f"{STANDARD_INPUT}: it is closed.", "Name a file, or connect a pipe.")
    try:
        return Content(STANDARD_INPUT, "", sys.stdin.buffer.read())
    except OSError as error:
        raise InputError(f"{STANDARD_INPUT}: it cannot be read ({_reason(error)}).", "Name a file.") from None


def unreadable(path: Path, error: OSError) -> InputError:
    """The refusal of a file that the system does not open."""
    if isinstance(error, PermissionError):
        return InputError(f"{path}: you have no permission to read it.", f"Allow it, for instance: chmod u+r {path}")
    return InputError(f"{path}: it cannot be read ({_reason(error)}).", "Check the name and the disk.")


def is_stream(status: os.stat_result) -> bool:
    """Whether it can be read only once, such as a pipe."""
    return not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode))


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
