"""What inventory answers to orders, in both styles of saga, and what it leaves unanswered."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from chassis.consumer import Consumer
from chassis.database import Database
from chassis.events.bus import connect
from chassis.events.contracts import (
    Contract,
    Line,
    OrderCancelled,
    OrderCreated,
    ReleaseInventory,
    ReserveInventory,
    Saga,
)
from chassis.events.envelope import new_event
from inventory.handlers import HANDLERS
from tests.system.harness.tables import published, rows, types

USER = uuid.uuid4()


@pytest.fixture
async def consumer(database: Database, redis_url: str) -> AsyncIterator[Consumer]:
    """The consumer as the service builds it, on a bus that is not started: deliveries are made by the test."""
    bus = connect(redis_url, service="inventory", instance="test", prefetch=20)
    yield Consumer(database, bus, "inventory.orders", HANDLERS)
    await bus.stop()


def created(order_id: UUID, saga: Saga, quantity: int = 2) -> OrderCreated:
    """An order of some limited prints."""
    lines = (Line(sku="LIMITED-PRINT", quantity=quantity, unit_price_cents=12000),)
    return OrderCreated(order_id=order_id, user_id=USER, lines=lines, total_cents=24000, saga=saga)


def command(order_id: UUID, quantity: int = 2) -> ReserveInventory:
    """The same as a command."""
    order = created(order_id, "orchestration", quantity)
    return ReserveInventory(**order.model_dump(exclude={"saga"}))


def cancelled(order_id: UUID, saga: Saga) -> OrderCancelled:
    """Its cancellation."""
    return OrderCancelled(order_id=order_id, user_id=USER, reason="timed_out", saga=saga)


async def send(consumer: Consumer, order_id: UUID, *contracts: Contract) -> None:
    """Deliver each, in a message of its own."""
    for contract in contracts:
        await consumer.handle(new_event(contract, subject=str(order_id), producer="orders"))


async def test_choreography_reacts_to_facts(database: Database, consumer: Consumer) -> None:
    """Created: reserved, with all that payments needs to know; cancelled: released."""
    order_id = uuid.uuid4()
    await send(consumer, order_id, created(order_id, "choreography"), cancelled(order_id, "choreography"))
    answers = await published(database, order_id)
    assert [answer["type"] for answer in answers] == ["inventory.reserved", "inventory.released"]
    assert answers[0]["data"] == {
        "order_id": str(order_id),
        "user_id": str(USER),
        "total_cents": 24000,
        "currency": "EUR",
        "saga": "choreography",
    }


async def test_orchestration_reacts_to_commands_only(database: Database, consumer: Consumer) -> None:
    """Facts about an orchestrated order are left alone: its commands follow."""
    order_id = uuid.uuid4()
    await send(consumer, order_id, created(order_id, "orchestration"), cancelled(order_id, "orchestration"))
    assert await types(database) == []
    await send(consumer, order_id, command(order_id), ReleaseInventory(order_id=order_id))
    assert await types(database, order_id) == ["inventory.reserved", "inventory.released"]
    assert (await published(database, order_id))[0]["data"]["saga"] == "orchestration"


async def test_what_is_missing_is_said(database: Database, consumer: Consumer) -> None:
    """Rejected, with the skus that were short, and again when asked again."""
    order_id = uuid.uuid4()
    await send(consumer, order_id, command(order_id, 6), command(order_id, 6))
    answers = await published(database, order_id)
    assert [(answer["type"], answer["data"]["missing"]) for answer in answers] == [
        ("inventory.rejected", ["LIMITED-PRINT"])
    ] * 2


async def test_a_command_is_always_answered(database: Database, consumer: Consumer) -> None:
    """Whoever repeats it had no answer: each reserve and each release gets one, and holds or frees once."""
    order_id = uuid.uuid4()
    await send(consumer, order_id, command(order_id), command(order_id))
    assert await types(database, order_id) == ["inventory.reserved"] * 2
    assert await rows(database, "SELECT reserved FROM stock WHERE reserved > 0") == [{"reserved": 2}]
    await send(consumer, order_id, ReleaseInventory(order_id=order_id), ReleaseInventory(order_id=order_id))
    assert (await types(database, order_id))[2:] == ["inventory.released"] * 2
    assert await rows(database, "SELECT reserved FROM stock WHERE reserved > 0") == []


async def test_a_cancellation_that_came_first_is_not_followed_by_a_reservation(
    database: Database, consumer: Consumer
) -> None:
    """Released is said at once, so that nobody waits; the order that comes later holds nothing and says nothing."""
    order_id = uuid.uuid4()
    await send(consumer, order_id, cancelled(order_id, "choreography"), created(order_id, "choreography"))
    assert await types(database, order_id) == ["inventory.released"]
    other = uuid.uuid4()
    await send(consumer, other, ReleaseInventory(order_id=other), command(other))
    assert await types(database, other) == ["inventory.released"]
    assert await rows(database, "SELECT reserved FROM stock WHERE reserved > 0") == []


async def test_a_rejected_order_is_cancelled_in_silence(database: Database, consumer: Consumer) -> None:
    """In choreography nobody waits for a release of what was never held."""
    order_id = uuid.uuid4()
    await send(consumer, order_id, created(order_id, "choreography", 6), cancelled(order_id, "choreography"))
    assert await types(database, order_id) == ["inventory.rejected"]


async def test_one_delivery_many_times_counts_once(database: Database, consumer: Consumer) -> None:
    """The same message ten times at once, and once more: one reservation, one answer."""
    order_id = uuid.uuid4()
    message = new_event(created(order_id, "choreography"), subject=str(order_id), producer="orders")
    await asyncio.gather(*(consumer.handle(message) for _ in range(10)))
    await consumer.handle(message)
    answers = await published(database, order_id)
    assert [answer["type"] for answer in answers] == ["inventory.reserved"]
    assert (answers[0]["causation_id"], answers[0]["correlation_id"]) == (str(message.id), message.correlation_id)


async def test_a_reservation_that_cannot_be_announced_does_not_happen(database: Database, consumer: Consumer) -> None:
    """Stock, reservation, inbox and answer are one transaction."""
    order_id = uuid.uuid4()
    await rows(database, "ALTER TABLE outbox ADD CONSTRAINT broken CHECK (false)")
    with pytest.raises(IntegrityError):
        await send(consumer, order_id, created(order_id, "choreography"))
    for table in ("reservations", "reservation_lines", "inbox"):
        assert await rows(database, f"SELECT * FROM {table}") == []
    assert await rows(database, "SELECT reserved FROM stock WHERE reserved > 0") == []
