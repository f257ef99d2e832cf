"""The body of a request, within its limits, as what was sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from classmark.errors import InputError
from classmark.serving.contents import FORM_TYPE, SOURCE, Sent
from classmark.serving.options import Limits
from classmark.serving.refusals import Gone, Refused

CLOSE = {"Connection": "close"}  # what is left of the body is not read


async def read_sent(request: Request, limits: Limits) -> list[Sent]:
    """What a request holds: its body, or the files of a form.

    Raises:
        Refused: it is too large, or comes too slowly.
        InputError: the form cannot be read.
        Gone: the client has left.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    data = await read_body(request, limits)
    if kind != FORM_TYPE:
        return [Sent(kind, data)]
    return await _files(request, data, limits)


async def read_body(request: Request, limits: Limits) -> bytes:
    """All bytes of the body.

    Raises:
        Refused: there are too many, or they come too slowly.
        Gone: the client has left.
    """
    too_large = Refused(
        413, f"{SOURCE}: more than the {limits.body_bytes:,} bytes that are read at once.", "Send it in parts.", CLOSE
    )
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > limits.body_bytes:
        raise too_large
    data = bytearray()
    try:
        async with asyncio.timeout(limits.seconds):
            async for part in request.stream():
                data += part
                if len(data) > limits.body_bytes:
                    raise too_large
    except TimeoutError:
        raise Refused(
            408, f"{SOURCE}: it was not complete after {limits.seconds:g} seconds.", "Send it faster.", CLOSE
        ) from None
    except ClientDisconnect:
        raise Gone from None
    return bytes(data)


async def _files(request: Request, data: bytes, limits: Limits) -> list[Sent]:
    """The files of a form, in their order; its other fields are passed over."""

    async def once() -> AsyncGenerator[bytes, None]:
        yield data

    parser = MultiPartParser(request.headers, once(), max_files=limits.rows + 1, max_fields=100)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError, AssertionError) as error:
        reason = getattr(error, "message", None) or "it has no boundary"
        raise InputError(f"{SOURCE}: the form cannot be read ({reason}).", "Send multipart/form-data.") from None
    try:
        found = [
            Sent((one.content_type or "application/octet-stream").lower(), await one.read(), one.filename or SOURCE)
            for _, one in form.multi_items()
            if isinstance(one, UploadFile)
        ]
    finally:
        await form.close()
    if not found:
        raise InputError(f"{SOURCE}: the form holds no file.", 'Send one as the field "file".')
    return found


async def answer_in_time(answer: asyncio.Future[Any], receive: Callable[[], Awaitable[Any]], limits: Limits) -> Any:
    """The answer to a request; it is given up if the client leaves or the time is over.

    Args:
        answer: not yet computed.
        receive: of the connection, whose body is read.
        limits: for the seconds.

    Raises:
        Refused: it took too long.
        Gone: the client has left.
    """
    left = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({answer, left}, timeout=limits.seconds, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        if left.done():
            raise Gone
        raise Refused(
            503,
            f"{SOURCE}: there was no answer within {limits.seconds:g} seconds.",
            "Ask again, or for fewer rows.",
            {"Retry-After": "1"},
        )
    finally:
        answer.cancel()
        left.cancel()
        with suppress(asyncio.CancelledError):
            await left


async def _left(receive: Callable[[], Awaitable[Any]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
