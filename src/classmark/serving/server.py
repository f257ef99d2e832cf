"""The process of a service: its socket, its signals, and how long a connection may take to send its headers."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from classmark.errors import InputError
from classmark.serving.app import build_app
from classmark.serving.metrics import Metrics
from classmark.serving.models import Models
from classmark.serving.options import ServeOptions, check_options, named_runs

KEEP_ALIVE_SECONDS = 30
WAITING_CONNECTIONS = 512


@dataclass(frozen=True)
class Address:
    """Where a service listens; port 0 is any free one."""

    host: str = "127.0.0.1"
    port: int = 8000


def serve_runs(runs: list[Path], address: Address, options: ServeOptions) -> None:
    """Serve until SIGTERM or SIGINT; the address goes to standard output once requests are answered.

    Raises:
        ClassmarkError: a run cannot be loaded, or the address cannot be used.
    """
    check_options(options)
    named = named_runs(runs)
    listening = open_socket(address)
    with listening:
        metrics = Metrics()
        models = Models(named, options, metrics)
        host, port = listening.getsockname()[:2]
        if not is_loopback(host) and options.key is None:
            print(
                f"warning: everyone who reaches {host}:{port} can use this service. Set a key: CLASSMARK_API_KEY, or "
                "--key-file FILE",
                file=sys.stderr,
            )
        asyncio.run(_run(models, options, metrics, listening))


async def _run(models: Models, options: ServeOptions, metrics: Metrics, listening: socket.socket) -> None:
    config = uvicorn.Config(
        build_app(models, options, metrics),
        http=patient_protocol(options.limits.seconds),
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(2 * options.limits.seconds) + 1,
        backlog=WAITING_CONNECTIONS,
    )
    server, loop = Server(config), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    tasks = set[asyncio.Task[None]]()

    def reload() -> None:
        task = asyncio.create_task(models.reload())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    if hasattr(signal, "SIGHUP"):
        loop.add_signal_handler(signal.SIGHUP, reload)
    await server.serve(sockets=[listening])


class Server(uvicorn.Server):
    """A server that says where it is, ends in peace at the first signal, and at once at the second."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the caller."""
        yield

    def stop(self) -> None:
        """Take no more requests, answer those that are there, and end; a second time, end at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if sockets and not self.should_exit:
            host, port = sockets[0].getsockname()[:2]
            print(f"http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)


def patient_protocol(seconds: float) -> type[asyncio.Protocol]:
    """HTTP/1.1 that closes a connection whose headers are not whole after so many seconds."""

    class PatientProtocol(H11Protocol):
        _headers_due: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._headers_due = self.loop.call_later(seconds, transport.close)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:
                self._headers_came()
            elif self._headers_due is None:  # the start of another request on the same connection
                self._headers_due = self.loop.call_later(seconds, self.transport.close)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._headers_came()

        def connection_lost(self, exc: Exception | None) -> None:
            self._headers_came()
            super().connection_lost(exc)

        def _headers_came(self) -> None:
            if self._headers_due is not None:
                self._headers_due.cancel()
                self._headers_due = None

    return PatientProtocol


def open_socket(address: Address) -> socket.socket:
    """A socket that listens there.

    Raises:
        InputError: the address is not of this machine, or in use.
    """
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = found[0]
        return socket.create_server(place, family=family, backlog=WAITING_CONNECTIONS)
    except (OSError, OverflowError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(
            f"{address.host}, port {address.port}: it cannot be used ({reason}).", "Name another: --host, --port"
        ) from None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
