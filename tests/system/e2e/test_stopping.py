"""SIGTERM: what has begun is finished, nothing new is begun, and the process ends in time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.system.harness.base import Account, Response, System
from tests.system.harness.load import load
from tests.system.harness.waiting import eventually

REQUESTS = 8
SLOW = {"latency_ms": 1000, "path_prefix": "/orders"}


@pytest.mark.parametrize("stopped", ["orders", "gateway"])
def test_requests_in_flight_are_answered_before_a_service_stops(
    system: System, customer: Account, stopped: str
) -> None:
    """Eight requests are under way, in orders or on their way through the gateway: all get their answers."""
    assert system.ops("orders", "PUT", "/faults", json=SLOW).status == 200
    with ThreadPoolExecutor(REQUESTS) as pool:
        asked = [pool.submit(system.order, customer) for _ in range(REQUESTS)]
        eventually(lambda: system.metric("orders", "http_requests_in_flight") >= REQUESTS)
        system.stop(stopped)
        answers: list[Response] = [one.result() for one in asked]
    assert [answer.status for answer in answers] == [201] * REQUESTS
    system.start(stopped)
    system.wait_ready(stopped)
    assert system.ops("orders", "DELETE", "/faults").status == 204
    rows = system.sql("orders", f"SELECT id FROM orders WHERE user_id = '{customer.id}'")
    assert sorted(row["id"] for row in rows) == sorted(answer.json()["id"] for answer in answers)
    for answer in answers:
        assert system.settled(customer, answer.json()["id"])["status"] == "CONFIRMED"


def test_consumers_that_are_stopped_leave_the_rest_for_later(system: System, customer: Account) -> None:
    """Each is stopped and started in turn under orders; all are confirmed, with one charge and one message."""
    with load(partial(system.order, customer), threads=1, pause=0.05) as orders:
        for stopped in ("inventory", "payments", "orders", "notifications"):
            seen = len(orders.answers)
            eventually(lambda seen=seen: len(orders.answers) > seen + 3)  # type: ignore[misc]
            system.stop(stopped)
            system.start(stopped)
            system.wait_ready(stopped)
    ids = [answer.json()["id"] for answer in orders.answers if answer.status == 201]
    assert len(ids) > 12
    for order_id in ids:
        assert system.settled(customer, order_id, timeout=60)["status"] == "CONFIRMED"
    keys = ", ".join(f"'order-{order_id}'" for order_id in ids)
    charged = system.sql("payments", f"SELECT status FROM provider.charges WHERE key IN ({keys})")
    assert charged == [{"status": "captured"}] * len(ids)
    sent = f"SELECT status FROM notifications WHERE user_id = '{customer.id}' AND template = 'order_confirmed'"
    eventually(lambda: system.sql("notifications", sent) == [{"status": "SENT"}] * len(ids))
