"""A service that is told to stop stops, whatever it is doing at that moment."""

from __future__ import annotations

import asyncio
import random

import pytest

import inventory.app
import orders.app
import payments.app
from chassis.events.bus import connect
from chassis.service import Service
from inventory.settings import Settings as InventorySettings
from orders.settings import Settings as OrdersSettings
from payments.settings import Settings as PaymentsSettings
from tests.system.harness.inprocess import NOWHERE, environment


def assembled(name: str, postgres_url: str, redis_url: str) -> Service:
    """One more instance of the service."""
    told = environment(postgres_url, redis_url)
    if name == "inventory":
        return inventory.app.assemble(InventorySettings(**told))
    if name == "payments":
        return payments.app.assemble(PaymentsSettings(**told))
    bus = connect(redis_url, service=name, instance="test", prefetch=20)
    return orders.app.assemble(OrdersSettings(**told, payments_url=NOWHERE), bus)


@pytest.mark.parametrize("name", ["orders", "inventory", "payments"])
async def test_a_service_stops_at_any_moment(postgres_url: str, redis_url: str, name: str) -> None:
    """Started and stopped again while its parts connect, migrate, look for work or sleep: each part ends."""
    dice = random.Random(3)
    for _ in range(25):
        service = assembled(name, postgres_url, redis_url)
        for component in service.components:
            await component.start()
        await asyncio.sleep(dice.choice([0, 0.002, 0.01, 0.03, 0.1]))
        for component in reversed(service.components):
            async with asyncio.timeout(10):
                await component.stop()
