"""Whether a process lives, and since when."""

from __future__ import annotations

import ctypes
import platform
import subprocess
from pathlib import Path
from typing import Any

_QUERY_LIMITED = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION of Windows


def process_start(pid: int) -> str | None:
    """When a process of this machine started, in a form that only serves to compare; None if there is no such process.

    On Linux `<number of this start of the machine>/<ticks since then>`.
    """
    match platform.system():
        case "Linux":
            return _linux(pid)
        case "Windows":
            return _windows(pid)
    return _by_ps(pid)


def _linux(pid: int) -> str | None:
    try:
        # The name of the program stands in brackets and may hold spaces and brackets itself.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    if fields[0] in "ZX":
        return None  # ended; its parent has not asked yet how
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = ""
    return f"{boot}/{fields[19]}"


def _by_ps(pid: int) -> str | None:
    try:
        done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None


def _windows(pid: int) -> str | None:
    kernel: Any = ctypes.windll.kernel32  # type: ignore[attr-defined]
    kernel.OpenProcess.restype = ctypes.c_void_p
    process = ctypes.c_void_p(kernel.OpenProcess(_QUERY_LIMITED, False, pid))
    if not process:
        return None
    times = [ctypes.c_uint64() for _ in range(4)]  # of start, end, in the kernel, in the program
    known = kernel.GetProcessTimes(process, *map(ctypes.byref, times))
    kernel.CloseHandle(process)
    return str(times[0].value) if known and not times[1].value else None
