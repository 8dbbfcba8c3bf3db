"""Waiting for what happens in the background. Refuses to sleep for a fixed time and hope."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

POLL = 0.02


async def until(look: Callable[[], Awaitable[bool]], timeout: float = 10.0) -> None:
    """Look until it is true."""
    deadline = time.monotonic() + timeout
    while not await look():
        assert time.monotonic() < deadline, f"not true within {timeout:g} s"
        await asyncio.sleep(POLL)
