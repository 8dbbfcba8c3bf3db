"""Nothing waits for anything to start: whoever comes first waits for the others inside, and says that it does."""

from __future__ import annotations

import httpx
import pytest

from tests.system.harness.base import SERVICES, System
from tests.system.harness.waiting import eventually

DATABASES = ("users-db", "orders-db", "inventory-db", "payments-db", "notifications-db")
GROUND = ("broker", "redis", *DATABASES)
ORDERS = {
    "as one would": (*GROUND, "users", "inventory", "payments", "notifications", "orders", "gateway"),
    "the door first, users last": (*GROUND, "gateway", "orders", "notifications", "payments", "inventory", "users"),
    "services before what they stand on": (
        "gateway",
        "payments",
        "orders",
        "users",
        "notifications",
        "inventory",
        *GROUND,
    ),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_the_system_starts_in_any_order(system: System, order: tuple[str, ...]) -> None:
    """Everything is stopped; started in this order it is ready, and an order goes through."""
    for part in (*SERVICES, *GROUND):
        system.stop(part)
    for part in order:
        system.start(part)
        if part in SERVICES:  # alive before the next one comes, whatever else is there
            eventually(lambda part=part: _is_alive(system, part))  # type: ignore[misc]
    system.wait_ready()
    customer = eventually(system.register)
    assert system.settled(customer, system.placed(customer), timeout=60)["status"] == "CONFIRMED"


def _is_alive(system: System, service: str) -> bool:
    try:
        return system.ops(service, "GET", "/health/live").status == 200
    except httpx.HTTPError:
        return False
