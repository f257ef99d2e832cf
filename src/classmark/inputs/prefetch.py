"""Load the next examples while the model works on these."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
L = TypeVar("L")
AHEAD = 2


def prefetched(load: Callable[[T], L], items: Sequence[T]) -> Iterator[tuple[L, float]]:
    """What `load` gives for each item, in their order, with the seconds that it had to be waited for.

    One thread loads, up to two items ahead; what it raises is raised here.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="load") as thread:
        coming: deque[Future[L]] = deque(thread.submit(load, item) for item in items[:AHEAD])
        for number in range(len(items)):
            started = time.perf_counter()
            loaded = coming.popleft().result()
            if number + AHEAD < len(items):
                coming.append(thread.submit(load, items[number + AHEAD]))
            yield loaded, time.perf_counter() - started
