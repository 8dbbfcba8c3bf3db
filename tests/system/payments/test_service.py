"""Payments as a whole: from the broker to the provider and back, and who may ask about it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient

from chassis.database import Database
from chassis.events.bus import Bus, connect
from chassis.events.contracts import CapturePayment
from chassis.events.envelope import Event, new_event
from chassis.events.topology import SUBSCRIPTIONS
from tests.system.harness.inprocess import signed
from tests.system.harness.tables import rows
from tests.system.payments.conftest import GATEWAY_KEY, ORDERS_KEY

ORDERS = {"X-Api-Key": ORDERS_KEY}


@pytest.fixture
async def orders(redis_url: str) -> AsyncIterator[tuple[Bus, list[Event]]]:
    """The broker as orders uses it, and what orders hears."""
    heard: list[Event] = []

    async def hear(event: Event) -> None:
        heard.append(event)

    bus = connect(redis_url, service="orders", instance="test", prefetch=20)
    assert "orders.saga" in SUBSCRIPTIONS
    bus.subscribe("orders.saga", hear)
    await bus.start()
    yield bus, heard
    await bus.stop()


async def test_a_command_leads_to_a_charge_and_an_answer(
    api: AsyncClient, orders: tuple[Bus, list[Event]], database: Database
) -> None:
    """Over the real broker, twice: the money is taken once, and orders hears of it under its own correlation id."""
    bus, heard = orders
    order_id = uuid.uuid4()
    command = CapturePayment(order_id=order_id, user_id=order_id, amount_cents=299)
    message = new_event(command, subject=str(order_id), producer="orders")
    async with asyncio.timeout(30):
        while not heard:
            await bus.publish([message, message])
            await asyncio.sleep(0.2)
    assert (heard[0].type, heard[0].correlation_id, heard[0].causation_id) == (
        "payment.captured",
        message.correlation_id,
        message.id,
    )
    assert await rows(database, "SELECT status FROM provider.charges") == [{"status": "captured"}]
    told = (await api.get(f"/payments/by-order/{order_id}", headers=ORDERS)).json()
    assert (told["status"], told["amount_cents"], told["currency"]) == ("CAPTURED", 299, "EUR")


async def test_who_may_ask(api: AsyncClient) -> None:
    """Orders with its key, support with its permission; a customer is told no, everybody else to say who they are."""
    path = f"/payments/by-order/{uuid.uuid4()}"
    support, customer = signed("payments", uuid.uuid4(), "support"), signed("payments", uuid.uuid4())
    for headers, status in (
        (ORDERS, 404),
        (support, 404),
        (customer, 403),
        ({}, 401),
        ({"X-Api-Key": GATEWAY_KEY}, 401),
        ({"X-Api-Key": "nonsense"}, 401),
        ({"X-Api-Key": ""}, 401),
        ({**ORDERS, **customer}, 403),
        ({**ORDERS, "Authorization": "Bearer nonsense"}, 401),
        (signed("orders", uuid.uuid4(), "support"), 401),
    ):
        answer = await api.get(path, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), headers
    assert (await api.get("/payments/by-order/nothing", headers=ORDERS)).status_code == 422


async def test_money_moves_by_events_only(api: AsyncClient) -> None:
    """There is no route that takes or returns any."""
    paths = (await api.get("/openapi.json")).json()["paths"]
    assert {(path, method) for path, ways in paths.items() for method in ways} == {
        ("/payments/by-order/{order_id}", "get")
    }
    assert (await api.get("/provider/charges/order-1")).status_code == 404
