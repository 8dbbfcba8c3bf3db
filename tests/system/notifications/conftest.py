"""Notifications on a real PostgreSQL and a real broker, with its stub of the providers on a real socket.

Retries wait for hundredths of a second here: what is tested is that they are bounded, not how long they take.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from httpx import AsyncClient

from chassis.events import topology
from chassis.events.bus import Bus, connect
from chassis.events.contracts import Contract
from chassis.events.envelope import Event, new_event
from chassis.faults import Faults
from chassis.server import Listener, bind
from chassis.service import ops_app
from notifications.app import assemble
from notifications.settings import Settings
from tests.system.harness.inprocess import environment, served
from tests.system.messaging.waiting import until


@dataclass(frozen=True)
class Running:
    """One running instance: its API, its ops port, and its parts."""

    api: AsyncClient
    ops: AsyncClient

    async def behave(self, channel: str, **behaviour: Any) -> None:
        """Make the provider of a channel misbehave."""
        answer = await self.ops.put("/channels/behaviour", json={"channel": channel, **behaviour})
        assert answer.status_code == 200, answer.text

    async def recover(self) -> None:
        """Make all providers behave."""
        assert (await self.ops.delete("/channels/behaviour")).status_code == 204


Start = Callable[..., Awaitable[Running]]
Sql = Callable[..., Awaitable[list[dict[str, Any]]]]
Say = Callable[..., Awaitable[Event]]


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same number of attempts as ever, with hardly any time between them."""
    monkeypatch.setattr(topology, "RETRY_DELAYS", (0.02, 0.04, 0.06))


@pytest.fixture
def events_url(redis_url: str) -> str:
    """The broker."""
    return redis_url


@pytest.fixture
async def start(short_pauses: None, postgres_url: str, events_url: str) -> AsyncIterator[Start]:
    """Starts an instance, with settings of its own when given; all are stopped after the test."""
    async with AsyncExitStack() as stack:

        async def start_one(**settings: Any) -> Running:
            return await stack.enter_async_context(running(postgres_url, events_url, **settings))

        yield start_one


@asynccontextmanager
async def running(postgres_url: str, broker_url: str, **settings: Any) -> AsyncIterator[Running]:
    """An instance of the service."""
    listening = bind("OPS_PORT", "127.0.0.1", 0)
    port = listening.getsockname()[1]
    told = {**environment(postgres_url, broker_url), "ops_port": port, "faults": "on", **settings}
    service = assemble(Settings(**told))
    ops = Listener(ops_app(service, Faults()))
    await ops.open(listening)
    try:
        async with (
            served(service) as api,
            AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as at_ops,
        ):
            yield Running(api, at_ops)
    finally:
        await ops.close(1)


@pytest.fixture
async def shop(start: Start) -> Running:
    """One running instance."""
    return await start()


@pytest.fixture
async def bus(short_pauses: None, events_url: str) -> AsyncIterator[Bus]:
    """The test's own way to the broker, as another service has it."""
    bus = connect(events_url, service="test", instance="test", prefetch=1)
    await bus.start()
    await until(bus.check)
    yield bus
    await bus.stop()


@pytest.fixture
def say(bus: Bus) -> Say:
    """Publishes a contract as an event, or an event once more."""

    async def publish(said: Contract | Event) -> Event:
        event = said if isinstance(said, Event) else new_event(said, subject="test", producer="test")
        await bus.publish([event])
        return event

    return publish


@pytest.fixture
async def sql(postgres_url: str) -> AsyncIterator[Sql]:
    """Rows of a statement in the service's database."""
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))

    async def rows(statement: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await connection.fetch(statement, *values)]

    yield rows
    await connection.close()
