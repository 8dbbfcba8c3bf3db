"""News meets an order in the database: once, in one transaction with what is published, and never on old knowledge."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import reduce

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from chassis.consumer import Consumer
from chassis.database import Database
from chassis.events.bus import Bus, Permanent, connect
from chassis.events.contracts import InventoryReserved, PaymentCaptured, PaymentVoided
from chassis.events.envelope import Event, new_event
from orders import news, store
from orders.decisions import decide
from orders.model import Saga, evolve
from tests.system.harness.tables import rows, types
from tests.system.orders.shop import BY_USER, CAPTURED, PACE, PAYMENT_ID, RESERVED, STICKER, new_order, tell


@pytest.fixture
async def bus(redis_url: str) -> AsyncIterator[Bus]:
    """A bus that is not started: deliveries are made by the test."""
    bus = connect(redis_url, service="orders", instance="test", prefetch=20)
    yield bus
    await bus.stop()


@pytest.fixture
def consumer(database: Database, bus: Bus) -> Consumer:
    """The consumer as the service builds it."""
    return Consumer(database, bus, news.SUBSCRIPTION, news.handlers(PACE))


def event(contract: InventoryReserved | PaymentCaptured | PaymentVoided) -> Event:
    """The contract as somebody else publishes it."""
    return new_event(contract, subject=str(contract.order_id), producer="somebody")


def reserved(order_id: uuid.UUID) -> Event:
    """Inventory's answer."""
    saga = Saga.CHOREOGRAPHY.value
    return event(InventoryReserved(order_id=order_id, user_id=order_id, total_cents=STICKER, saga=saga))


def captured(order_id: uuid.UUID, amount: int = STICKER) -> Event:
    """Payments' answer."""
    return event(PaymentCaptured(order_id=order_id, payment_id=uuid.UUID(PAYMENT_ID), amount_cents=amount))


async def history(database: Database, order_id: uuid.UUID) -> list[str]:
    """The types of an order's events."""
    found = await rows(database, "SELECT type FROM order_events WHERE order_id = :id ORDER BY version", id=order_id)
    return [row["type"] for row in found]


async def test_messages_lead_an_order_to_its_end(database: Database, consumer: Consumer) -> None:
    """Each is written with the message that brought it and the correlation id of the request that began it all."""
    order_id = await new_order(database)
    messages = [reserved(order_id), captured(order_id)]
    for message in messages:
        await consumer.handle(message)
    told = await rows(database, "SELECT version, type, cause, correlation_id FROM order_events ORDER BY version")
    assert [(row["type"], row["cause"]) for row in told] == [
        ("placed", None),
        ("stock_reserved", messages[0].id),
        ("payment_captured", messages[1].id),
        ("confirmed", messages[1].id),
    ]
    assert told[3]["correlation_id"] == messages[1].correlation_id
    assert await types(database, order_id) == ["order.created", "order.confirmed"]


async def test_a_message_delivered_many_times_counts_once(database: Database, consumer: Consumer) -> None:
    """The same delivery again and again, at once and later, and the same news in other messages: one event."""
    order_id = await new_order(database)
    same = reserved(order_id)
    await asyncio.gather(
        *(consumer.handle(same) for _ in range(10)), *(consumer.handle(reserved(order_id)) for _ in range(10))
    )
    await consumer.handle(same)
    assert await history(database, order_id) == ["placed", "stock_reserved"]


async def test_news_that_can_never_be_right_is_refused_for_good(database: Database, consumer: Consumer) -> None:
    """An order nobody placed, and another amount than it costs: dead letters, and the order is as it was."""
    order_id = await new_order(database)
    for message in (captured(uuid.uuid4()), captured(order_id, STICKER - 1), captured(order_id, STICKER + 1)):
        with pytest.raises(Permanent):
            await consumer.handle(message)
    assert await history(database, order_id) == ["placed"]
    assert await rows(database, "SELECT 1 FROM inbox") == []


async def test_old_news_is_settled_without_a_trace(database: Database, consumer: Consumer) -> None:
    """What comes too late is acknowledged: it is normal, and nobody has to look at it."""
    order_id = await new_order(database)
    await tell(database, order_id, RESERVED, CAPTURED)
    before = await history(database, order_id)
    await consumer.handle(event(PaymentVoided(order_id=order_id)))
    assert await history(database, order_id) == before
    assert len(await rows(database, "SELECT 1 FROM inbox")) == 1


async def test_a_change_that_cannot_be_announced_does_not_happen(database: Database, consumer: Consumer) -> None:
    """History, projections, saga, inbox and outbox are one transaction; the next delivery finds nothing done."""
    order_id = await new_order(database)
    await tell(database, order_id, RESERVED)
    before = await rows(
        database, "SELECT * FROM orders JOIN sagas ON id = order_id JOIN user_order_totals USING (user_id)"
    )
    message = captured(order_id)
    await rows(database, "ALTER TABLE outbox ADD CONSTRAINT broken CHECK (event ->> 'type' <> 'order.confirmed')")
    with pytest.raises(IntegrityError):
        await consumer.handle(message)
    assert before == await rows(
        database, "SELECT * FROM orders JOIN sagas ON id = order_id JOIN user_order_totals USING (user_id)"
    )
    assert await history(database, order_id) == ["placed", "stock_reserved"]
    await rows(database, "ALTER TABLE outbox DROP CONSTRAINT broken")
    await consumer.handle(message)
    assert (await history(database, order_id))[-1] == "confirmed"


async def test_old_knowledge_changes_nothing(database: Database) -> None:
    """Who decided on version 1 when there is a version 2 already writes nothing, and is told so."""
    order_id = await new_order(database)
    async with database.transaction() as connection:
        stale = await store.load(connection, order_id)
    assert stale is not None
    await tell(database, order_id, RESERVED)
    events = decide(stale, BY_USER)
    async with database.transaction() as connection:
        after = reduce(evolve, events, stale)
        age = await store.advance(
            connection, stale, after, events, now=datetime.now(UTC), cause=None, pause=PACE.pause(0)
        )
    assert age is None
    assert await history(database, order_id) == ["placed", "stock_reserved"]
    assert await rows(database, "SELECT status, version FROM orders") == [{"status": "PENDING", "version": 2}]


async def test_history_is_only_appended_to(database: Database) -> None:
    """The database itself refuses another event of the same number, changes and deletions."""
    order_id = await new_order(database)
    again = "INSERT INTO order_events SELECT * FROM order_events WHERE order_id = :id"
    with pytest.raises(IntegrityError):
        await rows(database, again, id=order_id)
    for statement in ("UPDATE order_events SET type = 'x'", "DELETE FROM order_events", "TRUNCATE order_events"):
        with pytest.raises(DBAPIError, match="append-only"):
            await rows(database, statement)
