"""A service that hangs, which is worse than one that is gone, holds up what needs it and nothing else."""

from __future__ import annotations

from functools import partial

from tests.system.harness.base import Account, System
from tests.system.harness.load import at_once
from tests.system.harness.waiting import eventually

PROBLEM = "application/problem+json"


def _charges(system: System, order_id: str) -> list[str]:
    rows = system.sql("payments", f"SELECT status FROM provider.charges WHERE key = 'order-{order_id}'")
    return [row["status"] for row in rows]


def test_orders_are_taken_and_read_while_payments_hangs(system: System, customer: Account) -> None:
    """Frozen, with its connections open: only what asks payments itself gets a 504; the order goes on afterwards."""
    admin = system.admin_token()
    system.pause("payments")
    order_id = system.placed(customer)
    for path in ("/orders", f"/orders/{order_id}", f"/orders/{order_id}/status", "/products", "/users/me", "/stock"):
        assert system.call("GET", f"/api{path}", token=customer.token).status == 200, path
    page = system.call("GET", f"/api/user-dashboard/{customer.id}", token=customer.token)
    assert (page.status, page.json()["complete"]) == (200, True)
    assert system.call("GET", f"/api/orders/{order_id}/status", token=customer.token).json()["status"] == "PENDING"
    asked = system.call("GET", f"/api/payments/by-order/{order_id}", token=admin)
    assert (asked.status, asked.headers["content-type"]) == (504, PROBLEM)
    system.resume("payments")
    assert system.settled(customer, order_id)["status"] == "CONFIRMED"
    assert _charges(system, order_id) == ["captured"]


def test_an_order_can_be_cancelled_while_payments_hangs(system: System, saga: str, customer: Account) -> None:
    """Cancelled at once; when payments wakes up it finds that out before, or after, it charges: no money is kept."""
    before = system.stock("TSHIRT-M")
    system.pause("payments")
    order_id = system.placed(customer, {"TSHIRT-M": 2})
    path = f"/api/orders/{order_id}"
    eventually(lambda: system.call("GET", f"{path}/status", token=customer.token).json()["stock"] == "RESERVED")
    answer = system.call("POST", f"{path}/cancel", token=customer.token)
    assert (answer.status, answer.json()["status"]) == (200, "CANCELLED")
    system.resume("payments")

    def undone() -> bool:
        rows = system.sql("payments", f"SELECT status, step, attempts FROM payments WHERE order_id = '{order_id}'")
        assert [(row["status"], row["step"]) for row in rows] in ([("VOIDED", None)], [("REFUNDED", None)]), rows
        return True

    eventually(undone)
    assert _charges(system, order_id) in ([], ["voided"], ["refunded"])
    eventually(lambda: system.stock("TSHIRT-M") == before)


def test_an_orders_that_hangs_is_left_alone_until_it_answers_again(system: System, customer: Account) -> None:
    """First 504 at the deadline, then 503 at once, because the breaker has opened; users and pages go on."""
    read = partial(system.call, "GET", "/api/orders", token=customer.token)
    assert system.ops("orders", "PUT", "/faults", json={"hang": True}).status == 200
    assert {answer.status for answer in at_once(read, 24)} <= {503, 504}
    refused = read()
    assert (refused.status, refused.headers["content-type"]) == (503, PROBLEM)
    assert int(refused.headers["retry-after"]) >= 1
    assert system.metric("gateway", "breaker_state", name="orders") == 2
    assert system.call("GET", "/api/users/me", token=customer.token).status == 200
    page = system.call("GET", f"/api/user-dashboard/{customer.id}", token=customer.token)
    assert (page.status, [part["part"] for part in page.json()["failed"]]) == (200, ["orders"])
    assert system.ops("orders", "DELETE", "/faults").status == 204
    eventually(lambda: read().status == 200)
    assert system.placed(customer)
