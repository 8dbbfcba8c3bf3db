"""Stops working for a client that has left.

A server goes on by itself: nobody told it to look whether the client is still there. Then a page that is reloaded five
times because it is slow makes five times the work, which makes it slower.

Refuses to guess what happened to a request that was under way: a POST that was cancelled here may have been done there,
and a client that asks again with the same Idempotency-Key will learn it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect
from starlette.types import Receive


@asynccontextmanager
async def while_connected(receive: Receive) -> AsyncIterator[None]:
    """Run the body until it is done or the client leaves; then it is cancelled, and ClientDisconnect raised."""
    task = asyncio.current_task()
    assert task is not None
    cancelling = task.cancelling()
    left = False

    async def watch() -> None:
        nonlocal left
        while (await receive())["type"] != "http.disconnect":
            pass
        left = True
        task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        # Ours, unless somebody else (a stop of the process) cancelled as well: then theirs goes on.
        if left and task.uncancel() <= cancelling:
            raise ClientDisconnect from None
        raise
    finally:
        watcher.cancel()
