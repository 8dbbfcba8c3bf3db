"""One Idempotency-Key, one order: however often, at once, and whoever dies in between."""

from __future__ import annotations

import threading
import uuid

import httpx
import pytest

from tests.system.harness.base import Account, Response, System
from tests.system.harness.load import at_once
from tests.system.harness.waiting import eventually


def _orders_of(system: System, account: Account) -> list[str]:
    return [row["id"] for row in system.sql("orders", f"SELECT id FROM orders WHERE user_id = '{account.id}'")]


def test_the_same_key_at_once_makes_one_order(system: System, customer: Account) -> None:
    """Twelve requests with one key at the same moment: one order, and every success names it."""
    key = uuid.uuid4().hex
    answers = at_once(lambda: system.order(customer, key=key), 12)
    assert {answer.status for answer in answers} <= {200, 201, 409}, answers
    created = {answer.json()["id"] for answer in answers if answer.status in (200, 201)}
    assert len(created) == 1
    assert _orders_of(system, customer) == list(created)


def test_the_same_key_with_another_body_is_refused(system: System, customer: Account) -> None:
    """A reused key is the client's bug and must not silently return an unrelated order."""
    key = uuid.uuid4().hex
    assert system.order(customer, {"STICKER": 1}, key=key).status == 201
    other = system.order(customer, {"STICKER": 2}, key=key)
    assert (other.status, other.headers["content-type"]) == (422, "application/problem+json")
    assert len(_orders_of(system, customer)) == 1


def test_two_customers_may_use_the_same_key(system: System, customer: Account) -> None:
    """Keys are the client's: nobody gets another one's order, nor learns that the key was used."""
    key, stranger = uuid.uuid4().hex, system.register()
    mine, theirs = system.order(customer, key=key), system.order(stranger, key=key)
    assert (mine.status, theirs.status) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]


def test_a_key_is_required(system: System, customer: Account) -> None:
    """Without one a retry could not be told from a second order."""
    body = {"lines": [{"sku": "STICKER", "quantity": 1}]}
    answer = system.call("POST", "/api/orders", token=customer.token, json=body)
    assert (answer.status, answer.headers["content-type"]) in (
        (400, "application/problem+json"),
        (422, "application/problem+json"),
    )


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1])
def test_an_instance_killed_mid_request_costs_a_retry_only(system: System, customer: Account, moment: float) -> None:
    """kill -9 on orders during the request; the client repeats it with its key: exactly one order, settled."""
    key = uuid.uuid4().hex
    lost: list[Response] = []

    def first_try() -> None:
        try:
            lost.append(system.order(customer, key=key))
        except httpx.HTTPError:
            return

    request = threading.Thread(target=first_try)
    request.start()
    request.join(moment)
    system.kill("orders")
    request.join()
    system.start("orders")
    system.wait_ready("orders")

    def retry() -> str | None:
        answer = system.order(customer, key=key)
        assert answer.status in (200, 201), answer
        return str(answer.json()["id"])

    order_id = eventually(retry)
    assert _orders_of(system, customer) == [order_id]
    assert all(answer.json()["id"] == order_id for answer in lost if answer.status == 201)
    assert system.settled(customer, order_id)["status"] == "CONFIRMED"
    told = f"SELECT id FROM outbox WHERE event ->> 'type' = 'order.created' AND subject = '{order_id}'"
    assert len(system.sql("orders", told)) == 1
