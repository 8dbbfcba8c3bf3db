"""One address for several instances: each connection goes on to the next of them that listens.

Refuses to look into what it carries: a client that wants the same instance twice has to address that instance.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Sequence
from functools import partial

CHUNK = 65_536
CONNECT_SECONDS = 2.0


class Doors:
    """Opens doors, in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._servers: list[asyncio.Server] = []

    def close(self) -> None:
        """Close all doors, and cut what goes through them."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        for server in self._servers:
            server.close()
        self._loop.close()

    def open(self, port: int, targets: Sequence[int]) -> None:
        """Let whoever connects to `port` through to one of `targets`. Raises: OSError when the port is taken."""
        turn = _Turn(targets)
        opening = asyncio.start_server(partial(_carry, turn), "127.0.0.1", port)
        self._servers.append(asyncio.run_coroutine_threadsafe(opening, self._loop).result(10))


class _Turn:
    """Whose turn it is."""

    def __init__(self, targets: Sequence[int]) -> None:
        self._targets, self._next = list(targets), 0

    def order(self) -> list[int]:
        """The targets, beginning with the next one."""
        self._next = (self._next + 1) % len(self._targets)
        return self._targets[self._next :] + self._targets[: self._next]


async def _carry(turn: _Turn, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, both ways; none when no instance listens."""
    other: asyncio.StreamWriter | None = None
    with contextlib.suppress(OSError):
        try:
            for port in turn.order():
                with contextlib.suppress(OSError, TimeoutError):
                    async with asyncio.timeout(CONNECT_SECONDS):
                        back, other = await asyncio.open_connection("127.0.0.1", port)
                    break
            if other is not None:
                await _both(_pump(reader, other), _pump(back, writer))
        finally:
            for end in (writer, other):
                if end is not None:
                    end.close()


async def _both(*ways: Coroutine[None, None, None]) -> None:
    tasks = [asyncio.create_task(way) for way in ways]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in rest:
        task.cancel()
    for task in done:
        task.exception()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way until that way ends; then say so."""
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
