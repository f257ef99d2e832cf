"""The machine: threads, denormals, memory, precision, and what `environment.json` says of them."""

from __future__ import annotations

import ctypes
import functools
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from classmark.system.processes import cores

PACKAGES = (
    *("classmark", "torch", "lightning-fabric", "tokenizers", "timm", "pillow", "safetensors"),
    *("numpy", "polars", "scikit-learn"),
)

# Options of glibc's mallopt (malloc.h).
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4


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

    Batches of many shapes leave holes in such a heap, so `release_memory` must be called now and then.
    """
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_MMAP_MAX, 0)
        libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)


def release_memory() -> None:
    """Give freed memory back to the system once the process holds two thirds of the machine's."""
    statistics = Path("/proc/self/statm")
    libc = _glibc()
    if libc is None or not statistics.exists():
        return
    resident_pages = int(statistics.read_bytes().split()[1])
    if resident_pages > os.sysconf("SC_PHYS_PAGES") * 2 / 3:
        libc.malloc_trim(0)


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
        "cores": os.cpu_count(),
        "threads": threads,
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else None,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
