"""Services are killed in the middle of orders, again and again: nothing is lost, doubled or left half done."""

from __future__ import annotations

import itertools
import threading
from functools import partial

from tests.system.harness.base import Account, System
from tests.system.harness.waiting import eventually

ORDERS = 24
VICTIMS = ("payments", "inventory", "orders")


def _charges(system: System, ids: list[str]) -> list[dict[str, object]]:
    keys = ", ".join(f"'order-{order_id}'" for order_id in ids)
    return system.sql("payments", f"SELECT key, status, amount_cents FROM provider.charges WHERE key IN ({keys})")


def test_every_order_survives_the_death_of_any_service(system: System, saga: str, customer: Account) -> None:
    """kill -9 on each in turn while orders are under way: all are confirmed, each charged and reserved once."""
    before = system.stock("STICKER")
    ids: list[str] = []
    over = threading.Event()

    def murder() -> None:
        for victim in itertools.cycle(VICTIMS):
            if over.wait(0.7):
                return
            system.kill(victim)
            system.start(victim)

    murderer = threading.Thread(target=murder)
    murderer.start()
    try:
        for number in range(ORDERS):
            key = f"{saga}-{customer.id}-{number}"
            ids.append(eventually(partial(_placed, system, customer, key), timeout=180))
    finally:
        over.set()
        murderer.join()
    system.wait_ready()
    for order_id in ids:
        assert system.settled(customer, order_id, timeout=90)["status"] == "CONFIRMED"
    assert len(set(ids)) == ORDERS
    assert len(system.sql("orders", f"SELECT id FROM orders WHERE user_id = '{customer.id}'")) == ORDERS
    charges = _charges(system, ids)
    assert [(row["status"], row["amount_cents"]) for row in charges] == [("captured", 299)] * ORDERS
    assert system.stock("STICKER")["reserved"] - before["reserved"] == ORDERS


def _placed(system: System, customer: Account, key: str) -> str | None:
    """The id of the order under this key; None while nobody answers: the client repeats itself, with the same key."""
    answer = system.order(customer, key=key)
    return str(answer.json()["id"]) if answer.status == 201 else None
