"""Bounded waits inside an event loop. Refuses to sleep for a fixed time and hope."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

POLL = 0.01


async def until(look: Callable[[], Any | Awaitable[Any]], timeout: float = 20.0) -> None:
    """Look until the answer is true, or None for a check that raises when it is not; fail when time is up."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + timeout
    while True:
        seen: Any
        try:
            seen = look()
            if inspect.isawaitable(seen):
                async with asyncio.timeout_at(deadline):
                    seen = await seen
        except Exception as error:  # noqa: BLE001 - not yet, whatever it says; the last one is shown
            seen = error
        if seen is None or (seen and not isinstance(seen, Exception)):
            return
        if clock() > deadline:
            raise AssertionError(f"not true within {timeout:g} s; last seen: {seen!r}")
        await asyncio.sleep(POLL)
