"""The broker goes away in the middle of orders: customers do not notice, nothing is lost, and nothing is doubled."""

from __future__ import annotations

import time

from tests.system.harness.base import Account, System
from tests.system.harness.load import Outcome, load
from tests.system.harness.waiting import eventually

PUBLISHERS = ("users", "orders", "inventory", "payments", "notifications")


def _placed(outcome: Outcome) -> list[str]:
    """The ids of all orders; every one of them was accepted."""
    assert (outcome.statuses(), outcome.broken) == ({201}, [])
    return [answer.json()["id"] for answer in outcome.answers]


def _of(ids: list[str], pattern: str = "{}") -> str:
    return ", ".join(f"'{pattern.format(order_id)}'" for order_id in ids)


def _all_confirmed(system: System, ids: list[str]) -> bool:
    statuses = system.sql(
        "orders", f"SELECT status, count(*) AS n FROM orders WHERE id IN ({_of(ids)}) GROUP BY status"
    )
    assert statuses == [{"status": "CONFIRMED", "n": len(ids)}]
    return True


def _each_charged_once(system: System, ids: list[str]) -> None:
    keys = _of(ids, "order-{}")
    charges = system.sql("payments", f"SELECT key, status FROM provider.charges WHERE key IN ({keys})")
    assert sorted((row["key"], row["status"]) for row in charges) == sorted((f"order-{one}", "captured") for one in ids)


def _each_announced_once(system: System, customer: Account, ids: list[str]) -> bool:
    sent = system.sql("notifications", f"SELECT template, status FROM notifications WHERE user_id = '{customer.id}'")
    confirmed = [row["status"] for row in sent if row["template"] == "order_confirmed"]
    assert confirmed == ["SENT"] * len(ids)
    mails = f"SELECT requests FROM channels.messages WHERE recipient = '{customer.email}'"
    assert [row["requests"] for row in system.sql("notifications", mails)] == [1] * (len(ids) + 1)  # and a welcome
    return True


def _nothing_waits(system: System) -> bool:
    """Every event of every service has been confirmed by the broker."""
    waiting = "SELECT count(*) AS n FROM outbox WHERE published_at IS NULL"
    assert {service: system.sql(service, waiting)[0]["n"] for service in PUBLISHERS} == dict.fromkeys(PUBLISHERS, 0)
    return True


def test_an_outage_of_the_broker_costs_time_and_nothing_else(
    system: System, customer: Account, outage_seconds: float
) -> None:
    """Stopped for a while under orders: all are accepted meanwhile, and each ends with one of everything."""
    before = system.stock("STICKER")["reserved"]
    with load(lambda: system.order(customer), threads=1, pause=0.3) as orders:
        eventually(lambda: len(orders.answers) > 2)
        system.stop("broker")
        time.sleep(outage_seconds)  # that it lasts is what is tested
        in_the_dark = len(orders.answers)
        system.start("broker")
        eventually(lambda: len(orders.answers) > in_the_dark + 2)
    ids = _placed(orders)
    assert in_the_dark > 3
    eventually(lambda: _all_confirmed(system, ids), timeout=90)
    _each_charged_once(system, ids)
    assert system.stock("STICKER")["reserved"] - before == len(ids)
    eventually(lambda: _each_announced_once(system, customer, ids), timeout=60)
    eventually(lambda: _nothing_waits(system))


def test_a_broker_that_is_killed_has_lost_nothing(system: System, customer: Account) -> None:
    """kill -9 between two events of many orders; what it had confirmed is on its disk, the rest in the outboxes."""
    with load(lambda: system.order(customer), threads=2, pause=0.1) as orders:
        eventually(lambda: len(orders.answers) > 5)
        system.kill("broker")
        system.start("broker")
        killed = len(orders.answers)
        eventually(lambda: len(orders.answers) > killed + 5)
    ids = _placed(orders)
    eventually(lambda: _all_confirmed(system, ids), timeout=90)
    _each_charged_once(system, ids)
    eventually(lambda: _each_announced_once(system, customer, ids), timeout=60)
    eventually(lambda: _nothing_waits(system))
