"""How many cores and how much memory this process may use: the machine's own, or less where a container says so.

Linux limits processes by control groups: version 2 has one tree of them, version 1 one for each resource. A group's limit
holds for all groups below it, so the smallest one from the process's own group up to the root counts. Sources: the kernel's
Documentation/admin-guide/cgroup-v2.rst (`cpu.max`, `memory.max`) and cgroup-v1/ (`cpu.cfs_quota_us`,
`memory.limit_in_bytes`); proc(5) for `mountinfo`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path("/")
# A limit of version 1 that is none: the largest multiple of a page below 2^63.
NO_LIMIT_BYTES = 2**62


@dataclass(frozen=True)
class _Group:
    """A control group of this process: a folder, and the topmost one that can be seen."""

    folder: Path
    top: Path
    version: int

    def upwards(self) -> Iterator[Path]:
        """The group's folder and those around it, up to the topmost."""
        yield self.folder
        for parent in self.folder.parents:
            if parent == self.top or self.top in parent.parents:
                yield parent


def cores(root: Path = ROOT) -> int:
    """The cores that this process may use: of its affinity, or fewer by a container's quota, rounded up.

    Args:
        root: where `proc` and `sys` are; another folder in tests.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [quota for group in _groups("cpu", root) for folder in group.upwards() if (quota := _quota(folder, group))]
    return max(1, min(allowed, math.ceil(min(quotas, default=allowed))))


def memory_bytes(root: Path = ROOT) -> int | None:
    """The memory that this process may use: the machine's, or less by a container's limit or `ulimit -v`.

    None where the system does not say.
    """
    known = (_machine_bytes("MemTotal", root), *_group_limits(root), _address_space_bytes())
    return min((size for size in known if size is not None), default=None)


def available_bytes(root: Path = ROOT) -> int | None:
    """The memory that this process could still take now; None where the system does not say."""
    left = [_machine_bytes("MemAvailable", root)]
    for group in _groups("memory", root):
        for folder in group.upwards():
            limit, used = _limit_bytes(folder, group), _used_bytes(folder, group)
            left.append(None if limit is None or used is None else max(0, limit - used))
    if (space := _address_space_bytes()) is not None:
        left.append(max(0, space - _own_pages(0)))
    return min((size for size in left if size is not None), default=None)


def resident_bytes() -> int | None:
    """The memory that this process holds now; None where the system does not say."""
    return _own_pages(1) or None


def peak_bytes() -> int | None:
    """The most memory that this process has held so far; None where the system does not say.

    `ru_maxrss` begins, on Linux, with what the process that started this one held: the kernel hands it on in exec(2).
    """
    for line in _text(Path("/proc/self/status")).splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def processor_seconds() -> float:
    """Seconds that cores have computed for this process and, except on Windows, for its children that have ended."""
    return sum(os.times()[:4])


def computed_seconds(root: Path = ROOT) -> float | None:
    """Seconds that all processes have computed on the cores that this one may use; None where the system does not say.

    Source: proc(5), `/proc/stat`: user, nice and system time, interrupts, and what other machines took (steal).
    """
    allowed = {f"cpu{core}" for core in os.sched_getaffinity(0)} if hasattr(os, "sched_getaffinity") else set()
    rows = [line.split() for line in _text(root / "proc" / "stat").splitlines()]
    ticks = [int(row[place]) for row in rows if row and row[0] in allowed for place in (1, 2, 3, 6, 7, 8)]
    return sum(ticks) / os.sysconf("SC_CLK_TCK") if ticks else None


def _own_pages(field: int) -> int:
    """Bytes of this process: the whole address space (0) or what is resident (1)."""
    text = _text(Path("/proc/self/statm"))
    return int(text.split()[field]) * os.sysconf("SC_PAGE_SIZE") if text else 0


def _machine_bytes(name: str, root: Path) -> int | None:
    for line in _text(root / "proc" / "meminfo").splitlines():
        key, _, value = line.partition(":")
        if key == name and value.split()[:1] and value.split()[0].isdigit():
            return int(value.split()[0]) * 1024
    if name == "MemTotal" and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def _address_space_bytes() -> int | None:
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft in (resource.RLIM_INFINITY, -1) else soft


def _group_limits(root: Path) -> Iterator[int | None]:
    for group in _groups("memory", root):
        for folder in group.upwards():
            yield _limit_bytes(folder, group)


def _groups(controller: str, root: Path) -> Iterator[_Group]:
    """The process's groups that may limit this resource: of version 2, and of version 1 where it has that controller."""
    paths: dict[int, str] = {}
    for line in _text(root / "proc" / "self" / "cgroup").splitlines():
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if number == "0" and not names:
            paths[2] = path
        elif controller in names.split(","):
            paths[1] = path
    for mount, within, version in _mounts(controller, root):
        if version in paths:
            yield _Group(_inside(mount, paths[version], within), mount, version)


def _mounts(controller: str, root: Path) -> Iterator[tuple[Path, str, int]]:
    """Where the trees are mounted: (folder, which group of the machine is its root, version)."""
    for line in _text(root / "proc" / "self" / "mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) < 5 or len(kind) < 3:
            continue
        folder = root / fields[4].lstrip("/")
        if kind[0] == "cgroup2":
            yield folder, fields[3], 2
        elif kind[0] == "cgroup" and controller in kind[2].split(","):
            yield folder, fields[3], 1


def _inside(mount: Path, path: str, within: str) -> Path:
    """The folder of a group; the mount itself where a container shows only its own group there."""
    group = PurePosixPath(path)
    relative = group.relative_to(within) if group.is_relative_to(within) else group.relative_to("/")
    folder = mount / relative
    return folder if ".." not in relative.parts and folder.is_dir() else mount


def _quota(folder: Path, group: _Group) -> float | None:
    """Cores that a group may use, or None where it has no limit."""
    if group.version == 2:
        quota, _, period = _text(folder / "cpu.max").strip().partition(" ")
    else:
        quota = _text(folder / "cpu.cfs_quota_us").strip()
        period = _text(folder / "cpu.cfs_period_us").strip()
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) > 0 < int(quota) else None


def _limit_bytes(folder: Path, group: _Group) -> int | None:
    names = ("memory.max", "memory.high") if group.version == 2 else ("memory.limit_in_bytes",)
    limits = (_number(folder / name) for name in names)
    return min((limit for limit in limits if limit is not None and limit < NO_LIMIT_BYTES), default=None)


def _used_bytes(folder: Path, group: _Group) -> int | None:
    """What a group holds, without the file cache, which the kernel gives up when memory is short."""
    used = _number(folder / ("memory.current" if group.version == 2 else "memory.usage_in_bytes"))
    name = "inactive_file" if group.version == 2 else "total_inactive_file"
    for line in _text(folder / "memory.stat").splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.strip().isdigit() and used is not None:
            return max(0, used - int(value))
    return used


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    """What a file of the kernel says; nothing where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
