"""The machine: threads, denormals, memory, precision, and what `environment.json` says of them."""

from __future__ import annotations

import ctypes
import functools
import math
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from classmark.system.machine import cores, memory_bytes, resident_bytes

PACKAGES = (
    *("classmark", "torch", "lightning-fabric", "tokenizers", "transformers", "timm", "pillow", "safetensors"),
    *("numpy", "polars", "scikit-learn"),
)

# Options of glibc's mallopt (malloc.h).
_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8
# Times what the first step left, and the share of the machine's or the container's memory at most.
KEPT, SPARED = 1.2, 0.5


def prepare_processor(threads: int | None) -> int:
    """The number of threads that torch will use, after setting the process up for training.

    Denormals are flushed before any thread starts, because threads inherit the setting. Freed memory is kept: by
    default the C library returns every large block to the system, and the page faults of getting it back took a
    third of a training step.
    """
    torch.set_flush_denormal(True)
    keep_freed_memory()
    count = threads or cores()
    torch.set_num_threads(count)
    return count


def keep_freed_memory() -> None:
    """Let the C library serve large blocks from its own heap and never shrink it by itself (glibc only).

    Batches of many shapes leave holes in such a heap: see `KeptMemory`.
    """
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_ARENA_MAX, 1)  # the heaps of further threads are small: their large blocks would not be kept
        libc.mallopt(_MMAP_MAX, 0)
        libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)


def release_memory() -> None:
    """Give all freed memory back to the system."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


class KeptMemory:
    """Freed memory that the process keeps: what a step needs and a fifth more, and no more than the machine can spare.

    The first step has the largest batch. A later one fits into the memory that it left, unless the heap has too many
    holes: then all that is free goes back to the system.
    """

    def __init__(self) -> None:
        self._bound_bytes: float | None = None

    def release(self) -> None:
        """Give freed memory back if the process holds more than its bound."""
        libc, resident = _glibc(), resident_bytes()
        if libc is None or resident is None:
            return
        if self._bound_bytes is None:
            self._bound_bytes = min(KEPT * resident, SPARED * (memory_bytes() or math.inf))
        elif resident > self._bound_bytes:
            libc.malloc_trim(0)
            # What is in use stays: a bound below it would give back at every step.
            self._bound_bytes = max(self._bound_bytes, KEPT * (resident_bytes() or 0))


@functools.cache
def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def machine_name() -> str:
    """The graphics card's name for itself, else the processor's."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else processor_name()


def processor_name() -> str:
    """The processor's own name for itself."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text(encoding="utf-8", errors="replace").splitlines()
        fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        family = "/".join(fields.get(key, "?") for key in ("cpu family", "model", "stepping"))
        return f"{fields.get('model name', platform.machine())} ({family})"
    return platform.processor() or platform.machine()


def describe_environment(threads: int) -> dict[str, Any]:
    """What `environment.json` holds: versions, hardware, threads."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "processor": processor_name(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "cores": cores(),
        "threads": threads,
        "memory_bytes": memory_bytes(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
