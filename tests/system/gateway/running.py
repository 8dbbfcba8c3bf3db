"""A gateway as its process runs it: the same listener and protocol, on a loopback port, in the test's event loop.

Refuses to replace any part of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from chassis.faults import Faults
from chassis.server import Listener, bind
from chassis.service import Service, business_app
from gateway.app import assemble
from gateway.routing import Routing
from gateway.settings import GatewaySettings

IDENTITY_KEY = "0123456789abcdef0123456789abcdef"
# A breaker that stays out of the way of tests about something else.
PATIENT = {"minimum": 1000}


async def until(condition: Callable[[], object], seconds: float = 5) -> None:
    """Wait for something that happens on the other side of a socket."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


class Gateway:
    """A running gateway, and a client of it."""

    def __init__(self, service: Service, port: int, client: httpx.AsyncClient, file: Path) -> None:
        self.service = service
        self.port = port
        self.client = client
        self.file = file

    @property
    def routing(self) -> Routing:
        """The routes in force, for tests of what changes them."""
        (routing,) = (part for part in self.service.components if isinstance(part, Routing))
        return routing

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """One GET with these headers."""
        return await self.client.get(path, headers=headers)

    async def raw(self, data: bytes) -> bytes:
        """Send exactly these bytes on a connection of their own; everything that comes back until it is closed.

        The gateway has to close it: because it was asked to, or because of what it thinks of the request.
        """
        async with self.connection() as (reader, writer), asyncio.timeout(20):
            writer.write(data)
            return await reader.read()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A bare connection, which is closed afterwards unless it was before."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def running(file: Path, redis_url: str, jwks_url: str, **settings: Any) -> AsyncIterator[Gateway]:
    """A gateway with these routes; stopped afterwards."""
    chosen = GatewaySettings(
        instance_id="test",
        routes_file=file,
        redis_url=redis_url,
        jwks_url=jwks_url,
        identity_keys=f"k1={IDENTITY_KEY}",
        **settings,
    )
    service = assemble(chosen)
    socket = bind("PORT", "127.0.0.1", 0)
    listener = Listener(business_app(service, Faults()))
    for component in service.components:
        await component.start()
    await listener.open(socket)
    service.health.ready = True
    port = socket.getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=15, trust_env=False) as client:
            yield Gateway(service, port, client, file)
    finally:
        await listener.close(1.0)
        for component in reversed(service.components):
            await component.stop()


def routes(upstreams: Mapping[str, Any], *table: Mapping[str, Any], **limits: Any) -> str:
    """A routes file: upstreams as a list of URLs or as settings, routes, and limits beside a generous default."""
    described = {}
    for name, given in upstreams.items():
        settings = {"instances": given} if isinstance(given, list) else given
        described[name] = {"breaker": PATIENT, **settings}
    default = {"rate": 10_000, "burst": 10_000}
    whole = {"limits": {"default": default, **limits}, "upstreams": described, "routes": list(table)}
    return json.dumps(whole, indent=1)  # which is YAML, too
