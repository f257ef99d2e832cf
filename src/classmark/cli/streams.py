"""Standard output and standard error as they are: without some characters, closed, full, or with nobody who reads them."""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from classmark.errors import OutsideError
from classmark.system.outside import outside_error

GONE = (errno.EPIPE, errno.EIO, errno.EBADF, errno.ECONNRESET)  # nobody reads any more: `| head`, a closed terminal


class Patient(io.RawIOBase):
    """A stream that keeps to itself that it cannot be written any more.

    Attributes:
        fault: why, once it cannot.
    """

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.fault: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._raw.fileno())

    def isatty(self) -> bool:
        return bool(self._raw.isatty())

    def write(self, content: Any) -> int:
        """How much was written; all of it, once nothing can be."""
        while self.fault is None:
            try:
                count = self._raw.write(content)
            except OSError as error:
                self.fault = error
                break
            if count is not None:
                return int(count)
            select.select([], [self._raw], [])  # a pipe that is full for now
        return len(content)


@contextmanager
def patient_streams() -> Iterator[list[Patient]]:
    """In it the process's own streams replace what they cannot show, and pass over that nobody reads them.

    Gives the stream of standard output, if the process has one of its own.
    """
    _fill_closed()
    codecs.register_error("classmark", _replaced)
    before = sys.stdout, sys.stderr
    outs: list[Patient] = []
    if _is_own(sys.stdout, sys.__stdout__):
        sys.stdout, patient = _patient(sys.stdout)
        outs.append(patient)
    if _is_own(sys.stderr, sys.__stderr__):
        sys.stderr, _ = _patient(sys.stderr)
    try:
        yield outs
    finally:
        for stream, old in zip((sys.stdout, sys.stderr), before, strict=True):
            if stream is not None and stream is not old:
                stream.flush()
        sys.stdout, sys.stderr = before


def lost_output(outs: list[Patient]) -> OutsideError | None:
    """Why an answer did not arrive on standard output; None if it did, or nobody wanted to read it."""
    if sys.stdout is not None:
        sys.stdout.flush()
    fault = next((out.fault for out in outs if out.fault is not None), None)
    if fault is None or fault.errno in GONE:
        return None
    found = outside_error(fault)
    reason = found.reason if found is not None else str(fault)
    return OutsideError(reason, "The answer is lost; name another place for it.", "standard output")


def _patient(stream: TextIO) -> tuple[TextIO, Patient]:
    stream.flush()
    buffer: Any = stream.buffer
    raw = Patient(getattr(buffer, "raw", buffer))
    wrapper = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="classmark" if stream is sys.stdout else "backslashreplace",
        line_buffering=bool(stream.line_buffering) or stream is sys.stderr,
    )
    return wrapper, raw


def _is_own(stream: TextIO | None, original: TextIO | None) -> bool:
    """Whether a stream is the process's own, and not what a test or a notebook put in its place."""
    return stream is not None and stream is original and isinstance(stream, io.TextIOWrapper)


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    """A question mark for each character that a terminal lacks; bytes of file names that are no text, as they are."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":
        return bytes([ord(character) - 0xDC00]), error.start + 1
    return "?", error.start + 1


def _fill_closed() -> None:
    """Open what was closed (`>&-`), or the next file to be opened would be taken for standard output."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
