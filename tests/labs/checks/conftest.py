"""What the tests of the kinds share: a reach into a lab of their own, servers that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from processes.ports import free_ports
from tests.labs.checks.looking import Here
from tests.system.gateway.upstream import Upstream
from tutor.labs.reach import Reach

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""When the lab of these tests was started."""


@pytest.fixture
def here() -> Here:
    """An engine that knows no part yet."""
    return Here()


@pytest.fixture
async def reach(here: Here, tmp_path: Path) -> AsyncIterator[Reach]:
    """A reach into a lab with an empty workspace."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    async with Reach(here, workspace, START).open() as opened:
        yield opened


@pytest.fixture
async def shop(here: Here) -> AsyncIterator[Upstream]:
    """A small real HTTP server in the place of the gateway."""
    upstream = Upstream()
    await upstream.start()
    here.addresses["gateway.http"] = f"127.0.0.1:{upstream.port}"
    yield upstream
    await upstream.stop()


Bad = Callable[[str], Awaitable[str]]


@asynccontextmanager
async def _listening(
    behave: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await behave(reader, writer)
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept, read, and never answer."""
    while await reader.read(4096):
        pass


async def _garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer everything with bytes that are no protocol."""
    while await reader.read(4096):
        writer.write(b"\x00\xffwhat?\r\n\x07 certainly not\r\n" * 3)
        await writer.drain()


async def _hang_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Read something, then close without a word."""
    await reader.read(4096)


def _json(body: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return answer


MISBEHAVING = {
    "silent": _silence,
    "garbage": _garbage,
    "hangs-up": _hang_up,
    "no-json": _json(b"<html>It works!</html>"),
    "empty-object": _json(b"{}"),
    "numbers": _json(b"[1, 2]"),
    "wrong-shapes": _json(b'{"status": "success", "data": {"result": 7, "resultType": []}, "lines": 5}'),
    "nested": _json(b"[" * 100_000),
}
"""Servers that are there and are not what they should be. The first three are so for every protocol."""


@pytest.fixture
async def bad() -> AsyncIterator[Bad]:
    """Addresses of servers that misbehave in the way that is asked for; `closed` is a port nobody listens on."""
    async with contextlib.AsyncExitStack() as stack:

        async def address(how: str) -> str:
            if how == "closed":
                return f"127.0.0.1:{free_ports(1)[0]}"
            return await stack.enter_async_context(_listening(MISBEHAVING[how]))

        yield address
