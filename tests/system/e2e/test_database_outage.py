"""A database goes away: its service says so, the others do not mind, and all is well when it is back."""

from __future__ import annotations

import pytest

from tests.system.harness.base import Account, System
from tests.system.harness.waiting import eventually

PROBLEM = "application/problem+json"
# What needs the database of each service.
NEEDS = {
    "users": "/api/users/me",
    "orders": "/api/orders",
    "inventory": "/api/stock",
    "notifications": "/api/notifications",
    "payments": "/api/payments/by-order/00000000-0000-0000-0000-000000000000",
}
# In Docker these share a server, so an outage of one is an outage of all three.
SHARED = {"inventory", "payments", "notifications"}


def _ready(system: System, service: str) -> int:
    return system.ops(service, "GET", "/health/ready").status


@pytest.mark.parametrize("service", NEEDS)
def test_a_service_without_its_database_says_so_and_recovers(system: System, service: str) -> None:
    """503 as a problem with Retry-After, alive but not ready; the same process goes on when the database is back."""
    admin = system.admin_token()
    good = system.call("GET", NEEDS[service], token=admin).status
    assert good in (200, 404)
    system.stop(f"{service}-db")
    eventually(lambda: system.call("GET", NEEDS[service], token=admin).status == 503)
    answer = system.call("GET", NEEDS[service], token=admin)
    assert (answer.headers["content-type"], answer.headers["retry-after"]) == (PROBLEM, "2")
    eventually(lambda: _ready(system, service) == 503)
    assert system.ops(service, "GET", "/health/live").status == 200
    for other in NEEDS.keys() - {service} - (SHARED if service in SHARED else set()):
        assert system.call("GET", NEEDS[other], token=admin).status in (200, 404), other
    started = system.metric(service, "process_start_time_seconds")
    system.start(f"{service}-db")
    eventually(lambda: system.call("GET", NEEDS[service], token=admin).status == good)
    eventually(lambda: _ready(system, service) == 200)
    assert system.metric(service, "process_start_time_seconds") == started


def test_an_order_waits_for_the_databases_of_those_who_do_it(system: System, saga: str, customer: Account) -> None:
    """Placed while neither inventory nor payments can remember anything; confirmed once, when they can."""
    for service in ("inventory", "payments"):
        system.stop(f"{service}-db")
    order_id = system.placed(customer)
    for service in ("payments", "inventory"):
        system.start(f"{service}-db")
    assert system.settled(customer, order_id)["status"] == "CONFIRMED"
    charges = system.sql("payments", f"SELECT status FROM provider.charges WHERE key = 'order-{order_id}'")
    assert charges == [{"status": "captured"}]
