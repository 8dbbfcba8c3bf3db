"""The body of a request, whole. Held in memory, because a retry has to be able to send it again; hence the limits.

Refuses a body over the route's limit, and one that comes too slowly: who sends a byte a minute would hold memory here
for as long as they like.
"""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from chassis.problems import Problem
from gateway import headers

SECONDS = 15.0
_CLOSE = {"Connection": "close"}


async def read(raw: headers.Raw, receive: Receive, limit: int) -> bytes:
    """The body, or a Problem: 408 or 413."""
    length = headers.one(raw, b"content-length")
    if not headers.one(raw, b"transfer-encoding") and length in (b"", b"0"):
        return b""
    if length.isdigit() and int(length) > limit and headers.one(raw, b"expect"):
        raise _too_large(limit)  # it waits for "100 Continue" and has sent nothing yet
    try:
        async with asyncio.timeout(SECONDS):
            return await _received(receive, limit)
    except TimeoutError:
        raise Problem(408, "The body came too slowly", headers=_CLOSE) from None


async def _received(receive: Receive, limit: int) -> bytes:
    received = bytearray()
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        size += len(part)
        if size <= limit:
            received += part
        more = message.get("more_body", False)
    # Only now, for a connection that is closed while the client still sends is reset, and the client never reads why.
    # What is too much was thrown away, and the server in front has a limit of its own on how much of it comes.
    if size > limit:
        raise _too_large(limit)
    return bytes(received)


def _too_large(limit: int) -> Problem:
    return Problem(413, "The body is too large", detail=f"A body has at most {limit} bytes here.", headers=_CLOSE)
