"""Ends background tasks. Refuses to believe that one cancellation is enough.

Until Python 3.12 `asyncio.wait_for` swallows a cancellation that arrives together with its result, and libraries
use it: whoever cancels once and then waits may wait for ever.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN = 0.1


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel the tasks until they have ended, whatever they ended with."""
    ending = list(tasks)
    running = set(ending)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN)
    await asyncio.gather(*ending, return_exceptions=True)
