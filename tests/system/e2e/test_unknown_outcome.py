"""The provider does not answer: the money may have moved or not. Nobody is charged twice or gets goods for nothing."""

from __future__ import annotations

import pytest

from tests.system.harness.base import Account, System
from tests.system.harness.waiting import eventually


def _charges(system: System, order_id: str) -> list[str]:
    rows = system.sql("payments", f"SELECT status FROM provider.charges WHERE key = 'order-{order_id}'")
    return [row["status"] for row in rows]


def _payment(system: System, order_id: str) -> str | None:
    rows = system.sql("payments", f"SELECT status FROM payments WHERE order_id = '{order_id}'")
    return rows[0]["status"] if rows else None


@pytest.mark.parametrize("charged", [True, False], ids=["money moved", "money did not move"])
def test_a_silent_provider_leads_to_one_charge(system: System, saga: str, customer: Account, charged: bool) -> None:
    """Unknown is said, then asked about; when the provider speaks again the order is confirmed with one charge."""
    system.provider(timeout=True, charge_on_timeout=charged)
    order_id = system.placed(customer)
    eventually(lambda: _payment(system, order_id) == "UNKNOWN")
    system.provider()
    assert system.settled(customer, order_id, timeout=60)["status"] == "CONFIRMED"
    assert _charges(system, order_id) == ["captured"]
    told = f"SELECT count(*) AS n FROM outbox WHERE event ->> 'type' = 'payment.captured' AND subject = '{order_id}'"
    assert system.sql("payments", told) == [{"n": 1}]


def test_a_cancelled_order_with_unknown_payment_is_made_good(system: System, saga: str, customer: Account) -> None:
    """Cancelled while the outcome is unknown: whatever the provider then turns out to have done is undone."""
    before = system.stock("HOODIE-L")
    system.provider(timeout=True, charge_on_timeout=True)
    order_id = system.placed(customer, {"HOODIE-L": 1})
    eventually(lambda: _payment(system, order_id) == "UNKNOWN")
    assert system.call("POST", f"/api/orders/{order_id}/cancel", token=customer.token).status == 200
    system.provider()
    eventually(lambda: _charges(system, order_id) in (["refunded"], ["voided"]), timeout=60)
    eventually(lambda: _payment(system, order_id) in ("REFUNDED", "VOIDED"), timeout=60)
    eventually(lambda: system.stock("HOODIE-L") == before)


def test_the_deadline_does_not_cancel_blindly(system: System, customer: Account) -> None:
    """Past its deadline with the outcome unknown: compensation is guaranteed, the customer is never left charged."""
    system.reconfigure("orders", SAGA_DEADLINE="2")
    system.wait_ready("orders")
    system.provider(timeout=True, charge_on_timeout=True)
    order_id = system.placed(customer)
    eventually(lambda: _payment(system, order_id) == "UNKNOWN")
    settled = None
    try:
        settled = system.settled(customer, order_id, timeout=20)
    finally:
        system.provider()
    settled = settled or system.settled(customer, order_id, timeout=60)
    expected = "captured" if settled["status"] == "CONFIRMED" else "refunded"
    eventually(lambda: _charges(system, order_id) == [expected], timeout=60)
