"""The same task on many items, on all cores: processes that speak over pipes.

The standard library's pools run the caller's main script anew in every process, which breaks scripts without a
`__main__` guard, and leave orphans behind when their parent is killed. These import only what the task needs, and end
when their pipe does.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Generic, TypeVar

from classmark.errors import RunError

T = TypeVar("T")
R = TypeVar("R")


def in_processes(task: Callable[[T], R], items: Sequence[T], processes: int) -> Iterator[R]:
    """What `task` gives for each item, in their order.

    Args:
        task: an object that can be pickled; each process gets a copy once.
        items: small ones; they travel.
        processes: how many to start.

    Raises:
        RunError: a process was killed, for instance for want of memory.
    """
    workers = [_Worker(task) for _ in range(processes)]
    idle: queue.SimpleQueue[_Worker[T, R]] = queue.SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def call(item: T) -> R:
        worker = idle.get()
        try:
            return worker.call(item)
        finally:
            idle.put(worker)

    try:
        with ThreadPoolExecutor(processes) as threads:
            yield from threads.map(call, items)
    finally:
        for worker in workers:
            worker.end()


class _Worker(Generic[T, R]):
    def __init__(self, task: Callable[[T], R]) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        code = "from classmark.system.processes import serve; serve()"
        command = [sys.executable, "-P", "-c", code]  # -P: nothing is imported from the working folder
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=-1
        )
        self._send(task)

    def call(self, item: T) -> R:
        self._send(item)
        assert self._process.stdout is not None
        try:
            done, value = pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError):
            raise RunError(
                f"a helper process ended unexpectedly (exit code {self._process.wait()}); memory may have run out. "
                "Try again with less beside it."
            ) from None
        if not done:
            raise value
        result: R = value
        return result

    def end(self) -> None:
        with suppress(OSError):
            self._process.communicate()

    def _send(self, value: object) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # the answer's absence says more
            pickle.dump(value, self._process.stdin)
            self._process.stdin.flush()


def serve() -> None:
    """Answer requests from standard input, each on standard output, until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what prints must not garble the answers
    with suppress(EOFError, BrokenPipeError):
        task: Any = pickle.load(requests)
        while True:
            item = pickle.load(requests)
            try:
                answer = (True, task(item))
            except Exception as error:
                answer = (False, error)
            pickle.dump(answer, answers)
            answers.flush()
