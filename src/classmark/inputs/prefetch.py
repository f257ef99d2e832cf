"""Load the next examples while the model works on these."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from classmark.system.workers import Workers

T = TypeVar("T")
L = TypeVar("L")


def prefetched(load: Callable[[T], L], items: Sequence[T]) -> Iterator[tuple[L, float]]:
    """What `load` gives for each item, in their order, with the seconds that it had to be waited for.

    One thread loads, up to two items ahead; what it raises is raised here.
    """
    with Workers(1, name="load") as thread:
        results = thread.map(load, items)
        for _ in items:
            started = time.perf_counter()
            loaded = next(results)
            yield loaded, time.perf_counter() - started
