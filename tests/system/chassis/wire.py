"""A service on a real socket, and HTTP as bytes. Refuses to be a client: nothing is corrected, retried or followed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from chassis.faults import Faults
from chassis.server import Listener, bind
from chassis.service import Service, business_app


@dataclass
class Answer:
    """One response; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def problem(self, status: int) -> dict[str, Any]:
        """The body of a response that must be a problem of this status."""
        assert (self.status, self.headers["content-type"]) == (status, "application/problem+json"), self
        body: dict[str, Any] = json.loads(self.body)
        assert body["status"] == status
        return body


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Answer:
        """Read one response. Raises: IncompleteReadError when the connection ends before it does."""
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = (line.split(": ", 1) for line in head[1:] if line)
            headers = {name.lower(): value for name, value in pairs}
            if headers.get("transfer-encoding") == "chunked":
                body = await self._chunks()
            else:
                body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(head[0].split()[1]), headers, body)

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            body += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readexactly(2)
        return body

    async def ended(self) -> bool:
        """Wait until the other side has closed; True when it sent nothing more before."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read() == b""
            except ConnectionError:
                return True

    def close(self) -> None:
        """Leave."""
        self.writer.close()


class Port:
    """A listening business port."""

    def __init__(self, number: int, listener: Listener, faults: Faults) -> None:
        self.number = number
        self.listener = listener
        self.faults = faults
        self._open: list[Wire] = []

    async def connect(self) -> Wire:
        """A new connection; closed after the test."""
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self.number))
        self._open.append(wire)
        return wire

    async def ask(self, data: bytes) -> Answer:
        """One request on a connection of its own."""
        wire = await self.connect()
        await wire.send(data)
        return await wire.answer()

    def leave(self) -> None:
        """Close what the test has opened."""
        for wire in self._open:
            wire.close()


@asynccontextmanager
async def listening(service: Service) -> AsyncIterator[Port]:
    """The service's business port, without its components."""
    faults = Faults()
    socket = bind("PORT", "127.0.0.1", 0)
    port = Port(socket.getsockname()[1], Listener(business_app(service, faults)), faults)
    await port.listener.open(socket)
    try:
        yield port
    finally:
        faults.clear()
        port.leave()
        await port.listener.close(1)
