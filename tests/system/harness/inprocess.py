"""A service inside the test's own process: its parts run for real, its API answers without sockets.

Refuses the tokens of users: callers come as the gateway would send them, with an identity it has signed.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from httpx import ASGITransport, AsyncClient
from starlette.types import Message

from chassis.faults import Faults
from chassis.identity.internal import parse_keys, sign
from chassis.identity.model import Identity
from chassis.identity.permissions import permissions_of
from chassis.server import Listener, bind
from chassis.service import Component, Service, asgi, business_app

IDENTITY_KEYS = f"k1={secrets.token_urlsafe(32)}"
# Nobody listens there: no token of users is ever verified in these tests.
NOWHERE = "http://127.0.0.1:9"


def environment(postgres_url: str, redis_url: str) -> dict[str, Any]:
    """What every service is told, as keyword arguments of its settings."""
    return {
        "database_url": postgres_url,
        "events_url": redis_url,
        "jwks_url": f"{NOWHERE}/keys",
        "identity_keys": IDENTITY_KEYS,
        "instance_id": "test",
    }


def signed(service: str, user_id: UUID, *roles: str) -> dict[str, str]:
    """The header by which the gateway vouches for this user; a customer when no role is given."""
    granted = frozenset(roles or ("customer",))
    identity = Identity(str(user_id), granted, permissions_of(granted), "user")
    return {"X-Identity": sign(identity, parse_keys(IDENTITY_KEYS), service)}


@asynccontextmanager
async def served(service: Service, headers: Mapping[str, str] | None = None) -> AsyncIterator[AsyncClient]:
    """A client of the started service, which is stopped in order afterwards."""
    app = asgi(service)
    said: asyncio.Queue[Message] = asyncio.Queue()
    told: asyncio.Queue[Message] = asyncio.Queue()
    life = asyncio.ensure_future(app({"type": "lifespan"}, told.get, said.put))
    started = asyncio.create_task(said.get())
    await told.put({"type": "lifespan.startup"})
    await asyncio.wait({life, started}, return_when=asyncio.FIRST_COMPLETED)
    if life.done():
        started.cancel()
        life.result()
    try:
        async with AsyncClient(transport=ASGITransport(app=app), base_url="http://service", headers=headers) as client:
            yield client
    finally:
        await told.put({"type": "lifespan.shutdown"})
        await life


@asynccontextmanager
async def on_a_socket(service: Service) -> AsyncIterator[str]:
    """The address of the started service, served as in production: the whole way from bytes to bytes."""
    listener = Listener(business_app(service, Faults()))
    started: list[Component] = []
    try:
        for component in service.components:
            await component.start()
            started.append(component)
        port = bind("PORT", "127.0.0.1", 0)
        await listener.open(port)
        yield f"http://127.0.0.1:{port.getsockname()[1]}"
    finally:
        await listener.close(5)
        for component in reversed(started):
            await component.stop()
