"""Placing orders: prices are the shop's, and one key makes one order whatever goes wrong or runs at the same time."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime

import pytest
from httpx import AsyncClient
from sqlalchemy.exc import IntegrityError

from chassis.database import Database
from chassis.problems import Problem
from orders import placing
from orders.model import Saga
from orders.placing import Wish, place
from tests.system.harness.tables import published, rows, types
from tests.system.orders.shop import PACE, STICKER, Customer, lines


async def counts(database: Database) -> dict[str, int]:
    """How many rows each table has that placing an order writes."""
    tables = ("orders", "order_events", "sagas", "idempotency_keys", "user_order_totals", "outbox")
    (row,) = await rows(database, "SELECT " + ", ".join(f"(SELECT count(*) FROM {t}) AS {t}" for t in tables))
    return row


async def test_an_order_is_priced_stored_and_announced(ada: Customer, database: Database) -> None:
    """201 with the order as it stands, where to find it, and one event about it for everybody."""
    before = datetime.now(UTC)
    answer = await ada.order(lines(MUG_BLUE=2, STICKER=1))
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert (order["user_id"], order["status"], order["reason"]) == (str(ada.id), "PENDING", None)
    assert order["total_cents"] == 2 * 899 + 299
    assert {line["sku"]: line["unit_price_cents"] for line in order["lines"]} == {"MUG-BLUE": 899, "STICKER": 299}
    assert datetime.fromisoformat(order["created_at"]) >= before
    assert answer.headers["location"] == f"orders/{order['id']}"
    assert (await ada.get(f"/{answer.headers['location']}")).json() == order
    (event,) = await published(database, order["id"])
    assert (event["type"], event["data"]["total_cents"], event["data"]["saga"]) == (
        "order.created",
        order["total_cents"],
        "choreography",
    )


async def test_a_repeat_gets_the_same_bytes(ada: Customer, database: Database) -> None:
    """The stored response, marked as a repeat, even after the order has changed; nothing is written again."""
    first = await ada.order(key="k-1")
    await ada.cancel(first.json()["id"])
    before = await counts(database)
    again = await ada.order(key="k-1")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert await counts(database) == before


async def test_the_same_wish_said_differently_is_a_repeat(ada: Customer) -> None:
    """The sequence of the lines, and one product on two lines, make no difference to what is wanted."""
    first = await ada.order(lines(MUG_BLUE=1, STICKER=3), key="k-1")
    twice = {"lines": [{"sku": sku, "quantity": n} for sku, n in [("STICKER", 1), ("MUG-BLUE", 1), ("STICKER", 2)]]}
    again = await ada.order(twice, key="k-1")
    assert (again.status_code, again.content) == (201, first.content)


async def test_another_wish_under_the_same_key_is_refused(ada: Customer, database: Database) -> None:
    """422 and a problem of its own type; the first order is not touched."""
    await ada.order(key="k-1")
    answer = await ada.order(lines(STICKER=2), key="k-1")
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (422, "idempotency-key-reused")
    assert (await counts(database))["orders"] == 1


async def test_keys_of_two_customers_do_not_meet(ada: Customer, bob: Customer) -> None:
    """Bob's order under Ada's key is Bob's, whether his wish is the same or another."""
    hers = (await ada.order(key="k-1")).json()
    his, other = await bob.order(key="k-1"), await bob.order(lines(STICKER=2), key="k-1")
    assert his.json()["user_id"] == str(bob.id)
    assert his.json()["id"] != hers["id"]
    assert other.status_code == 422


async def test_forty_requests_at_once_make_one_order(ada: Customer, database: Database) -> None:
    """All with one key: one order, one event; whoever got an answer got this order's."""
    answers = await asyncio.gather(*(ada.order(key="k-1") for _ in range(40)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers if answer.status_code == 201) == 1
    assert set((await counts(database)).values()) == {1}


async def test_different_wishes_at_once_under_one_key_make_one_order(ada: Customer, database: Database) -> None:
    """One of them wins; the others hear that the key is taken."""
    answers = await asyncio.gather(*(ada.order(lines(STICKER=n + 1), key="k-1") for n in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 19
    assert (await counts(database))["orders"] == 1


async def test_a_refused_order_leaves_its_key_free(ada: Customer, database: Database) -> None:
    """Nothing has happened under the key, so the corrected order may use it."""
    refused = await ada.order(lines(STICKER=1, NO_SUCH=1), key="k-1")
    assert (refused.status_code, refused.json()["skus"]) == (422, ["NO-SUCH"])
    assert set((await counts(database)).values()) == {0}
    assert (await ada.order(key="k-1")).status_code == 201


async def test_an_order_that_cannot_be_announced_is_not_placed(database: Database) -> None:
    """The event is in the transaction of the order: all of it commits, or none, and the key is free again."""
    wish = Wish(uuid.uuid4(), "k-1", {"STICKER": 1})
    await rows(database, "ALTER TABLE outbox ADD CONSTRAINT broken CHECK (false)")
    with pytest.raises(IntegrityError):
        await place(database, wish, Saga.CHOREOGRAPHY, PACE)
    assert set((await counts(database)).values()) == {0}
    await rows(database, "ALTER TABLE outbox DROP CONSTRAINT broken")
    assert not (await place(database, wish, Saga.CHOREOGRAPHY, PACE)).replayed


async def test_a_request_that_waits_too_long_for_the_first_is_told_to_ask_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another transaction has the key, a repeat waits a little, then gets 409 and holds no connection."""
    monkeypatch.setattr(placing, "_PATIENCE", "100ms")
    wish = Wish(uuid.uuid4(), "k-1", {"STICKER": 1})
    async with database.transaction() as first:
        await placing._place(first, wish, Saga.CHOREOGRAPHY, PACE)
        with pytest.raises(Problem) as refusal:
            await place(database, wish, Saga.CHOREOGRAPHY, PACE)
        assert (refusal.value.status, refusal.value.headers["Retry-After"]) == (409, "1")
    assert (await place(database, wish, Saga.CHOREOGRAPHY, PACE)).replayed


async def test_a_key_is_free_again_after_a_day(ada: Customer, database: Database) -> None:
    """A key older than that is as good as new, for whatever order."""
    first = await ada.order(key="k-1")
    await rows(database, "UPDATE idempotency_keys SET created_at = now() - interval '24 hours 1 second'")
    second = await ada.order(lines(STICKER=2), key="k-1")
    assert (second.status_code, second.json()["id"] == first.json()["id"]) == (201, False)
    assert (await ada.order(lines(STICKER=2), key="k-1")).content == second.content


async def test_prices_are_those_of_the_moment(ada: Customer, database: Database) -> None:
    """A price that changes later changes later orders, not this one."""
    first = (await ada.order()).json()
    await rows(database, "UPDATE products SET price_cents = 500 WHERE sku = 'STICKER'")
    assert (await ada.order()).json()["total_cents"] == 500
    assert (await ada.get(f"/orders/{first['id']}")).json()["total_cents"] == STICKER


@pytest.mark.parametrize("saga", [Saga.ORCHESTRATION])
async def test_an_orchestrated_order_asks_for_its_goods_at_once(ada: Customer, database: Database) -> None:
    """SAGA chooses who leads: here the fact comes with the first command, in one transaction."""
    order_id = await ada.placed()
    assert await types(database, order_id) == ["order.created", "inventory.reserve"]
    assert await rows(database, "SELECT mode, step FROM sagas") == [{"mode": "orchestration", "step": "reserving"}]


async def test_what_is_no_key_is_refused(api: AsyncClient, ada: Customer, database: Database) -> None:
    """400: exactly one key of visible ASCII, or nobody could tell a repeat from a second order."""
    known = [(name.encode(), value.encode()) for name, value in ada.headers.items()]
    for keys in ([], [b""], [b"x" * 129], [b"two words"], [b"tab\there"], [b"caf\xe9"], [b"a", b"b"], [b"a", b"a"]):
        headers = [*known, *((b"Idempotency-Key", key) for key in keys)]
        answer = await api.post("/orders", json=lines(STICKER=1), headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), keys
        assert answer.json()["type"].endswith("/idempotency-key-required")
    assert set((await counts(database)).values()) == {0}


NONSENSE: list[object] = [
    {},
    {"lines": []},
    {"lines": [{"sku": "STICKER", "quantity": 1}] * 51},
    lines(STICKER=0),
    lines(STICKER=-1),
    lines(STICKER=101),
    lines(STICKER=10**30),
    {"lines": [{"sku": "STICKER", "quantity": "1"}]},
    {"lines": [{"sku": "STICKER", "quantity": 1.5}]},
    {"lines": [{"sku": "STICKER", "quantity": True}]},
    {"lines": [{"sku": "STICKER", "quantity": 1, "unit_price_cents": 1}]},
    {**lines(STICKER=1), "user_id": str(uuid.uuid4())},
    {"lines": [{"sku": "STICKER\x00", "quantity": 1}]},
    {"lines": [{"sku": "sticker", "quantity": 1}]},
    [],
    None,
]


async def test_an_order_that_makes_no_sense_is_a_problem(ada: Customer, database: Database) -> None:
    """422 for amounts, prices, owners and shapes that a customer cannot choose; nothing is written."""
    for body in NONSENSE:
        answer = await ada.api.post("/orders", json=body, headers={**ada.headers, "Idempotency-Key": "k-1"})
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), body
    assert set((await counts(database)).values()) == {0}
