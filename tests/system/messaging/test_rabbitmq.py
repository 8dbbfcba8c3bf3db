"""What only RabbitMQ has: returned messages, properties, quorum queues, connections that are told apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aio_pika
import aiormq
import pytest
from aio_pika import DeliveryMode
from aio_pika.abc import AbstractConnection
from aiormq.abc import AbstractChannel as RawChannel
from pamqp.commands import Basic

from chassis.events import topology
from chassis.events.amqp_session import Session
from chassis.events.bus import Bus, BusUnavailable, Unroutable, connect
from chassis.events.contracts import COMMANDS, EVENTS
from tests.system.messaging.brokers import RabbitBroker
from tests.system.messaging.conftest import Join
from tests.system.messaging.events import SAGA, Held, Seen, released
from tests.system.messaging.waiting import until

pytestmark = pytest.mark.rabbitmq


@pytest.fixture(params=["rabbitmq"])
def broker(rabbit_broker: RabbitBroker) -> RabbitBroker:
    """Only this one."""
    return rabbit_broker


@asynccontextmanager
async def raw(broker: RabbitBroker) -> AsyncIterator[RawChannel]:
    """A channel without the library's checks of what is sent."""
    connection = await aiormq.connect(broker.url)
    try:
        yield await connection.channel()
    finally:
        await connection.close()


class Raw(str):
    """Text that is sent as bytes which are no UTF-8."""

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfe"


async def test_an_event_without_a_queue_is_refused_and_then_placed(broker: RabbitBroker, join: Join) -> None:
    """The publisher is told at once; the session is over, and the next one declares what was missing."""
    bus = await join(name="publisher")
    await broker.lose(SAGA)
    event = released()
    with pytest.raises(Unroutable):
        await bus.publish([released(), event])
    await until(bus.check)
    await bus.publish([event])
    await until(lambda: _count(broker, SAGA, 1))


async def test_one_unroutable_event_takes_no_other_with_it(broker: RabbitBroker, join: Join) -> None:
    """Of a batch the refused one decides the answer; the others may have arrived, and are sent again with it."""
    bus = await join(name="publisher")
    await broker.lose(SAGA)
    sms = released().model_copy(update={"type": "notify.sms"})
    with pytest.raises(Unroutable):
        await bus.publish([sms, released()])
    assert await _count(broker, "notifications.sms", 1)


async def test_messages_are_persistent_and_say_what_they_are(broker: RabbitBroker, join: Join) -> None:
    """Properties and headers, for people and tools that look into a queue."""
    bus = await join()
    event = released().model_copy(update={"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"})
    await bus.publish([event])
    async with broker.channel() as channel:
        message = await (await channel.declare_queue(SAGA, passive=True)).get()
        await message.ack()
    assert message.delivery_mode is DeliveryMode.PERSISTENT
    assert (message.content_type, message.type) == ("application/json", "inventory.released")
    assert (message.message_id, message.correlation_id) == (str(event.id), event.correlation_id)
    assert message.headers["traceparent"] == event.traceparent
    assert message.exchange == EVENTS


@pytest.mark.parametrize(
    "properties",
    [
        Basic.Properties(),
        Basic.Properties(headers={"attempt": "many", "reason": bytearray(b"\xff"), "traceparent": Raw("x")}),
        Basic.Properties(headers={"attempt": -3}),
        Basic.Properties(headers={"attempt": True, "nested": {"a": [1, {"b": Decimal("1.5")}]}}),
        Basic.Properties(headers={"attempt": 10**12, "at": datetime(2026, 1, 1, tzinfo=UTC)}),
        Basic.Properties(message_id="x" * 255, correlation_id="\u20ac" * 80, priority=255, user_id="shop"),
        Basic.Properties(content_encoding="gzip", content_type="", expiration="60000"),
    ],
    ids=["none", "attempt-text", "attempt-negative", "nested", "attempt-huge", "long", "encoding"],
)
async def test_strange_properties_stop_nobody(broker: RabbitBroker, join: Join, properties: Basic.Properties) -> None:
    """Whatever a message carries beside its body, it is handled, and retried from the first attempt on."""
    seen = Seen(ValueError("once"))
    bus = await join({SAGA: seen})
    event = released()
    async with raw(broker) as channel:
        await channel.basic_publish(event.encode(), routing_key=SAGA, properties=properties)
    await until(lambda: seen.events == [event, event])
    await bus.stop()
    await until(lambda: _count(broker, SAGA, 0))


async def test_bytes_that_break_the_protocol_end_as_a_dead_letter(
    broker: RabbitBroker, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A property that no client library can read ends each session; the broker gives up on it, and all goes on."""
    monkeypatch.setattr(topology, "DELIVERY_LIMIT", 2)
    seen = Seen()
    bus = await join({SAGA: seen})
    async with raw(broker) as channel:
        await channel.basic_publish(b"{}", routing_key=SAGA, properties=Basic.Properties(correlation_id=Raw("x")))
    event = released()

    async def published() -> bool:
        await bus.publish([event])
        return True

    await until(published)
    await until(lambda: event in seen.events)
    await until(lambda: _count(broker, topology.dead_queue(SAGA), 1))


async def test_unsettled_deliveries_never_exceed_the_prefetch(broker: RabbitBroker, join: Join) -> None:
    """What one instance holds is bounded at the broker, so that the others get their share."""
    held = Held()
    bus = await join({SAGA: held}, prefetch=3)
    await bus.publish([released() for _ in range(10)])
    await until(lambda: held.running == 3)
    assert await _count(broker, SAGA, 7)
    held.go.set()
    await until(lambda: len(held.done) == 10)


async def test_publishing_and_consuming_have_a_connection_each(broker: RabbitBroker, join: Join) -> None:
    """A broker short of memory blocks those that publish; acks, which free its memory, must still get through."""
    names = []
    original = aio_pika.connect

    async def spy(url: str, **named: Any) -> AbstractConnection:
        names.append(named["client_properties"])
        connection: AbstractConnection = await original(url, **named)
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aio_pika.connect", spy)
        await join({SAGA: Seen()}, name="one")
    assert names == [{"connection_name": "test@one publish"}, {"connection_name": "test@one consume"}]


async def test_everything_declared_is_a_durable_quorum_queue(broker: RabbitBroker, join: Join) -> None:
    """Declaring any of them as a plain queue is refused by the broker: it has them as they should be."""
    await join()
    names = [
        name
        for subscription in topology.SUBSCRIPTIONS
        for name in (
            subscription,
            topology.dead_queue(subscription),
            *(topology.retry_queue(subscription, seconds) for seconds in topology.RETRY_DELAYS),
        )
    ]
    for name in names:
        async with broker.channel() as channel:
            with pytest.raises(aio_pika.exceptions.AMQPError, match="inequivalent arg"):
                await channel.declare_queue(name, durable=True, arguments={})


async def test_changed_arguments_are_refused_and_said(
    broker: RabbitBroker, join: Join, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A queue that exists with other arguments is left alone; the service is not ready, and its log says why."""
    await join()
    monkeypatch.setattr(topology, "DELIVERY_LIMIT", 7)
    bus = connect(broker.url, service="test", instance="newer", prefetch=1)
    await bus.start()
    await until(lambda: "ChannelPreconditionFailed" in caplog.text)
    with pytest.raises(BusUnavailable):
        await bus.check()
    await bus.stop()


async def test_a_wrong_password_is_an_outage_that_names_no_password(
    broker: RabbitBroker, caplog: pytest.LogCaptureFixture
) -> None:
    """It keeps trying, is not ready, and logs neither the password nor the URL."""
    bus = connect(broker.url.replace("shop:", "shop:wrong-"), service="test", instance="one", prefetch=1)
    await bus.start()
    await until(lambda: "no session with the broker" in caplog.text)
    with pytest.raises(BusUnavailable):
        await bus.check()
    await bus.stop()
    assert "wrong-" not in caplog.text


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Session]]:
    """Every session that is opened."""
    opened: list[Session] = []
    original = Session.__init__

    def remember(self: Session, url: str, name: str) -> None:
        original(self, url, name)
        opened.append(self)

    monkeypatch.setattr(Session, "__init__", remember)
    yield opened


async def test_a_handler_that_outlives_its_session_costs_a_second_delivery_only(
    join: Join, sessions: list[Session]
) -> None:
    """Its ack comes too late; the event is delivered on the next session, and that one is acknowledged."""
    held = Held()
    bus = await join({SAGA: held})
    await bus.publish([released()])
    await until(lambda: held.running == 1)
    await sessions[0].close()
    await until(lambda: held.running == 2)
    held.go.set()
    await until(lambda: len(held.done) == 2)
    await until(bus.check)
    await bus.stop()
    assert len(held.events) == 2


async def test_publishing_while_the_session_breaks_is_an_outage_not_a_crash(
    join: Join, sessions: list[Session]
) -> None:
    """Whatever the library raises then, the relay sees BusUnavailable; cancelled it is only by its own owner."""
    bus = await join()

    async def publish_on(bus: Bus) -> int:
        refused = 0
        for _ in range(60):
            try:
                await bus.publish([released() for _ in range(20)])
            except BusUnavailable:
                refused += 1
                await asyncio.sleep(0.02)
        return refused

    publishing = asyncio.create_task(publish_on(bus))
    for _ in range(5):
        await until(bus.check)
        await asyncio.sleep(0.02)
        await sessions[-1].close()
    assert await publishing > 0


async def _count(broker: RabbitBroker, queue: str, expected: int) -> bool:
    async with broker.channel() as channel:
        found = await channel.declare_queue(queue, passive=True)
        assert found.declaration_result.message_count == expected
    return True


def test_commands_and_events_have_their_own_exchange() -> None:
    """An event is told to whoever listens, a command to one; the tables agree."""
    assert topology.EXCHANGES == (EVENTS, COMMANDS)
