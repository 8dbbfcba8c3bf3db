"""What the tests of messaging share: both brokers, buses that end with their test, and pauses that are short.

Everything marked `rabbitmq` runs against a real RabbitMQ, one per test process; the rest against a real Valkey.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from itertools import count
from typing import Protocol

import pytest

from chassis.events import stream_reader, topology
from chassis.events.bus import Bus, Handler, connect
from processes.rabbitmq import RabbitMQ
from processes.valkey import Valkey
from tests.system.messaging.brokers import Broker, RabbitBroker, StreamsBroker
from tests.system.messaging.waiting import until

_numbers = count(1)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries after tenths of a second, and a consumer that is silent for a second counts as dead."""
    monkeypatch.setattr(topology, "RETRY_DELAYS", (0.05, 0.1, 0.2))
    monkeypatch.setattr(stream_reader, "TOUCH", 0.2)
    monkeypatch.setattr(stream_reader, "CLAIM_AFTER", 1.0)


@pytest.fixture
def redis_broker(valkey: Valkey, redis_url: str) -> Iterator[StreamsBroker]:
    """A Valkey with nothing in it; whatever the test does to the server is mended."""
    broker = StreamsBroker(valkey, redis_url)
    yield broker
    broker.start()


@pytest.fixture
async def rabbit_broker(rabbitmq: RabbitMQ) -> AsyncIterator[RabbitBroker]:
    """A virtual host with nothing declared; whatever the test does to the server is mended."""
    # Not the last one emptied: a queue that is made again right before a kill -9 is what RabbitMQ 3.10 mixes up.
    broker = RabbitBroker(rabbitmq, rabbitmq.add_vhost(f"bus-{next(_numbers)}"))
    yield broker
    broker.start()
    await broker.wipe()


@pytest.fixture(params=["redis", pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)])
def broker(request: pytest.FixtureRequest) -> Broker:
    """Each broker in turn."""
    found: Broker = request.getfixturevalue("redis_broker" if request.param == "redis" else "rabbit_broker")
    return found


class Join(Protocol):
    """Starts a bus."""

    def __call__(
        self, handlers: Mapping[str, Handler] = ..., *, name: str = ..., prefetch: int = ...
    ) -> Awaitable[Bus]:
        """A bus that is ready, consuming with these handlers."""


@pytest.fixture
async def join(broker: Broker) -> AsyncIterator[Join]:
    """Starts buses on the broker; they are stopped after the test."""
    buses: list[Bus] = []

    async def start(handlers: Mapping[str, Handler] | None = None, *, name: str = "one", prefetch: int = 20) -> Bus:
        bus = connect(broker.url, service="test", instance=name, prefetch=prefetch)
        for subscription, handler in (handlers or {}).items():
            bus.subscribe(subscription, handler)
        await bus.start()
        buses.append(bus)
        await until(bus.check)
        return bus

    yield start
    for bus in reversed(buses):
        await bus.stop()
