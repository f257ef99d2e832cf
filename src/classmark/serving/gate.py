"""What every request passes: it is counted and timed, and its answer carries the headers that keep browsers safe."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from classmark.serving.metrics import Metrics
from classmark.serving.refusals import Gone

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CLIENT_LEFT = 499  # no status of HTTP, but what is usual in counters
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


class Gate:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        try:
            await self.app(scope, receive, counted)
        except Gone:
            status = CLIENT_LEFT
            self.metrics.aborted()
        finally:
            path = getattr(scope.get("route"), "path", "other")
            self.metrics.answered(path, status, time.perf_counter() - started)


def shows_key(headers: Any, key: bytes) -> bool:
    """Whether a request shows the key, as `Authorization: Bearer …` or `X-API-Key: …`; in constant time.

    Args:
        headers: of the request.
        key: sha256 of the key, so that its length does not tell.
    """
    import hashlib
    import hmac

    scheme, _, shown = headers.get("authorization", "").partition(" ")
    shown = shown.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    return hmac.compare_digest(hashlib.sha256(shown.encode("utf-8", "surrogateescape")).digest(), key)
