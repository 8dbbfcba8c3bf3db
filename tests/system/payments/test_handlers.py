"""What payments does about orders, in both styles of saga: it remembers, and answers what it knows already."""

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
from chassis.events.contracts import CapturePayment, Contract, InventoryReserved, OrderCancelled, RefundPayment, Saga
from chassis.events.envelope import new_event
from payments.handlers import HANDLERS
from tests.system.harness.tables import Row, published, rows, types

USER = uuid.uuid4()


@pytest.fixture
async def consumer(database: Database, redis_url: str) -> AsyncIterator[Consumer]:
    """The consumer as the service builds it, on a bus that is not started; no cashier is at work."""
    bus = connect(redis_url, service="payments", instance="test", prefetch=20)
    yield Consumer(database, bus, "payments.orders", HANDLERS)
    await bus.stop()


def reserved(order_id: UUID, saga: Saga) -> InventoryReserved:
    """The goods are set aside."""
    return InventoryReserved(order_id=order_id, user_id=USER, total_cents=299, saga=saga)


def cancelled(order_id: UUID, saga: Saga) -> OrderCancelled:
    """The order is off."""
    return OrderCancelled(order_id=order_id, user_id=USER, reason="timed_out", saga=saga)


def capture(order_id: UUID) -> CapturePayment:
    """Take the money."""
    return CapturePayment(order_id=order_id, user_id=USER, amount_cents=299)


async def send(consumer: Consumer, order_id: UUID, *contracts: Contract) -> None:
    """Deliver each, in a message of its own."""
    for contract in contracts:
        await consumer.handle(new_event(contract, subject=str(order_id), producer="orders"))


async def payment(database: Database, order_id: UUID) -> Row | None:
    """Status, step and amount; None when payments has never heard of the order."""
    statement = "SELECT status, step, amount_cents FROM payments WHERE order_id = :id"
    found = await rows(database, statement, id=order_id)
    return found[0] if found else None


async def stands(database: Database, order_id: UUID, status: str, step: str | None) -> None:
    """The payment has been asked for, and by now stands like this."""
    change = "UPDATE payments SET status = :status, step = :step, attempts = 1 WHERE order_id = :id"
    await rows(database, change, id=order_id, status=status, step=step)


async def test_each_style_asks_in_its_own_way(database: Database, consumer: Consumer) -> None:
    """In choreography the reservation is the sign; an orchestrated order waits for its command."""
    one, other = uuid.uuid4(), uuid.uuid4()
    await send(consumer, one, reserved(one, "choreography"))
    await send(consumer, other, reserved(other, "orchestration"), cancelled(other, "orchestration"))
    assert await payment(database, one) == {"status": "PENDING", "step": "charge", "amount_cents": 299}
    assert await payment(database, other) is None
    await send(consumer, other, capture(other))
    assert await payment(database, other) == {"status": "PENDING", "step": "charge", "amount_cents": 299}
    assert await types(database) == []


async def test_asked_twice_is_charged_once(database: Database, consumer: Consumer) -> None:
    """The same message and other messages with the same wish, at once and later: one payment."""
    order_id = uuid.uuid4()
    message = new_event(capture(order_id), subject=str(order_id), producer="orders")
    others = [send(consumer, order_id, capture(order_id)) for _ in range(5)]
    await asyncio.gather(*(consumer.handle(message) for _ in range(5)), *others)
    assert await rows(database, "SELECT count(*) AS n FROM payments") == [{"n": 1}]


@pytest.mark.parametrize(
    ("status", "step", "answer"),
    [
        ("PENDING", "ask", []),
        ("UNKNOWN", "ask", []),
        ("CAPTURED", None, ["payment.captured"]),
        ("DECLINED", None, ["payment.declined"]),
        ("VOIDED", None, ["payment.voided"]),
        ("REFUNDED", None, ["payment.refunded"]),
    ],
)
async def test_a_repeated_capture_is_answered_as_it_stands(
    database: Database, consumer: Consumer, status: str, step: str | None, answer: list[str]
) -> None:
    """How it ended is said again; while it has not, nothing: the outcome follows by itself."""
    order_id = uuid.uuid4()
    await send(consumer, order_id, capture(order_id))
    await stands(database, order_id, status, step)
    await send(consumer, order_id, capture(order_id))
    assert await types(database, order_id) == answer
    assert await payment(database, order_id) == {"status": status, "step": step, "amount_cents": 299}


@pytest.mark.parametrize(
    ("status", "step", "after", "told", "commanded"),
    [
        ("PENDING", "charge", ("PENDING", "void"), [], []),
        ("PENDING", "ask", ("PENDING", "void"), [], []),
        ("UNKNOWN", "ask", ("UNKNOWN", "void"), [], []),
        ("UNKNOWN", "void", ("UNKNOWN", "void"), [], []),
        ("CAPTURED", None, ("CAPTURED", "refund"), [], []),
        ("CAPTURED", "refund", ("CAPTURED", "refund"), [], []),
        ("DECLINED", None, ("DECLINED", None), [], ["payment.voided"]),
        ("VOIDED", None, ("VOIDED", None), [], ["payment.voided"]),
        ("REFUNDED", None, ("REFUNDED", None), [], ["payment.refunded"]),
    ],
)
async def test_a_cancellation_undoes_what_there_is(
    database: Database,
    consumer: Consumer,
    status: str,
    step: str | None,
    after: tuple[str, str | None],
    told: list[str],
    commanded: list[str],
) -> None:
    """What may have been sent is closed or given back by the worker; who commands it is answered, whatever is left."""
    for contract in (cancelled, None):
        order_id = uuid.uuid4()
        await send(consumer, order_id, capture(order_id))
        await stands(database, order_id, status, step)
        sent = contract(order_id, "choreography") if contract else RefundPayment(order_id=order_id)
        await send(consumer, order_id, sent)
        row = await payment(database, order_id)
        assert row is not None
        assert (row["status"], row["step"]) == after
        assert await types(database, order_id) == (told if contract else commanded)


async def test_a_cancellation_that_came_first_is_remembered(database: Database, consumer: Consumer) -> None:
    """A tombstone: the request to pay that it overtook finds it, takes nothing, and is answered."""
    one, other = uuid.uuid4(), uuid.uuid4()
    await send(consumer, one, cancelled(one, "choreography"), reserved(one, "choreography"))
    await send(consumer, other, RefundPayment(order_id=other), capture(other))
    for order_id in (one, other):
        row = await payment(database, order_id)
        assert row is not None
        assert (row["status"], row["step"]) == ("VOIDED", None)
        assert set(await types(database, order_id)) == {"payment.voided"}


async def test_a_payment_that_cannot_be_announced_is_not_voided(database: Database, consumer: Consumer) -> None:
    """The row, the inbox and the event are one transaction."""
    order_id = uuid.uuid4()
    await rows(database, "ALTER TABLE outbox ADD CONSTRAINT broken CHECK (false)")
    with pytest.raises(IntegrityError):
        await send(consumer, order_id, RefundPayment(order_id=order_id))
    assert await payment(database, order_id) is None
    assert await rows(database, "SELECT * FROM inbox") == []


async def test_an_answer_names_its_cause(database: Database, consumer: Consumer) -> None:
    """The message that led to it, and the correlation id of the request behind it."""
    order_id = uuid.uuid4()
    message = new_event(RefundPayment(order_id=order_id), subject=str(order_id), producer="orders")
    await consumer.handle(message)
    (answer,) = await published(database, order_id)
    assert (answer["causation_id"], answer["correlation_id"]) == (str(message.id), message.correlation_id)
