"""At least once means now and then twice: the same events again, from the same broker, and there is one effect."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from chassis.events.envelope import Event
from tests.system.harness.base import Account, System
from tests.system.harness.messages import deliveries, handled, publish, told
from tests.system.harness.waiting import eventually

TIMES = 5
TELLING = ("orders", "inventory", "payments")
# Another event of these, with an id of its own, is another occasion to write to the customer.
ANNOUNCED = {"order.confirmed", "order.cancelled"}


def _effects(system: System, order_id: str, customer: Account) -> dict[str, Any]:
    """Everything that an order leaves behind, anywhere."""
    mails = f"FROM channels.messages WHERE recipient = '{customer.email}'"
    return {
        "order": system.sql("orders", f"SELECT status, version FROM orders WHERE id = '{order_id}'"),
        "stock": system.stock("MUG-BLUE"),
        "reservation": system.sql("inventory", f"SELECT status FROM reservations WHERE order_id = '{order_id}'"),
        "payment": system.sql("payments", f"SELECT status, attempts FROM payments WHERE order_id = '{order_id}'"),
        "charges": system.sql("payments", "SELECT count(*) AS n FROM provider.charges"),
        "mails": system.sql("notifications", f"SELECT count(*) AS n, sum(requests) AS asked {mails}"),
        # Who asks for the same under another id is answered again, but hears no other answer.
        **{service: {event.type for event in told(system, service, order_id)} for service in TELLING},
    }


def _settled(system: System, customer: Account, cancelled: bool) -> str:
    """An order after its whole life, with nothing under way any more."""
    order_id = system.placed(customer, {"MUG-BLUE": 1})
    system.settled(customer, order_id)
    if cancelled:
        assert system.call("POST", f"/api/orders/{order_id}/cancel", token=customer.token).status == 200
    last = {"inventory.released", "payment.refunded"} if cancelled else {"order.confirmed"}

    def over() -> bool:
        types = {event.type for service in TELLING for event in told(system, service, order_id)}
        sent = f"SELECT count(*) AS n FROM notifications WHERE user_id = '{customer.id}' AND status = 'SENT'"
        return last <= types and system.sql("notifications", sent)[0]["n"] == (3 if cancelled else 2)

    eventually(over)
    return order_id


@pytest.mark.parametrize("cancelled", [False, True], ids=["confirmed", "cancelled"])
@pytest.mark.parametrize("repeated", ["the event", "its news"])
def test_an_order_is_told_of_many_times_and_happens_once(
    system: System, saga: str, customer: Account, cancelled: bool, repeated: str
) -> None:
    """Each event of an order five times more; and its news again under new ids, as a producer that forgets would."""
    order_id = _settled(system, customer, cancelled)
    events = [event for service in TELLING for event in told(system, service, order_id)]
    again = events * TIMES
    if repeated == "its news":
        again = [_renewed(event) for event in again if event.type not in ANNOUNCED]
    before, seen = _effects(system, order_id, customer), handled(system)
    publish(system, again)
    eventually(lambda: handled(system) >= seen + deliveries(again))
    assert _effects(system, order_id, customer) == before
    if repeated == "the event":
        assert [event for service in TELLING for event in told(system, service, order_id)] == events


def _renewed(event: Event) -> Event:
    return event.model_copy(update={"id": uuid.uuid4()})
