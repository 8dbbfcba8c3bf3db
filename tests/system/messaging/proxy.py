"""A TCP proxy that cuts connections after a number of bytes. Refuses to delay, reorder or change what it carries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Proxy:
    """One listening port in front of a server; `limit` is how many bytes of answers a connection may carry."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.limit = 2**62
        self.port = 0
        self.cuts = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._carried: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry a connection, in a task that is awaited at the end."""
        task = asyncio.create_task(self._serve(reader, writer))
        self._carried.add(task)
        task.add_done_callback(self._carried.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, upstream_writer}
        ways = [
            asyncio.create_task(self._carry(reader, upstream_writer, 2**62)),
            asyncio.create_task(self._carry(upstream_reader, writer, self.limit)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for one in (writer, upstream_writer):
            one.transport.abort()
        self._writers -= {writer, upstream_writer}

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int) -> None:
        try:
            while data := await reader.read(min(65536, left)):
                writer.write(data)
                await writer.drain()
                left -= len(data)
        except OSError:
            return
        self.cuts += left == 0

    def cut(self) -> None:
        """End every connection that there is now."""
        for writer in self._writers:
            writer.transport.abort()

    async def closed(self) -> None:
        """End every connection, and wait until they are gone."""
        self.cut()
        while self._carried:
            await asyncio.wait(self._carried)


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy in front of the server of this URL, and the URL through it."""
    parts = urlsplit(url)
    proxy = Proxy(parts.port or 0)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy, url.replace(f":{parts.port}", f":{proxy.port}")
    finally:
        server.close()
        await proxy.closed()
