"""Observer on a port of its own, and a trace that went through a whole shop. Refuses anything random."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from httpx import AsyncClient

from chassis.server import Listener, bind
from chassis.service import asgi
from observer.app import build
from observer.settings import ObserverSettings
from tests.system.observer.exports import TRACE, log, span

PROTOBUF = {"content-type": "application/x-protobuf"}
GATEWAY, CALL, ORDERS, SEND, RESERVE = (character * 16 for character in "12345")


@asynccontextmanager
async def observer_on_a_port(folder: Path) -> AsyncIterator[AsyncClient]:
    """A client of an empty observer; `base_url` says where it listens."""
    listening = bind("PORT", "127.0.0.1", 0)
    port = listening.getsockname()[1]
    listener = Listener(asgi(build(ObserverSettings(data_dir=folder))))
    await listener.open(listening)
    try:
        async with AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield client
    finally:
        await listener.close(1)


def order_placed(at_s: int) -> list[bytes]:
    """One order: gateway calls orders, orders sends an event, inventory takes it, as a link says, and fails."""
    email = {"user.email": "ann@example.com"}
    return [
        span(
            "gateway", "POST /api/orders", GATEWAY, start_s=at_s, took_ms=900, attributes={"http.route": "/api/orders"}
        ),
        span("gateway", "call orders", CALL, GATEWAY, start_s=at_s, took_ms=800, kind="client"),
        span("orders", "POST /orders", ORDERS, CALL, start_s=at_s, took_ms=700, attributes=email),
        span("orders", "send order.created", SEND, ORDERS, start_s=at_s + 1, took_ms=1, kind="producer"),
        span("inventory", "process order.created", RESERVE, start_s=at_s + 2, link=SEND, kind="consumer", error=True),
    ]


def other_trace(at_s: int) -> bytes:
    """A trace that has nothing to do with it."""
    return span("users", "GET /users/me", "9" * 16, trace_id="f" * 32, start_s=at_s)


async def export(client: AsyncClient, *bodies: bytes, signal: str = "traces") -> None:
    """Send these as exporters would."""
    for body in bodies:
        (await client.post(f"/v1/{signal}", content=body, headers=PROTOBUF)).raise_for_status()


__all__ = ["TRACE", "export", "log", "observer_on_a_port", "order_placed", "other_trace"]
