"""What a container may use: from made files of the kernel, and under real limits where this machine can set them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from classmark.system.machine import available_bytes, cores, memory_bytes, peak_bytes, processor_seconds, resident_bytes

GIB = 2**30
V2_MOUNT = "30 20 0:26 {inside} /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate"
V1_MOUNT = "31 20 0:27 {inside} /sys/fs/cgroup/{name} rw shared:10 - cgroup cgroup rw,{name}"


def made(root: Path, files: dict[str, str]) -> Path:
    """A folder with these files of the kernel, of a machine with 64 GiB of which 60 are free."""
    meminfo = f"MemTotal: {64 * 2**20} kB\nMemFree: 1 kB\nMemAvailable: {60 * 2**20} kB\n"
    for name, content in {"proc/meminfo": meminfo, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")
    return root


@pytest.fixture(autouse=True)
def affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with 64 cores, and no limit by `ulimit -v`."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)), raising=False)


def version_2(inside: str, path: str) -> dict[str, str]:
    return {"proc/self/cgroup": f"0::{path}", "proc/self/mountinfo": V2_MOUNT.format(inside=inside)}


def version_1(inside: str, path: str) -> dict[str, str]:
    mounts = "\n".join(V1_MOUNT.format(inside=inside, name=name) for name in ("cpu,cpuacct", "memory"))
    return {"proc/self/cgroup": f"4:memory:{path}\n3:cpu,cpuacct:{path}\n0::/", "proc/self/mountinfo": mounts}


def test_without_groups_the_machine_is_the_limit(tmp_path: Path) -> None:
    root = made(tmp_path, {})
    assert (cores(root), memory_bytes(root), available_bytes(root)) == (64, 64 * GIB, 60 * GIB)


def test_a_container_with_a_tree_of_its_own(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/cpu.max": "200000 100000",
        "sys/fs/cgroup/memory.max": str(4 * GIB),
        "sys/fs/cgroup/memory.current": str(3 * GIB),
        "sys/fs/cgroup/memory.stat": f"anon 1\ninactive_file {GIB}\nactive_file 5",
    }
    root = made(tmp_path, {**version_2("/", "/"), **files})
    assert (cores(root), memory_bytes(root), available_bytes(root)) == (2, 4 * GIB, 2 * GIB)


@pytest.mark.parametrize(("quota", "expected"), [("50000 100000", 1), ("150000 100000", 2), ("max 100000", 64)])
def test_a_part_of_a_core_counts_as_one(tmp_path: Path, quota: str, expected: int) -> None:
    assert cores(made(tmp_path, {**version_2("/", "/"), "sys/fs/cgroup/cpu.max": quota})) == expected


def test_the_smallest_limit_on_the_way_up_counts(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/a.slice/memory.max": str(8 * GIB),
        "sys/fs/cgroup/a.slice/cpu.max": "300000 100000",
        "sys/fs/cgroup/a.slice/b.scope/memory.max": "max",
        "sys/fs/cgroup/a.slice/b.scope/memory.high": str(12 * GIB),
        "sys/fs/cgroup/a.slice/b.scope/cpu.max": "max 100000",
        "sys/fs/cgroup/other/memory.max": str(GIB),
    }
    root = made(tmp_path, {**version_2("/", "/a.slice/b.scope"), **files})
    assert (cores(root), memory_bytes(root)) == (3, 8 * GIB)


def test_version_1_has_a_tree_for_each_resource(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "250000",
        "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": str(4 * GIB),
        "sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes": str(GIB),
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
    }
    root = made(tmp_path, {**version_1("/", "/docker/x"), **files})
    assert (cores(root), memory_bytes(root), available_bytes(root)) == (3, 4 * GIB, 3 * GIB)


def test_a_container_that_sees_only_its_own_group(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/memory/memory.limit_in_bytes": str(2 * GIB),
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "100000",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
    }
    for number, inside in enumerate(("/docker/x", "/")):  # as docker mounts it, and where the path leads nowhere
        root = made(tmp_path / str(number), {**version_1(inside, "/docker/x"), **files})
        assert (cores(root), memory_bytes(root)) == (1, 2 * GIB)


@pytest.mark.parametrize("content", ["", "garbage", "0::", "max", "-1 0", "0 0", "12x"])
def test_odd_files_limit_nothing(tmp_path: Path, content: str) -> None:
    files = {"sys/fs/cgroup/cpu.max": content, "sys/fs/cgroup/memory.max": content}
    root = made(tmp_path, {**version_2("/", "/"), **files})
    assert (cores(root), memory_bytes(root)) == (64, 64 * GIB)
    broken = made(tmp_path / "b", {"proc/self/cgroup": content, "proc/self/mountinfo": content})
    assert (cores(broken), memory_bytes(broken)) == (64, 64 * GIB)


def test_this_process() -> None:
    held, peak = resident_bytes(), peak_bytes()
    if sys.platform == "linux":
        assert held is not None
        assert peak is not None
        assert 2**20 < held <= peak * 1.05


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_the_memory_of_the_process_that_starts_one_does_not_count() -> None:
    held = bytearray(200 * 2**20)
    held[:: 2**12] = b"x" * len(held[:: 2**12])
    code = "from classmark.system.machine import peak_bytes; print(peak_bytes())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert 2**20 < int(told) < 100 * 2**20


def test_computing_counts_and_waiting_does_not() -> None:
    before, own = processor_seconds(), time.process_time()
    while time.process_time() - own < 0.1:
        sum(range(10_000))
    assert 0.05 < processor_seconds() - before < 1
    before = processor_seconds()
    time.sleep(0.2)
    assert processor_seconds() - before < 0.1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not count children")
def test_children_count() -> None:
    before, own = processor_seconds(), time.process_time()
    subprocess.run([sys.executable, "-c", "sum(range(10_000_000))"], check=True)
    assert processor_seconds() - before - (time.process_time() - own) > 0.05


SAY = "from classmark.system.machine import *; print(cores(), memory_bytes())"


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_ulimit_and_affinity() -> None:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2 * GIB, 2 * GIB))
        os.sched_setaffinity(0, {0})

    done = subprocess.run([sys.executable, "-c", SAY], preexec_fn=limit, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", str(2 * GIB)]


@pytest.fixture
def group() -> Iterator[dict[str, Path]]:
    """A real control group of version 1 with half a core more than one and 3 GiB, where this machine lets us make it."""
    folders = {name: Path("/sys/fs/cgroup") / name / f"classmark-test-{os.getpid()}" for name in ("cpu", "memory")}
    try:
        for folder in folders.values():
            folder.mkdir()
        (folders["cpu"] / "cpu.cfs_quota_us").write_text("100000")
        (folders["memory"] / "memory.limit_in_bytes").write_text(str(3 * GIB))
    except OSError:
        pytest.skip("no control group can be made here")
    yield folders
    for folder in folders.values():
        folder.rmdir()


def test_a_real_group(group: dict[str, Path]) -> None:
    def enter() -> None:
        for folder in group.values():
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    done = subprocess.run([sys.executable, "-c", SAY], preexec_fn=enter, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", str(3 * GIB)]
