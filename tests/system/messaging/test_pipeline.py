"""From one service's outbox to another's effect, over each broker, with everything breaking on the way.

Nothing lost and nothing doubled in effect is the whole promise, so that is what each of these tests counts.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import context, tracing
from chassis.consumer import Consumer
from chassis.database import Database
from chassis.events.bus import Bus, Permanent, connect
from chassis.events.contracts import InventoryReleased
from chassis.events.envelope import Event
from chassis.relay import Relay
from tests.system.chassis.spans import forget, record
from tests.system.messaging.brokers import Broker
from tests.system.messaging.databases import opened, rows, unpublished, write
from tests.system.messaging.events import SAGA, released
from tests.system.messaging.waiting import until


async def _effect(_data: InventoryReleased, event: Event, connection: AsyncConnection) -> None:
    await connection.execute(
        text("INSERT INTO effects (event_id, subject) VALUES (:id, :subject)"),
        {"id": event.id, "subject": event.subject},
    )


@pytest.fixture
async def producer(new_postgres_url: Callable[[], str]) -> AsyncIterator[Database]:
    """The database of the service that says something."""
    async with opened(new_postgres_url(), name="producer") as database:
        yield database


@pytest.fixture
async def consumed(new_postgres_url: Callable[[], str]) -> AsyncIterator[Database]:
    """The database of the service that does something about it."""
    async with opened(new_postgres_url(), name="consumer") as database:
        yield database


@asynccontextmanager
async def speaking(broker: Broker, database: Database) -> AsyncIterator[Bus]:
    """The producer: a bus and a relay, stopped as a service stops them."""
    bus = connect(broker.url, service="producer", instance="one", prefetch=20)
    relay = Relay(database, bus)
    await bus.start()
    await relay.start()
    try:
        yield bus
    finally:
        await relay.stop()
        await bus.stop()


@asynccontextmanager
async def listening(broker: Broker, database: Database, *names: str) -> AsyncIterator[list[Bus]]:
    """Instances of the consumer, by name."""
    buses = [connect(broker.url, service="consumer", instance=name, prefetch=20) for name in names or ("one",)]
    for bus in buses:
        Consumer(database, bus, SAGA, {InventoryReleased: _effect})
        await bus.start()
    try:
        yield buses
    finally:
        for bus in buses:
            await bus.stop()


async def _effects(database: Database) -> list[UUID]:
    return await rows(database, "SELECT event_id FROM effects")


async def _all_done(producer: Database, consumed: Database, events: Sequence[Event]) -> bool:
    assert await unpublished(producer) == []
    assert Counter(await _effects(consumed)) == Counter(event.id for event in events)
    return True


async def test_what_one_service_commits_another_does(broker: Broker, producer: Database, consumed: Database) -> None:
    """Fifty events, two instances of the consumer: fifty effects."""
    events = [released(f"subject-{number % 7}") for number in range(50)]
    async with speaking(broker, producer), listening(broker, consumed, "one", "two"):
        await write(producer, *events)
        await until(lambda: _all_done(producer, consumed, events))


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_broker_outage_loses_and_doubles_nothing(
    broker: Broker, producer: Database, consumed: Database, end: str
) -> None:
    """Events are written before, while and after the broker is away; each has one effect in the end."""
    events = [released(f"subject-{number % 5}") for number in range(60)]
    async with speaking(broker, producer), listening(broker, consumed, "one", "two"):
        for event in events[:20]:
            await write(producer, event)
        await asyncio.to_thread(getattr(broker.process, end))
        for event in events[20:40]:
            await write(producer, event)
        await asyncio.to_thread(broker.start)
        for event in events[40:]:
            await write(producer, event)
        await until(lambda: _all_done(producer, consumed, events), timeout=40)
    assert await _all_done(producer, consumed, events)


async def test_every_message_twice_has_one_effect(broker: Broker, producer: Database, consumed: Database) -> None:
    """The relay forgets what it published (as after a crash between confirm and mark) and publishes all again."""
    events = [released() for _ in range(20)]
    async with speaking(broker, producer), listening(broker, consumed, "one", "two"):
        await write(producer, *events)
        await until(lambda: _all_done(producer, consumed, events))
        await rows(producer, "UPDATE outbox SET published_at = NULL RETURNING 1")
        await write(producer, event := released())
        await until(lambda: _all_done(producer, consumed, [*events, event]))
    assert await _all_done(producer, consumed, [*events, event])


async def test_connections_that_are_cut_lose_and_double_nothing(
    broker: Broker, producer: Database, consumed: Database
) -> None:
    """Sessions of both databases are cut again and again while events flow."""
    events = [released() for _ in range(60)]
    async with speaking(broker, producer), listening(broker, consumed, "one", "two"):
        for number, event in enumerate(events):
            await write(producer, event)
            if number % 20 == 10:
                for database in (producer, consumed):
                    await _cut_connections(database)
        await until(lambda: _all_done(producer, consumed, events))
    assert await _all_done(producer, consumed, events)


async def test_a_consumer_that_was_away_catches_up(broker: Broker, producer: Database, consumed: Database) -> None:
    """Stopped in the middle and started again, twice: nothing is skipped and nothing is done twice."""
    events = [released() for _ in range(60)]
    async with speaking(broker, producer):
        for part in (events[:20], events[20:40], events[40:]):
            async with listening(broker, consumed):
                await write(producer, *part[:10])
                await until(lambda: _effects(consumed))
            await write(producer, *part[10:])
        async with listening(broker, consumed):
            await until(lambda: _all_done(producer, consumed, events))


async def test_one_trace_and_one_correlation_id_from_end_to_end(
    broker: Broker, producer: Database, consumed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The consumer's span is a child of the publishing one, which is a child of the request's."""
    spans = record()
    heard: list[str] = []

    async def hear(_data: InventoryReleased, _event: Event, _connection: AsyncConnection) -> None:
        heard.append(context.correlation_id())

    monkeypatch.setattr(f"{__name__}._effect", hear)
    try:
        async with speaking(broker, producer), listening(broker, consumed):
            with context.bind("corr-42"), tracing.span("POST /orders", kind="server") as request:
                await write(producer, released())
            await until(lambda: heard == ["corr-42"])
            await until(lambda: any("process" in span.name for span in spans.get_finished_spans()))
    finally:
        forget()
    by_name = {span.name: span for span in spans.get_finished_spans() if "postgresql" not in span.name}
    publish, process = by_name["inventory.released publish"], by_name["inventory.released process"]
    assert publish.parent is not None and process.parent is not None
    assert publish.context is not None
    assert publish.parent.span_id == request.get_span_context().span_id
    assert process.parent.span_id == publish.context.span_id
    assert process.context is not None
    assert process.context.trace_id == request.get_span_context().trace_id


async def test_dead_letters_are_measured(
    broker: Broker, producer: Database, consumed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alert needs a number: it rises with a dead letter and falls when that is replayed and handled."""
    monkeypatch.setattr("chassis.dead_letters.INTERVAL", 0.05)
    wrong = True

    async def fail(*arguments: object) -> None:
        if wrong:
            raise Permanent("not yet")

    monkeypatch.setattr(f"{__name__}._effect", fail)

    def measured() -> float | None:
        return REGISTRY.get_sample_value("dead_letters", {"subscription": SAGA})

    async with speaking(broker, producer), listening(broker, consumed) as (bus,):
        await write(producer, released(), released())
        await until(lambda: measured() == 2)
        wrong = False
        assert await bus.replay(SAGA, 10) == 2
        await until(lambda: measured() == 0)


async def _cut_connections(database: Database) -> None:
    await rows(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
