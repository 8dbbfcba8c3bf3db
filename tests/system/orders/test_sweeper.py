"""What happens to an order when nothing happens: it is asked for again, asked about, and ended by its deadline."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from httpx import AsyncClient

from chassis.database import Database
from chassis.events.bus import connect
from chassis.http import Client
from orders.app import assemble
from orders.model import OrderEvent, Saga
from orders.payments import Payments
from orders.settings import Settings
from orders.sweeper import Sweeper
from tests.system.harness.inprocess import environment, served
from tests.system.harness.tables import rows, types
from tests.system.orders.shop import (
    BY_USER,
    CAPTURED,
    DECLINED,
    PACE,
    PAYMENT_ID,
    REJECTED,
    RELEASED,
    RESERVED,
    STICKER,
    UNKNOWN,
    new_order,
    tell,
)


class Desk:
    """Payments as orders asks it: says what it was told to say, and remembers who asked about what."""

    def __init__(self) -> None:
        self.answer: Callable[[], Any] = lambda: web.json_response({"title": "No payment"}, status=404)
        self.asked: list[str] = []
        self.keys: list[str | None] = []

    async def handle(self, request: web.Request) -> web.Response:
        """One question."""
        self.asked.append(request.path.rsplit("/", 1)[1])
        self.keys.append(request.headers.get("X-Api-Key"))
        answer = self.answer()
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            return web.Response(status=500)
        assert isinstance(answer, web.Response)
        return answer

    def says(self, status: str, amount: int = STICKER) -> None:
        """The payment of whatever order stands like this."""
        body = {"payment_id": PAYMENT_ID, "order_id": PAYMENT_ID, "status": status, "amount_cents": amount}
        self.answer = lambda: web.json_response({**body, "currency": "EUR", "decline_reason": None})


@pytest.fixture
async def desk() -> AsyncIterator[tuple[Desk, str]]:
    """Payments, and where it is."""
    desk = Desk()
    app = web.Application()
    app.router.add_get("/payments/by-order/{id}", desk.handle)
    async with TestServer(app) as server:
        yield desk, str(server.make_url("")).rstrip("/")


@pytest.fixture
def payments(desk: tuple[Desk, str]) -> Desk:
    """Payments."""
    return desk[0]


@pytest.fixture
async def sweeper(
    database: Database, desk: tuple[Desk, str], postgres_url: str, redis_url: str
) -> AsyncIterator[Sweeper]:
    """A sweeper whose rounds the test makes."""
    settings = Settings(**environment(postgres_url, redis_url), payments_url=desk[1], service_key="orders-key")
    client = Client(desk[1], timeout=0.3, name="payments", settings=settings)
    await client.start()
    yield Sweeper(database, Payments(client), PACE)
    await client.stop()


async def order(database: Database, saga: Saga, *news: OrderEvent) -> UUID:
    """An order that has heard this news."""
    order_id = await new_order(database, saga)
    if news:
        await tell(database, order_id, *news)
    return order_id


async def due(database: Database) -> None:
    """Time passes until every saga is due that ever will be."""
    await rows(database, "UPDATE sagas SET due_at = now() WHERE due_at IS NOT NULL AND finished_at IS NULL")


async def overdue(database: Database, by: str = "1 second") -> None:
    """Time passes until every order is past its deadline."""
    await rows(database, f"UPDATE sagas SET deadline_at = now() - interval '{by}'")
    await due(database)


async def state(database: Database, order_id: UUID) -> tuple[str, str | None, str]:
    """Status, reason and payment."""
    (row,) = await rows(database, "SELECT status, reason, payment FROM orders WHERE id = :id", id=order_id)
    return row["status"], row["reason"], row["payment"]


COMMANDS: list[tuple[tuple[OrderEvent, ...], list[str]]] = [
    ((), ["inventory.reserve"]),
    ((RESERVED,), ["payment.capture"]),
    ((RESERVED, UNKNOWN), []),
    ((RESERVED, CAPTURED, BY_USER), ["inventory.release", "payment.refund"]),
    ((RESERVED, CAPTURED, BY_USER, RELEASED), ["payment.refund"]),
    ((RESERVED, DECLINED), ["inventory.release"]),
    ((BY_USER,), ["inventory.release"]),
    ((REJECTED,), []),
    ((RESERVED, CAPTURED), []),
]


async def test_an_orchestrator_that_hears_nothing_asks_again(database: Database, sweeper: Sweeper) -> None:
    """The commands of the present step, and only those; where payments is finding out, it is left alone."""
    for news, commands in COMMANDS:
        order_id = await order(database, Saga.ORCHESTRATION, *news)
        before = await types(database, order_id)
        await due(database)
        await sweeper.sweep()
        assert await types(database, order_id) == before + commands, news


async def test_it_asks_less_and_less_often(database: Database, sweeper: Sweeper) -> None:
    """Each repeat doubles the pause, and a reply begins again with the shortest."""
    order_id = await order(database, Saga.ORCHESTRATION)
    pauses = []
    for _ in range(4):
        await due(database)
        assert await sweeper.sweep() == 1
        assert await sweeper.sweep() == 0
        (row,) = await rows(database, "SELECT attempts, extract(epoch FROM due_at - now()) AS pause FROM sagas")
        pauses.append((row["attempts"], round(float(row["pause"]) + 1, -1)))
    assert pauses == [(1, 30), (2, 60), (3, 120), (4, 240)]
    await tell(database, order_id, RESERVED)
    assert (await rows(database, "SELECT attempts FROM sagas"))[0]["attempts"] == 0


async def test_a_choreographed_order_is_asked_about_at_its_deadline_only(database: Database, sweeper: Sweeper) -> None:
    """Nobody leads it, so there is nothing to ask again."""
    order_id = await order(database, Saga.CHOREOGRAPHY)
    await due(database)
    await sweeper.sweep()
    assert await types(database, order_id) == ["order.created"]
    (row,) = await rows(database, "SELECT due_at = deadline_at AS at_the_end FROM sagas")
    assert row["at_the_end"]


@pytest.mark.parametrize("saga", Saga)
async def test_an_overdue_order_ends_as_payments_says(
    database: Database, sweeper: Sweeper, payments: Desk, saga: Saga
) -> None:
    """A timeout is not a decline: captured confirms, declined cancels, and only what nobody knows times out."""
    ends = {
        "CAPTURED": ("CONFIRMED", None, "CAPTURED"),
        "DECLINED": ("CANCELLED", "payment_declined", "DECLINED"),
        "UNKNOWN": ("CANCELLED", "timed_out", "UNKNOWN"),
        "PENDING": ("CANCELLED", "timed_out", "NONE"),
    }
    for said, end in ends.items():
        payments.says(said)
        order_id = await order(database, saga, RESERVED)
        await overdue(database)
        await sweeper.sweep()
        assert await state(database, order_id) == end, said
        assert payments.asked == [str(order_id)]
        payments.asked.clear()
        compensations = ["inventory.release", "payment.refund"][: 1 if said == "DECLINED" else 2]
        wanted = ["order.confirmed"] if end[1] is None else ["order.cancelled"]
        if saga is Saga.ORCHESTRATION and end[1]:
            wanted += compensations
        assert [kind for kind in await types(database, order_id) if kind in {*wanted, "payment.refund"}] == wanted
    assert set(payments.keys) == {"orders-key"}


async def test_an_order_that_nobody_was_asked_to_charge_times_out(database: Database, sweeper: Sweeper) -> None:
    """Payments knows nothing of it: cancelled, and whoever reserves for it later gives it back."""
    order_id = await order(database, Saga.CHOREOGRAPHY)
    await overdue(database)
    await sweeper.sweep()
    assert await state(database, order_id) == ("CANCELLED", "timed_out", "NONE")
    (row,) = await rows(database, "SELECT step FROM sagas")
    assert row["step"] == "done"


NO_ANSWERS: dict[str, Callable[[], Any]] = {
    "silence": lambda: 5.0,
    "error": lambda: web.Response(status=500),
    "refusal": lambda: web.Response(status=401),
    "no JSON": lambda: web.Response(text="<html>"),
    "no payment": lambda: web.json_response({"status": "CAPTURED"}),
    "no such status": lambda: web.json_response({"status": "FINE", "payment_id": PAYMENT_ID, "amount_cents": 299}),
}


@pytest.mark.parametrize("what", NO_ANSWERS)
async def test_what_is_no_answer_decides_nothing(
    database: Database, sweeper: Sweeper, payments: Desk, what: str
) -> None:
    """While payments cannot be asked the order waits; after as long again its customer gets an answer all the same."""
    payments.answer = NO_ANSWERS[what]
    order_id = await order(database, Saga.CHOREOGRAPHY, RESERVED)
    await overdue(database)
    await sweeper.sweep()
    assert await state(database, order_id) == ("PENDING", None, "NONE")
    await overdue(database, by="15 minutes 1 second")
    await sweeper.sweep()
    assert await state(database, order_id) == ("CANCELLED", "timed_out", "NONE")
    # It may have been charged, so the saga stays open until payments has said that it was given back or never taken.
    assert (await rows(database, "SELECT step FROM sagas"))[0]["step"] == "compensating"


async def test_money_that_does_not_match_is_left_to_people(
    database: Database, sweeper: Sweeper, payments: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Another amount than the order costs neither confirms nor cancels it; the log says so, and others go on."""
    payments.says("CAPTURED", amount=1)
    order_id = await order(database, Saga.CHOREOGRAPHY, RESERVED)
    await overdue(database)
    await sweeper.sweep()
    assert await state(database, order_id) == ("PENDING", None, "NONE")
    assert "another amount" in caplog.text


async def test_what_a_crashed_instance_had_taken_is_due_again(database: Database, sweeper: Sweeper) -> None:
    """Taken means moved half a minute into the future, not lost: from there anybody goes on."""
    order_id = await order(database, Saga.ORCHESTRATION)
    await due(database)
    # It takes the saga, and dies before it does anything.
    sweeper_that_dies = Sweeper(database, sweeper._payments, PACE)
    sweeper_that_dies._attempt = _die  # type: ignore[method-assign,assignment]
    with pytest.raises(asyncio.CancelledError):
        await sweeper_that_dies.sweep()
    assert await sweeper.sweep() == 0
    await rows(database, "UPDATE sagas SET due_at = due_at - interval '30 seconds'")
    assert await sweeper.sweep() == 1
    assert await types(database, order_id) == ["order.created", "inventory.reserve", "inventory.reserve"]


async def _die(_: object) -> None:
    raise asyncio.CancelledError


async def test_instances_share_the_work(database: Database, sweeper: Sweeper) -> None:
    """Four at once: each saga is taken by one of them."""
    ids = [await order(database, Saga.ORCHESTRATION) for _ in range(25)]
    await due(database)
    others = [Sweeper(database, sweeper._payments, PACE) for _ in range(3)]

    async def work(one: Sweeper) -> int:
        done = 0
        while handled := await one.sweep():
            done += handled
        return done

    assert sum(await asyncio.gather(*(work(one) for one in (sweeper, *others)))) == 25
    assert [await types(database, order_id) for order_id in ids] == [
        ["order.created", "inventory.reserve", "inventory.reserve"]
    ] * 25


async def test_a_broken_saga_costs_the_others_nothing(database: Database, sweeper: Sweeper) -> None:
    """Whatever is wrong with one, the rest of the round is handled."""
    broken = "INSERT INTO sagas (order_id, mode, step, started_at, deadline_at, due_at) VALUES (:id, 'orchestration', "
    await rows(database, broken + "'charging', now(), now(), now() - interval '1 hour')", id=uuid.uuid4())
    order_id = await order(database, Saga.ORCHESTRATION)
    await due(database)
    assert await sweeper.sweep() == 2
    assert (await types(database, order_id))[-2:] == ["inventory.reserve", "inventory.reserve"]


async def test_keys_of_yesterday_are_deleted(database: Database, sweeper: Sweeper) -> None:
    """Older than a day goes, younger stays."""
    old, young = await new_order(database), await new_order(database)
    old_key = "UPDATE idempotency_keys SET created_at = now() - interval '24 hours 1 second' WHERE order_id = :id"
    await rows(database, old_key, id=old)
    await sweeper.expire_keys()
    assert await rows(database, "SELECT order_id FROM idempotency_keys") == [{"order_id": young}]


async def test_the_service_ends_overdue_orders_by_itself(
    database: Database, desk: tuple[Desk, str], postgres_url: str, redis_url: str
) -> None:
    """The sweeper is one of its parts: an order whose deadline passes while nobody looks is ended."""
    order_id = await order(database, Saga.CHOREOGRAPHY)
    await overdue(database)
    settings = Settings(**environment(postgres_url, redis_url), payments_url=desk[1])
    bus = connect(redis_url, service="orders", instance="test", prefetch=20)
    async with served(assemble(settings, bus)) as client, asyncio.timeout(20):
        assert isinstance(client, AsyncClient)
        while (await state(database, order_id))[0] == "PENDING":
            await asyncio.sleep(0.05)
    assert await state(database, order_id) == ("CANCELLED", "timed_out", "NONE")
