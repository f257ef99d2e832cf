"""The same task on many items, in threads: for work that releases Python's lock, such as torch's and numpy's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Self, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Workers:
    """Threads that each work on one item at a time.

    Args:
        count: how many.
        prepare: called once in each thread before its first item.
        name: of the threads, for debuggers.
    """

    def __init__(self, count: int, prepare: Callable[[], object] = lambda: None, name: str = "worker") -> None:
        self.count = count
        self._threads = ThreadPoolExecutor(count, name, prepare)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    def map(self, task: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """What `task` gives for each item, in their order; what it raises is raised here.

        One result more than there are threads may wait to be taken, which bounds memory.
        """
        coming = iter(items)
        waiting = deque[Future[R]](self._threads.submit(task, item) for item in islice(coming, self.count + 1))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(self._threads.submit(task, item) for item in islice(coming, 1))
                yield result
                del result
        finally:
            for future in waiting:
                future.cancel()
