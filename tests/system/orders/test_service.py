"""Orders as a whole: what is committed reaches the broker, and what the others say reaches the order."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest

from chassis.database import Database
from chassis.events.bus import Bus, connect
from chassis.events.contracts import InventoryReserved, PaymentCaptured
from chassis.events.envelope import Event, new_event
from tests.system.harness.tables import rows
from tests.system.orders.shop import STICKER, Customer


@pytest.fixture
async def inventory(redis_url: str) -> AsyncIterator[tuple[Bus, list[Event]]]:
    """The broker as inventory uses it, and what inventory hears."""
    heard: list[Event] = []

    async def hear(event: Event) -> None:
        heard.append(event)

    bus = connect(redis_url, service="inventory", instance="test", prefetch=20)
    bus.subscribe("inventory.orders", hear)
    await bus.start()
    yield bus, heard
    await bus.stop()


def captured(order_id: uuid.UUID, amount: int) -> Event:
    """Payments' answer."""
    contract = PaymentCaptured(order_id=order_id, payment_id=uuid.uuid4(), amount_cents=amount)
    return new_event(contract, subject=str(order_id), producer="payments")


async def test_an_order_is_led_to_its_end_by_messages(
    ada: Customer, inventory: tuple[Bus, list[Event]], database: Database
) -> None:
    """Over the real broker: its creation is heard with its correlation id, answers in any sequence confirm it."""
    bus, heard = inventory
    placed = await ada.order()
    order_id = uuid.UUID(placed.json()["id"])
    async with asyncio.timeout(30):
        while not heard:
            await asyncio.sleep(0.02)
    assert (heard[0].type, heard[0].correlation_id) == ("order.created", placed.headers["x-correlation-id"])
    reserved = InventoryReserved(order_id=order_id, user_id=ada.id, total_cents=STICKER, saga="choreography")
    answer = new_event(reserved, subject=str(order_id), producer="inventory", cause=heard[0])
    await bus.publish([captured(order_id, STICKER), answer, answer])
    async with asyncio.timeout(30):
        while (await ada.get(f"/orders/{order_id}/status")).json()["status"] == "PENDING":
            await asyncio.sleep(0.02)
    assert (await ada.get(f"/orders/{order_id}")).json()["status"] == "CONFIRMED"
    assert len(await rows(database, "SELECT 1 FROM order_events")) == 4


async def test_a_message_that_can_never_be_right_is_put_aside(
    ada: Customer, inventory: tuple[Bus, list[Event]]
) -> None:
    """An amount that is not the order's goes to the dead letters at once, where a person finds it."""
    bus, _ = inventory
    order_id = uuid.UUID(await ada.placed())
    await bus.publish([captured(order_id, STICKER - 1)])
    async with asyncio.timeout(30):
        while await bus.dead_letters("orders.saga") == 0:
            await asyncio.sleep(0.02)
    assert (await ada.get(f"/orders/{order_id}/status")).json()["payment"] == "NONE"
