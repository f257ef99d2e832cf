"""Requests that arrive close together are computed together, in one thread, while the event loop goes on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from classmark.serving.refusals import Refused


class Sized(Protocol):
    """What can be computed: it knows its rows."""

    def __len__(self) -> int: ...


Request = TypeVar("Request", bound=Sized)
Answer = TypeVar("Answer")


@dataclass
class _Waiting(Generic[Request, Answer]):
    request: Request
    answer: asyncio.Future[Answer]
    since: float


@dataclass
class Batcher(Generic[Request, Answer]):
    """Collects requests for one model; start `work` as a task of the event loop.

    Attributes:
        compute: an answer for each request; called in `worker`.
        worker: the one thread for computing, which several batchers may share.
        batch: rows from which on waiting requests are computed at once. A request is never divided.
        wait_seconds: how long the first of a batch waits for others.
        most_waiting: rows; beyond them new requests are refused.
        computed: told the rows of each batch.
    """

    compute: Callable[[Sequence[Request]], Sequence[Answer]]
    worker: Executor
    batch: int
    wait_seconds: float
    most_waiting: int
    computed: Callable[[int], None] = lambda rows: None
    _waiting: deque[_Waiting[Request, Answer]] = field(default_factory=deque, init=False)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _full: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _closed: bool = field(default=False, init=False)

    @property
    def waiting_rows(self) -> int:
        """Rows of all requests that wait."""
        return sum(len(one.request) for one in self._waiting if not one.answer.done())

    def submit(self, request: Request) -> asyncio.Future[Answer]:
        """The answer to a request, once its batch is computed; if it is cancelled before, it is not computed.

        Raises:
            Refused: too many rows wait already.
        """
        assert not self._closed
        rows = self.waiting_rows
        if rows and rows + len(request) > self.most_waiting:
            raise Refused(
                503,
                f"{rows:,} rows wait for an answer, and no more are taken.",
                "Ask again soon.",
                {"Retry-After": "1"},
            )
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append(_Waiting(request, answer, loop.time()))
        self._arrived.set()
        if rows + len(request) >= self.batch:
            self._full.set()
        return answer

    def close(self) -> None:
        """Compute what waits, and end `work`."""
        self._closed = True
        self._arrived.set()
        self._full.set()

    async def work(self) -> None:
        """Compute batch after batch until the batcher is closed."""
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            if not self._waiting:
                if self._closed:
                    return
                self._arrived.clear()
                continue
            await self._fill(self._waiting[0].since + self.wait_seconds - loop.time())
            if taken := self._take():
                await self._compute(taken)

    async def _fill(self, seconds: float) -> None:
        """Wait until a batch is full, but no longer."""
        self._full.clear()
        if seconds <= 0 or self._closed or self.waiting_rows >= self.batch:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._full.wait()
        except TimeoutError:
            pass

    def _take(self) -> list[_Waiting[Request, Answer]]:
        """The next requests that somebody waits for, the first one in any case."""
        taken, rows = list[_Waiting[Request, Answer]](), 0
        while self._waiting and (not taken or rows + len(self._waiting[0].request) <= self.batch):
            one = self._waiting.popleft()
            if not one.answer.done():
                taken.append(one)
                rows += len(one.request)
        return taken

    async def _compute(self, taken: Sequence[_Waiting[Request, Answer]]) -> None:
        requests = [one.request for one in taken]
        try:
            answers = await asyncio.get_running_loop().run_in_executor(self.worker, self.compute, requests)
        except Exception as error:  # each caller raises it; the next batch is computed
            for one in taken:
                if not one.answer.done():
                    one.answer.set_exception(error)
            return
        self.computed(sum(len(request) for request in requests))
        for one, answer in zip(taken, answers, strict=True):
            if not one.answer.done():
                one.answer.set_result(answer)
