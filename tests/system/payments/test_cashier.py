"""The worker that talks to the provider: one charge per order, whatever provider, process or database do."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from chassis.breaker import CircuitBreaker, State
from chassis.database import Database
from chassis.events.contracts import CapturePayment, RefundPayment
from chassis.events.envelope import new_event
from chassis.http import Client
from chassis.service import Component, Service
from chassis.settings import ServiceSettings
from payments.cashier import Cashier
from payments.handlers import on_capture, on_refund
from payments.model import Answer, Payment, Step
from payments.provider_client import Provider as ProviderClient
from processes.postgres import Postgres
from tests.system.harness.tables import Row, rows, types
from tests.system.payments.conftest import TIMEOUT, Provider

PAUSE = 0.05
# For providers that are meant to answer: so long that a slow machine is not taken for a silent provider.
PATIENT = 10.0


class Till:
    """Cashiers on this test's database and provider."""

    def __init__(self, database: Database, url: str, settings: ServiceSettings) -> None:
        self.database, self.url, self.settings = database, url, settings
        self.parts: list[Component] = []

    async def cashier(
        self, *, timeout: float = PATIENT, breaker: CircuitBreaker | None = None, **changed: Any
    ) -> Cashier:
        """One more, at work."""
        client = Client(self.url, timeout=timeout, name="provider", settings=self.settings)
        provider = changed.pop("provider", ProviderClient(client))
        breaker = breaker or CircuitBreaker("provider", minimum=10_000)
        cashier = Cashier(self.database, provider, breaker, timeout=timeout, pause=PAUSE)
        for name, value in changed.items():
            setattr(cashier, name, value)
        for part in (client, cashier):
            await part.start()
            self.parts.insert(0, part)
        return cashier


@pytest.fixture
async def till(database: Database, provider: Provider, service: Service) -> AsyncIterator[Till]:
    """Cashiers that are stopped after the test."""
    till = Till(database, provider.url, service.settings)
    yield till
    for part in till.parts:
        await part.stop()


async def ask_for(database: Database, order_id: UUID | None = None, amount: int = 299) -> UUID:
    """A payment is asked for, as the consumer does it."""
    order_id = order_id or uuid.uuid4()
    command = CapturePayment(order_id=order_id, user_id=order_id, amount_cents=amount)
    async with database.transaction() as connection:
        await on_capture(command, new_event(command, subject=str(order_id), producer="orders"), connection)
    return order_id


async def call_off(database: Database, order_id: UUID) -> None:
    """The order is cancelled."""
    command = RefundPayment(order_id=order_id)
    async with database.transaction() as connection:
        await on_refund(command, new_event(command, subject=str(order_id), producer="orders"), connection)


async def payment(database: Database, order_id: UUID) -> Row:
    """How it stands."""
    (row,) = await rows(database, "SELECT * FROM payments WHERE order_id = :id", id=order_id)
    return row


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(30):
        while not await look():
            await asyncio.sleep(0.02)


async def until_status(database: Database, order_id: UUID, *statuses: str) -> None:
    """Wait until the payment has one of these, with nothing left to do about it."""

    async def settled() -> bool:
        row = await payment(database, order_id)
        return row["status"] in statuses and (row["step"] is None or row["status"] == "UNKNOWN")

    await until(settled)


async def lease_over(database: Database) -> None:
    """Time passes until whatever a dead worker held is due again."""
    await rows(database, "UPDATE payments SET due_at = now()")


async def test_a_payment_is_captured_and_announced(database: Database, provider: Provider, till: Till) -> None:
    """One call, one charge, one event that belongs to the request that asked for it."""
    await till.cashier()
    order_id = await ask_for(database)
    await until_status(database, order_id, "CAPTURED")
    row = await payment(database, order_id)
    assert (row["attempts"], row["amount_cents"]) == (1, 299)
    assert await provider.books() == [{"key": f"order-{order_id}", "amount_cents": 299, "status": "captured"}]
    (event,) = await rows(database, "SELECT CAST(event AS text) AS event FROM outbox")
    for told in ("payment.captured", str(row["payment_id"]), row["correlation_id"], str(row["causation_id"])):
        assert told in event["event"]


async def test_a_decline_is_final(database: Database, provider: Provider, till: Till) -> None:
    """With the provider's reason; nothing is tried again."""
    await provider.behaves(decline_rate=1)
    await till.cashier()
    order_id = await ask_for(database)
    await until_status(database, order_id, "DECLINED")
    assert (await payment(database, order_id))["decline_reason"] == "do_not_honour"
    assert await types(database, order_id) == ["payment.declined"]


@pytest.mark.parametrize("charged", [True, False], ids=["money moved", "money did not move"])
async def test_silence_is_asked_about(database: Database, provider: Provider, till: Till, charged: bool) -> None:
    """Unknown is said once; when the provider is heard again there is one charge, and its outcome is told."""
    await provider.behaves(timeout=True, charge_on_timeout=charged)
    await till.cashier(timeout=TIMEOUT)
    order_id = await ask_for(database)

    async def asked_twice() -> bool:
        return int((await payment(database, order_id))["attempts"]) >= 3

    await until(asked_twice)
    assert (await payment(database, order_id))["status"] == "UNKNOWN"
    await provider.behaves()
    await until_status(database, order_id, "CAPTURED")
    assert [row["status"] for row in await provider.books()] == ["captured"]
    assert await types(database, order_id) == ["payment.unknown", "payment.captured"]


async def test_cancelled_while_unknown_ends_without_money(database: Database, provider: Provider, till: Till) -> None:
    """Charged after all: given back. Not charged: closed, so that it never will be."""
    await till.cashier(timeout=TIMEOUT)
    for charged, end in ((True, "REFUNDED"), (False, "VOIDED")):
        await provider.behaves(timeout=True, charge_on_timeout=charged)
        order_id = await ask_for(database)
        await until_status(database, order_id, "UNKNOWN")
        await call_off(database, order_id)
        await provider.behaves()
        await until_status(database, order_id, end)
        assert (await types(database, order_id))[-1] == f"payment.{end.lower()}"
    assert [row["status"] for row in await provider.books()] == ["refunded", "voided"]


async def test_cancelled_before_anything_was_sent_calls_nobody(
    database: Database, provider: Provider, till: Till
) -> None:
    """Voided at once, here: the provider never hears of it."""
    order_id = await ask_for(database)
    await call_off(database, order_id)
    await till.cashier()
    other = await ask_for(database)
    await until_status(database, other, "CAPTURED")
    assert (await payment(database, order_id))["status"] == "VOIDED"
    assert [row["key"] for row in await provider.books()] == [f"order-{other}"]


async def test_cancelled_after_the_capture_is_given_back_once(
    database: Database, provider: Provider, till: Till
) -> None:
    """Several cancellations, one refund; the repeats are answered."""
    await till.cashier()
    order_id = await ask_for(database)
    await until_status(database, order_id, "CAPTURED")
    await asyncio.gather(*(call_off(database, order_id) for _ in range(5)))
    await until_status(database, order_id, "REFUNDED")
    assert [row["status"] for row in await provider.books()] == ["refunded"]
    assert set(await types(database, order_id)) == {"payment.captured", "payment.refunded"}


async def test_a_refund_is_tried_until_it_succeeds(database: Database, provider: Provider, till: Till) -> None:
    """It is somebody's money: a provider that is down is asked again, and the payment says captured until then."""
    await till.cashier()
    order_id = await ask_for(database)
    await until_status(database, order_id, "CAPTURED")
    await provider.behaves(error_rate=1)
    await call_off(database, order_id)

    async def tried() -> bool:
        return int((await payment(database, order_id))["attempts"]) >= 4

    await until(tried)
    assert (await payment(database, order_id))["status"] == "CAPTURED"
    await provider.behaves()
    await until_status(database, order_id, "REFUNDED")


@pytest.mark.parametrize("cancelled", [False, True], ids=["still wanted", "cancelled meanwhile"])
async def test_a_crash_between_charge_and_commit_is_asked_about(
    database: Database, provider: Provider, till: Till, cancelled: bool
) -> None:
    """The money has moved and nothing here says so: the next worker asks and never charges again."""
    dying = await till.cashier(_record=_die)
    order_id = await ask_for(database)

    async def charged() -> bool:
        return len(await provider.books()) == 1

    await until(charged)
    await dying.stop()
    row = await payment(database, order_id)
    assert (row["status"], row["step"]) == ("PENDING", "ask")
    if cancelled:
        await call_off(database, order_id)
    await lease_over(database)
    await till.cashier()
    end = "REFUNDED" if cancelled else "CAPTURED"
    await until_status(database, order_id, end)
    assert [row["status"] for row in await provider.books()] == [end.lower()]


async def _die(*_: object) -> None:
    raise asyncio.CancelledError


async def test_a_crash_before_the_charge_was_sent_is_charged_later(
    database: Database, provider: Provider, till: Till
) -> None:
    """Claimed and never sent: the provider knows nothing of it, so it is charged then, once."""

    class Dying:
        async def perform(self, *_: object) -> Answer:
            raise asyncio.CancelledError

    dying = await till.cashier(provider=Dying())
    order_id = await ask_for(database)

    async def claimed() -> bool:
        return int((await payment(database, order_id))["attempts"]) == 1

    await until(claimed)
    await dying.stop()
    assert await provider.books() == []
    await lease_over(database)
    await till.cashier()
    await until_status(database, order_id, "CAPTURED")
    assert [row["status"] for row in await provider.books()] == ["captured"]


async def test_a_stop_lets_the_call_at_hand_finish(database: Database, provider: Provider, till: Till) -> None:
    """What was sent is waited for and recorded; what was not stays for the next worker."""
    await provider.behaves(latency_ms=300)
    cashier = await till.cashier()
    order_id = await ask_for(database)

    async def sent() -> bool:
        return int((await payment(database, order_id))["attempts"]) == 1

    await until(sent)
    await cashier.stop()
    assert (await payment(database, order_id))["status"] == "CAPTURED"
    later = await ask_for(database)
    await asyncio.sleep(0.1)
    assert (await payment(database, later))["attempts"] == 0


async def test_cashiers_share_the_work(database: Database, till: Till) -> None:
    """Three at once and forty payments: each is taken by one of them, once, and told once."""
    calls: list[tuple[Step, UUID]] = []

    class Honest:
        async def perform(self, step: Step, payment: Payment) -> Answer:
            calls.append((step, payment.order_id))
            await asyncio.sleep(0.01)
            return Answer("captured")

    ids = [await ask_for(database) for _ in range(40)]
    for _ in range(3):
        await till.cashier(provider=Honest())
    for order_id in ids:
        await until_status(database, order_id, "CAPTURED")
        assert await types(database, order_id) == ["payment.captured"]
    assert sorted(calls) == sorted(("charge", order_id) for order_id in ids)


async def test_a_race_of_charge_and_cancellation_ends_in_agreement(
    database: Database, provider: Provider, till: Till
) -> None:
    """Asked for and called off at any distance: what we say and what the provider's books say is the same."""
    for _ in range(2):
        await till.cashier()
    ids = [uuid.uuid4() for _ in range(30)]

    async def order(number: int, order_id: UUID) -> None:
        await ask_for(database, order_id)
        await asyncio.sleep(number * 0.002)
        await call_off(database, order_id)

    await asyncio.gather(*(order(number, order_id) for number, order_id in enumerate(ids)))
    for order_id in ids:
        await until_status(database, order_id, "VOIDED", "REFUNDED")
    books = {row["key"]: row["status"] for row in await provider.books()}
    for order_id in ids:
        said = (await payment(database, order_id))["status"].lower()
        assert books.get(f"order-{order_id}", "voided") == said


async def test_a_provider_that_fails_is_left_in_peace(database: Database, provider: Provider, till: Till) -> None:
    """The breaker opens: nothing is claimed or sent, and nothing counts as tried; then probes, then everything."""
    breaker = CircuitBreaker("provider", minimum=5, open_for=0.5, half_open=2)
    await provider.behaves(error_rate=1)
    ids = [await ask_for(database) for _ in range(12)]
    await till.cashier(breaker=breaker)

    async def opened() -> bool:
        return breaker.state is State.OPEN

    await until(opened)
    assert REGISTRY.get_sample_value("breaker_state", {"name": "provider"}) == State.OPEN
    await provider.behaves()
    for order_id in ids:
        await until_status(database, order_id, "CAPTURED")
    assert breaker.state is State.CLOSED
    assert [row["status"] for row in await provider.books()] == ["captured"] * 12


async def test_what_is_unknown_is_asked_about_less_and_less_often(database: Database, till: Till) -> None:
    """Each attempt waits about twice as long as the one before, up to a limit."""
    cashier = await till.cashier()
    waits = [[cashier._backoff(attempts) for _ in range(50)] for attempts in (1, 2, 5, 500)]
    for longest, some in zip((PAUSE, 2 * PAUSE, 16 * PAUSE, 30), waits, strict=True):
        assert longest / 2 <= min(some) < max(some) <= longest


async def test_a_charge_of_another_amount_is_not_believed(
    database: Database, provider: Provider, till: Till, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody used our key: neither captured nor declined, and the log says so until a person looks."""
    order_id = uuid.uuid4()
    headers = {"Idempotency-Key": f"order-{order_id}"}
    await provider.client.post("/charges", json={"amount_cents": 1, "currency": "EUR"}, headers=headers)
    await till.cashier()
    await ask_for(database, order_id)

    async def asked() -> bool:
        return int((await payment(database, order_id))["attempts"]) >= 3

    await until(asked)
    assert (await payment(database, order_id))["status"] == "UNKNOWN"
    assert "another amount" in caplog.text


async def test_the_database_may_go_away(
    database: Database, provider: Provider, till: Till, postgres: Postgres, postgres_url: str
) -> None:
    """Its connections are cut: the cashier waits for it, and goes on where it was."""
    await till.cashier()
    await until_status(database, await ask_for(database), "CAPTURED")
    name = postgres_url.rsplit("/", 1)[1]
    postgres.close(name)
    await asyncio.sleep(0.7)
    postgres.open(name)

    async def back() -> bool:
        with contextlib.suppress(Exception):
            await rows(database, "SELECT 1")
            return True
        return False

    await until(back)
    await until_status(database, await ask_for(database), "CAPTURED")
    assert [row["status"] for row in await provider.books()] == ["captured"] * 2
