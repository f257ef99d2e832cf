"""Requests wait for others, but not long; nobody computes what nobody waits for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from classmark.serving.batching import Batcher
from classmark.serving.refusals import Refused


class Echo:
    """Answers each request with itself, and remembers batches."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.batches: list[list[str]] = []
        self.gate = gate

    def __call__(self, requests: Sequence[str]) -> list[str]:
        if self.gate is not None:
            self.gate.wait(5)
        self.batches.append(list(requests))
        return [f"answer {request}" for request in requests]


def run(body: Any, echo: Echo, batch: int = 4, wait_seconds: float = 0.05, most_waiting: int = 100) -> Any:
    async def main() -> Any:
        with ThreadPoolExecutor(1) as worker:
            batcher = Batcher[str, str](echo, worker, batch, wait_seconds, most_waiting)
            task = asyncio.create_task(batcher.work())
            try:
                return await body(batcher)
            finally:
                batcher.close()
                await asyncio.wait_for(task, 5)

    coroutine: Coroutine[Any, Any, Any] = main()
    return asyncio.run(coroutine)


def test_requests_that_are_close_are_computed_together() -> None:
    echo = Echo()

    async def body(batcher: Batcher[str, str]) -> list[str]:
        return await asyncio.gather(*(batcher.submit(letter) for letter in "abc"))

    assert run(body, echo) == ["answer a", "answer b", "answer c"]
    assert echo.batches == [["a", "b", "c"]]


def test_a_full_batch_does_not_wait_and_a_request_is_never_divided() -> None:
    echo = Echo()

    async def body(batcher: Batcher[str, str]) -> float:
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.gather(*(batcher.submit(word) for word in ("ab", "cd", "e", "a long one")))
        return loop.time() - started

    assert run(body, echo, wait_seconds=30) < 5
    assert echo.batches == [["ab", "cd"], ["e"], ["a long one"]]


def test_the_first_waits_no_longer_than_it_is_to() -> None:
    echo = Echo()

    async def body(batcher: Batcher[str, str]) -> str:
        return await asyncio.wait_for(batcher.submit("a"), 2)

    assert run(body, echo) == "answer a"


def test_what_is_given_up_is_not_computed() -> None:
    gate = threading.Event()
    echo = Echo(gate)

    async def body(batcher: Batcher[str, str]) -> str:
        first = batcher.submit("first")
        await asyncio.sleep(0.1)
        given_up, last = batcher.submit("given up"), batcher.submit("last")
        given_up.cancel()
        assert batcher.waiting_rows == len("last")
        gate.set()
        await first
        return await last

    assert run(body, echo) == "answer last"
    assert echo.batches == [["first"], ["last"]]


def test_too_many_are_turned_away_and_a_large_one_alone_is_not() -> None:
    gate = threading.Event()

    async def body(batcher: Batcher[str, str]) -> str:
        first = batcher.submit("x" * 50)
        await asyncio.sleep(0.1)
        second = batcher.submit("123456")
        with pytest.raises(Refused, match="6 rows wait for an answer, and no more are taken") as refused:
            batcher.submit("12345")
        assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "1"})
        gate.set()
        await first
        return await second

    assert run(body, Echo(gate), most_waiting=10) == "answer 123456"


def test_a_failure_is_told_to_its_callers_and_the_next_batch_is_computed() -> None:
    class Fails(Echo):
        def __call__(self, requests: Sequence[str]) -> list[str]:
            if "bad" in requests:
                raise ZeroDivisionError
            return super().__call__(requests)

    async def body(batcher: Batcher[str, str]) -> str:
        with pytest.raises(ZeroDivisionError):
            await batcher.submit("bad")
        return await batcher.submit("good")

    assert run(body, Fails()) == "answer good"


def test_what_waits_is_answered_when_it_is_closed() -> None:
    async def body(batcher: Batcher[str, str]) -> str:
        waiting = batcher.submit("a")
        batcher.close()
        return await waiting

    assert run(body, Echo(), wait_seconds=30) == "answer a"
