"""What the machine refuses, in one sentence: from Python, polars, torch and safetensors alike."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import polars as pl
import pytest

from classmark.errors import InputError, OutsideError
from classmark.system.outside import REASONS, outside_error

FULL = "a/b.csv: the disk is full. Free some space there, or name a folder on another disk."
MORE = "Close other programs, take less data, or allow more memory."


class ForeignError(Exception):
    """As a library would define it."""


SAID = [
    (OSError(errno.ENOSPC, "No space left on device", "a/b.csv"), FULL),
    (OSError(errno.ENOSPC, "No space left on device"), FULL),
    (OSError("No space left on device (os error 28)"), FULL),
    (pl.exceptions.ComputeError("parquet: underlying IO error: No space left on device (os error 28)"), FULL),
    (ForeignError('Error while serializing: IoError(Os { code: 28, kind: StorageFull, message: "…" })'), FULL),
    (OSError(errno.EACCES, "…", "x"), "x: you may not read or write there. Name another place, or get the right to it."),
    (OSError(errno.EROFS, "…"), "a/b.csv: the file system there is read-only. Name another place."),
    (OSError(errno.EMFILE, "…"), "a/b.csv: too many files are open at once. Allow more and start again: ulimit -n 4096"),
    (ImportError("x.so: cannot open shared object file: Too many open files"),
     "a/b.csv: too many files are open at once. Allow more and start again: ulimit -n 4096"),
    (FileNotFoundError(errno.ENOENT, "…", "x"),
     "x: there is no such file or folder. It may have been moved or removed meanwhile."),
    (OSError(errno.ENODEV, "No such device", "x"), "x: the system says: No such device. Name another place."),
    (OSError(errno.ENAMETOOLONG, "…", "x" * 300),
     f"…{'x' * 200}: the name is too long for the file system. Choose a shorter one."),
    (MemoryError(), f"there is not enough memory. {MORE}"),
    (MemoryError("Unable to allocate 7.45 GiB for an array"),
     f"there is not enough memory (7.45 GiB more were asked for). {MORE}"),
    (OSError(errno.ENOMEM, "Cannot allocate memory"), f"there is not enough memory. {MORE}"),
    (RuntimeError("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
                  "allocate 142848393216 bytes. Error code 12 (Cannot allocate memory)"),
     f"there is not enough memory (142,848,393,216 bytes more were asked for). {MORE}"),
    (RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.11 GiB"),
     f"the graphics card has not enough memory (20.00 MiB more were asked for). {MORE}"),
    (ImportError("libtorch_cpu.so: failed to map segment from shared object"), f"there is not enough memory. {MORE}"),
    (RuntimeError("can't start new thread"),
     "the machine allows no further process or thread. Close other programs, or allow more (ulimit -u, ulimit -v)."),
]  # fmt: skip


@pytest.mark.parametrize(("error", "sentence"), SAID, ids=[f"{type(error).__name__} {error}"[:40] for error, _ in SAID])
def test_one_sentence_with_place_and_remedy(error: BaseException, sentence: str) -> None:
    found = outside_error(error, Path("a/b.csv"))
    assert str(found) == sentence
    assert found is not None
    assert found.exit_code == 2


@pytest.mark.parametrize(
    "error",
    [
        InputError("a.csv: the file is empty."), KeyboardInterrupt(), BrokenPipeError(errno.EPIPE, "Broken pipe"),
        ValueError("No space left on device"), ZeroDivisionError(), RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        pl.exceptions.ColumnNotFoundError('"label" not found'), OSError("not an image"),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_every_other_error_stays_what_it_is(error: BaseException) -> None:
    assert outside_error(error) is None


def test_the_words_are_those_of_this_system() -> None:
    for number, (reason, remedy) in REASONS.items():
        assert os.strerror(number) not in reason
        assert not reason.endswith(".")
        assert remedy
        assert OutsideError(reason, remedy, "x").reason == reason
