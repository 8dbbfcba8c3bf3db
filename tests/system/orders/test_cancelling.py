"""Cancelling: whatever it meets on its way, the order ends in one state, and what was taken is given back."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise

import pytest

from chassis.database import Database
from orders import changes
from orders.model import OrderEvent, Saga
from orders.replay import replay
from tests.system.harness.tables import rows, types
from tests.system.orders.shop import (
    BY_USER,
    CAPTURED,
    DECLINED,
    PACE,
    REJECTED,
    RESERVED,
    TIMED_OUT,
    UNKNOWN,
    Customer,
    new_order,
    tell,
)

RACES = [
    (RESERVED, CAPTURED, BY_USER),
    (RESERVED, CAPTURED, BY_USER, TIMED_OUT),
    (RESERVED, DECLINED, BY_USER),
    (RESERVED, UNKNOWN, CAPTURED, TIMED_OUT),
    (REJECTED, BY_USER, TIMED_OUT),
    (RESERVED, RESERVED, CAPTURED, CAPTURED, BY_USER, BY_USER),
]


async def test_a_repeated_cancellation_says_the_same(ada: Customer, database: Database) -> None:
    """200 each time, also for ten at once; it is announced once and counted once."""
    order_id = await ada.placed()
    answers = await asyncio.gather(*(ada.cancel(order_id) for _ in range(10)))
    answers.append(await ada.cancel(order_id))
    assert {(answer.status_code, answer.json()["reason"]) for answer in answers} == {(200, "cancelled_by_user")}
    assert len({answer.content for answer in answers}) == 1
    assert await types(database, order_id) == ["order.created", "order.cancelled"]
    assert (await ada.get("/orders/totals")).json()["cancelled"] == 1


async def test_a_confirmed_order_can_be_cancelled(ada: Customer, database: Database) -> None:
    """An orchestrated one commands both compensations, stock before money."""
    order_id = await new_order(database, Saga.ORCHESTRATION, ada.id)
    await tell(database, order_id, RESERVED, CAPTURED)
    assert (await ada.cancel(order_id)).json()["status"] == "CANCELLED"
    assert (await types(database, order_id))[-4:] == [
        "order.confirmed",
        "order.cancelled",
        "inventory.release",
        "payment.refund",
    ]


async def test_what_cannot_be_cancelled_is_a_problem(ada: Customer) -> None:
    """An order that is none."""
    for what in ("nothing", "0", "%00", "1" * 1000):
        assert (await ada.cancel(what)).status_code == 422, what


@pytest.mark.parametrize("saga", Saga)
async def test_a_cancellation_that_meets_other_news_ends_in_one_state(database: Database, saga: Saga) -> None:
    """Many orders, all their news at the same moment in any sequence: one end each, told in the right sequence."""
    dice = random.Random(7)

    async def race(news: tuple[OrderEvent, ...]) -> None:
        order_id = await new_order(database, saga)
        await asyncio.gather(*(tell(database, order_id, one) for one in dice.sample(news, len(news))))

    for _ in range(8):
        await asyncio.gather(*(race(news) for news in RACES))
    await one_end_each(database)
    async with database.session() as connection:
        assert await replay(connection, write=False) == {"orders": [], "user_order_totals": []}


async def one_end_each(database: Database) -> None:
    """Every order has ended; its history has no gaps; what was published tells of that end, and once."""
    for row in await rows(database, "SELECT id, status, reason, stock, payment, version FROM orders"):
        history = await rows(
            database, "SELECT version, type FROM order_events WHERE order_id = :id ORDER BY version", id=row["id"]
        )
        assert [event["version"] for event in history] == list(range(1, row["version"] + 1))
        kinds = [event["type"] for event in history]
        assert len(kinds) == len(set(kinds))
        told = [kind for kind in await types(database, row["id"]) if kind.startswith("order.")]
        ends = [f"order.{kind}" for kind in kinds if kind in {"confirmed", "cancelled"}]
        assert told == ["order.created", *ends]
        assert ends[-1] == f"order.{row['status'].lower()}"
        assert ("order.confirmed", "order.cancelled") not in pairwise(told) or row["reason"] == "cancelled_by_user"


async def test_an_order_that_never_stands_still_is_a_conflict(ada: Customer, database: Database) -> None:
    """Whoever loses every race is told to try again; nothing is half done."""
    order_id = await ada.placed()
    # A projection that is always behind looks just like an order that others keep changing.
    await rows(database, "UPDATE orders SET version = 0")
    answer = await ada.cancel(order_id)
    assert (answer.status_code, answer.headers["retry-after"]) == (409, "1")
    assert await types(database, order_id) == ["order.created"]
    with pytest.raises(changes.Contended):
        async with database.transaction() as connection:
            await changes.apply(connection, (await rows(database, "SELECT id FROM orders"))[0]["id"], BY_USER, PACE)
