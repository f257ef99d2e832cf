from __future__ import annotations

import threading
import time

import pytest

from classmark.system.workers import Workers


def test_results_keep_their_order() -> None:
    with Workers(3) as workers:
        assert list(workers.map(lambda item: (time.sleep(0.001 * (5 - item)), item)[1], range(5))) == list(range(5))


@pytest.mark.parametrize("count", [1, 2])
def test_few_results_wait_to_be_taken(count: int) -> None:
    begun: list[int] = []
    with Workers(count) as workers:
        results = workers.map(begun.append, range(50))
        next(results)
        time.sleep(0.05)
        assert len(begun) <= count + 2


def test_what_a_task_raises_is_raised_and_the_rest_is_left() -> None:
    def task(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    with Workers(1) as workers, pytest.raises(ValueError, match="two"):
        list(workers.map(task, range(1_000)))


def test_each_thread_is_prepared_once_and_the_callers_own_is_not() -> None:
    prepared: list[int] = []
    with Workers(2, lambda: prepared.append(threading.get_ident())) as workers:
        list(workers.map(lambda item: time.sleep(0.01), range(6)))
    assert 1 <= len(prepared) == len(set(prepared)) <= 2
    assert threading.get_ident() not in prepared
