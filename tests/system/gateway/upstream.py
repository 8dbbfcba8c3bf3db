"""A service behind the gateway, small enough to do anything wrong on purpose: it sees and says every byte itself.

Refuses to be polite: no framework in between tidies what came or what is answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Received:
    """One request, as it came over the wire: header names as they were spelled."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int  # the number of the connection it came on
    place: int  # 1 for the first request on that connection

    def values(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def value(self, name: str) -> str:
        """The value of a header that is there exactly once."""
        (value,) = self.values(name)
        return value


Behaviour = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


def answer(status: int = 200, body: bytes | str = b"ok", *headers: tuple[str, str]) -> Behaviour:
    """Answer like this."""
    content = body.encode() if isinstance(body, str) else body

    async def behave(_request: Received, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers)]
        if status >= 200 and status not in (204, 304):
            lines.append(f"Content-Length: {len(content)}")
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + content)

    return behave


def answer_json(value: Any, status: int = 200) -> Behaviour:
    """Answer with JSON."""
    return answer(status, json.dumps(value), ("Content-Type", "application/json"))


def say(data: bytes, *, close: bool = False) -> Behaviour:
    """Say exactly these bytes."""

    async def behave(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        if close:
            writer.close()

    return behave


def after(seconds: float, then: Behaviour) -> Behaviour:
    """Be slow."""

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await then(request, writer)

    return behave


async def hang(_request: Received, _writer: asyncio.StreamWriter) -> None:
    """Never answer, and keep the connection open."""
    await asyncio.Event().wait()


async def hang_up(_request: Received, writer: asyncio.StreamWriter) -> None:
    """Read the request, then close without a word."""
    writer.close()


@dataclass
class Upstream:
    """A listening upstream. `behave` may be replaced at any time; `script` is used up first, one per request."""

    behave: Behaviour = field(default_factory=answer)
    script: list[Behaviour] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    abandoned: int = 0  # requests whose connection was closed before they were answered
    port: int = 0
    _server: asyncio.Server | None = None
    _connections: set[asyncio.Task[None]] = field(default_factory=set)
    _numbers: int = 0

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self, port: int = 0) -> None:
        """Listen, on a free port or on this one."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections and cut those there are."""
        if self._server is not None:
            self._server.close()
            for task in list(self._connections):
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            self._server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self._numbers += 1
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._serve(reader, writer, self._numbers)
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            self._connections.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        place = 0
        while not writer.is_closing():
            place += 1
            request = await _read(reader, connection, place)
            self.received.append(request)
            behaviour = self.script.pop(0) if self.script else self.behave
            answering = asyncio.ensure_future(behaviour(request, writer))
            # The next byte, or the end: neither comes while the client waits for its answer, unless it gives up.
            left = asyncio.ensure_future(_closed(reader))
            await asyncio.wait({answering, left}, return_when=asyncio.FIRST_COMPLETED)
            left.cancel()
            if not answering.done():
                self.abandoned += 1
                answering.cancel()
                return
            answering.result()
            await writer.drain()


async def _closed(reader: asyncio.StreamReader) -> None:
    while not reader.at_eof():
        await asyncio.sleep(0.01)


async def _read(reader: asyncio.StreamReader, connection: int, place: int) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    method, target, _version = first.split(" ")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    length = sum(int(value) for name, value in headers if name.lower() == "content-length")
    assert not any(name.lower() == "transfer-encoding" for name, _ in headers), "the gateway sends whole bodies"
    return Received(method, target, headers, await reader.readexactly(length), connection, place)
