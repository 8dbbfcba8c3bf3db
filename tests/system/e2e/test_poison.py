"""A message that nobody can handle is tried a few times and parked; what comes after it is not held up."""

from __future__ import annotations

import uuid
from typing import Any

from chassis.events.contracts import OrderConfirmed
from chassis.events.envelope import new_event
from tests.system.harness.base import Account, System
from tests.system.harness.messages import publish
from tests.system.harness.waiting import eventually

# Attempts come after 1, 5 and 25 seconds.
ALL_ATTEMPTS = 60.0


def _dead(system: System, admin: str, subscription: str) -> dict[str, Any]:
    answer = system.call("GET", f"/api/dead-letters?subscription={subscription}", token=admin)
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json()["items"][0]
    return found


def _replay(system: System, admin: str, subscription: str) -> int:
    answer = system.call("POST", "/api/dead-letters/replay", token=admin, json={"subscription": subscription})
    assert answer.status == 200, answer
    return int(answer.json()["replayed"])


def _confirmations(system: System, customer: Account) -> list[tuple[str, int]]:
    rows = system.sql(
        "notifications",
        f"SELECT status, attempts FROM notifications WHERE user_id = '{customer.id}' AND template = 'order_confirmed'",
    )
    return [(row["status"], row["attempts"]) for row in rows]


def test_a_poisoned_message_is_parked_and_sent_after_mending(system: System, customer: Account) -> None:
    """Four attempts in vain, then the dead letters; neighbours pass; when the cause is mended, a replay sends it."""
    admin, neighbour = system.admin_token(), system.register()
    poison = {"channel": "email", "poison_recipients": [customer.email]}
    assert system.ops("notifications", "PUT", "/channels/behaviour", json=poison).status == 200
    parked = _dead(system, admin, "notifications.email")["count"]
    system.settled(customer, system.placed(customer))
    eventually(lambda: _confirmations(system, customer)[0][0] == "FAILED" if _confirmations(system, customer) else None)

    system.settled(neighbour, system.placed(neighbour))
    eventually(lambda: _confirmations(system, neighbour) == [("SENT", 1)])

    eventually(lambda: _dead(system, admin, "notifications.email")["count"] == parked + 1, timeout=ALL_ATTEMPTS)
    assert _confirmations(system, customer) == [("FAILED", 4)]
    assert _dead(system, admin, "notifications.email")["failing"] != []

    assert system.ops("notifications", "DELETE", "/channels/behaviour").status == 204
    assert _replay(system, admin, "notifications.email") >= 1
    eventually(lambda: _confirmations(system, customer) == [("SENT", 5)])
    assert _confirmations(system, neighbour) == [("SENT", 1)]
    eventually(lambda: _dead(system, admin, "notifications.email")["count"] == 0)


def test_an_event_that_means_nothing_is_parked_at_once(system: System) -> None:
    """Its contract is broken, so trying again cannot help; the good one behind it arrives, a replay changes nothing."""
    admin, reader = system.admin_token(), system.register()
    parked = _dead(system, admin, "notifications.events")["count"]
    good = OrderConfirmed(order_id=uuid.uuid4(), user_id=uuid.UUID(reader.id), total_cents=299)
    event = new_event(good, subject=str(good.order_id), producer="test")
    broken = event.model_copy(update={"id": uuid.uuid4(), "data": {"order_id": "none", "total_cents": -1}})
    publish(system, [broken, event])
    eventually(lambda: _confirmations(system, reader) == [("SENT", 1)])
    eventually(lambda: _dead(system, admin, "notifications.events")["count"] == parked + 1)
    assert _replay(system, admin, "notifications.events") == parked + 1
    eventually(lambda: _dead(system, admin, "notifications.events")["count"] == parked + 1)
    assert _confirmations(system, reader) == [("SENT", 1)]
