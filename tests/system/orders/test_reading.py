"""Looking at orders: one's own, page by page, and nothing of anybody else's."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from httpx import AsyncClient

from chassis.database import Database
from chassis.identity.internal import parse_keys, sign
from chassis.identity.model import Identity
from chassis.identity.permissions import permissions_of
from tests.system.harness.inprocess import IDENTITY_KEYS, signed
from tests.system.harness.tables import rows
from tests.system.orders.shop import CAPTURED, RESERVED, STICKER, Customer, new_order, tell

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


async def page(customer: Customer, cursor: str | None = None, limit: int = 2) -> tuple[list[str], str | None]:
    """The ids of one page, and the cursor of the next."""
    answer = await customer.get("/orders", limit=limit, **({"cursor": cursor} if cursor else {}))
    assert answer.status_code == 200, answer.text
    return [order["id"] for order in answer.json()["items"]], answer.json()["next_cursor"]


async def test_a_list_is_read_page_by_page_while_orders_arrive(ada: Customer, bob: Customer) -> None:
    """Newest first; orders placed meanwhile move nothing: each older one is seen, and seen once."""
    mine = [await ada.placed() for _ in range(5)][::-1]
    seen, cursor = await page(ada)
    while cursor:
        await asyncio.gather(ada.placed(), bob.placed())
        found, cursor = await page(ada, cursor)
        seen += found
    assert seen == mine
    assert (await page(ada, limit=100))[0][-5:] == mine


async def test_orders_of_the_same_moment_are_not_lost_between_pages(ada: Customer, database: Database) -> None:
    """Times are not unique, so the id decides; the last page says that it is the last."""
    mine = {await ada.placed() for _ in range(4)}
    await rows(database, "UPDATE orders SET created_at = now()")
    first, cursor = await page(ada)
    second, end = await page(ada, cursor)
    assert ({*first, *second}, end) == (mine, None)


async def test_a_cursor_that_was_tampered_with_shows_nothing_new(ada: Customer, bob: Customer) -> None:
    """Somebody else's cursor, or any change to one's own, leads to one's own orders or to a 422."""
    mine = {await ada.placed() for _ in range(3)}
    for _ in range(3):
        await bob.placed()
    _, his = await page(bob)
    _, cursor = await page(ada)
    assert his and cursor
    changed = [cursor[:n] + ALPHABET[(ALPHABET.index(cursor[n]) + 31) % 64] + cursor[n + 1 :] for n in range(32)]
    for text in [his, *changed, "A" * 32, "_" * 32]:
        answer = await ada.get("/orders", cursor=text)
        assert answer.status_code == 422 or {order["id"] for order in answer.json()["items"]} <= mine, text
    for text in ("", "x", "A" * 31, "A" * 33, "=" * 32, "A" * 31 + "\n", "\u00e4" * 32, "A" * 10_000):
        assert (await ada.get("/orders", cursor=text)).status_code == 422, text


async def test_a_list_has_limits(ada: Customer) -> None:
    """Between 1 and 100 per page, said by a problem that names the parameter."""
    for limit in ("0", "-1", "101", "ten", "1.5", "9" * 30, ""):
        answer = await ada.get("/orders", limit=limit)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/limit"), limit


async def test_an_order_of_somebody_else_is_not_there(ada: Customer, bob: Customer) -> None:
    """404 for each way to look at it or to change it, in the very words for an order that never was."""
    order_id, never = await ada.placed(), uuid.uuid4()
    for path in ("", "/status", "/history", "/cancel"):
        method = "POST" if path == "/cancel" else "GET"
        answers = [
            await bob.api.request(method, f"/orders/{one}{path}", headers=bob.headers) for one in (order_id, never)
        ]
        assert [answer.status_code for answer in answers] == [404, 404], path
        told = [{**answer.json(), "instance": "", "correlation_id": ""} for answer in answers]
        assert told[0] == told[1]
    assert (await ada.get(f"/orders/{order_id}")).json()["status"] == "PENDING"


async def test_support_reads_and_cancels_any_order(ada: Customer, support: Customer) -> None:
    """With the permission an order is found whoever owns it, and so is somebody's list and their sums."""
    order_id = await ada.placed()
    for path in ("", "/status", "/history"):
        assert (await support.get(f"/orders/{order_id}{path}")).status_code == 200
    listed = (await support.get("/orders", user_id=ada.id)).json()["items"]
    assert [order["id"] for order in listed] == [order_id]
    assert (await support.get("/orders/totals", user_id=ada.id)).json()["placed"] == 1
    assert (await support.get("/orders")).json()["items"] == []
    assert (await support.cancel(order_id)).json()["status"] == "CANCELLED"


async def test_a_list_of_somebody_else_needs_the_permission(ada: Customer, bob: Customer) -> None:
    """403, because a list says nothing about whether that user exists; one's own id is no secret."""
    for path in ("/orders", "/orders/totals"):
        assert (await ada.get(path, user_id=bob.id)).status_code == 403
        assert (await ada.get(path, user_id=ada.id)).status_code == 200


async def test_who_may_see_but_not_cancel_is_told_so(
    ada: Customer, api: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading any order does not imply cancelling any: 403, and the order stays as it was."""
    auditor = frozenset({"orders:read", "orders:cancel", "orders:read:any"})
    monkeypatch.setattr(
        "chassis.identity.permissions.ROLES", {"auditor": auditor, "customer": permissions_of(["customer"])}
    )
    order_id = await ada.placed()
    eve = Customer(api, uuid.uuid4(), "auditor")
    assert (await eve.cancel(order_id)).status_code == 403
    assert (await eve.get(f"/orders/{order_id}")).json()["status"] == "PENDING"
    assert (await eve.order()).status_code == 403


def forged() -> list[tuple[int, dict[str, str]]]:
    """Identities that do not count here, with the status each gets."""
    user = Identity(str(uuid.uuid4()), frozenset({"customer"}), frozenset(), "user")
    other_key = parse_keys("k1=" + "x" * 32)
    service = Identity("gateway", frozenset({"customer"}), frozenset(), "service")
    return [
        (401, {}),
        (401, {"Authorization": "Bearer nonsense"}),
        (401, {"Authorization": "Basic YTpi"}),
        (401, {"X-Identity": "nonsense"}),
        (401, {"X-Identity": sign(user, other_key, "orders")}),
        (401, signed("payments", uuid.uuid4())),
        (401, {"X-User-Id": user.subject, "X-Roles": "admin"}),
        (403, signed("orders", uuid.uuid4(), "stranger")),
        (403, {"X-Identity": sign(service, parse_keys(IDENTITY_KEYS), "orders")}),
    ]


async def test_nobody_gets_in_without_a_proof_of_enough(api: AsyncClient) -> None:
    """No proof, another's, one for another service, a role without rights, a service: 401 or 403 everywhere."""
    one = uuid.uuid4()
    routes = [
        "GET /orders",
        f"GET /orders/{one}/status",
        f"POST /orders/{one}/cancel",
        "POST /orders",
        "GET /orders/totals",
    ]
    for status, headers in forged():
        for method, path in (route.split() for route in routes):
            body: dict[str, Any] = {"json": {"lines": [{"sku": "STICKER", "quantity": 1}]}} if path == "/orders" else {}
            answer = await api.request(method, path, headers={**headers, "Idempotency-Key": "k"}, **body)
            assert answer.status_code == status, (headers, method, path, answer.text)
            assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_history_and_status_tell_what_happened(ada: Customer, database: Database) -> None:
    """Every step with its number and its news, and a short answer for those who poll."""
    order_id = await new_order(database, user_id=ada.id)
    await tell(database, order_id, RESERVED, CAPTURED)
    history = (await ada.get(f"/orders/{order_id}/history")).json()
    kinds = [(event["version"], event["type"]) for event in history["events"]]
    assert kinds == [(1, "placed"), (2, "stock_reserved"), (3, "payment_captured"), (4, "confirmed")]
    assert history["events"][2]["data"]["amount_cents"] == STICKER
    status = (await ada.get(f"/orders/{order_id}/status")).json()
    assert (status["status"], status["stock"], status["payment"]) == ("CONFIRMED", "RESERVED", "CAPTURED")


async def test_totals_follow_the_orders(ada: Customer, database: Database) -> None:
    """Placed counts all, confirmed and spent those that are confirmed now, cancelled those that are cancelled."""

    async def sums() -> dict[str, int]:
        answer: dict[str, int] = (await ada.get("/orders/totals")).json()
        return {name: number for name, number in answer.items() if name != "user_id"}

    assert await sums() == {"placed": 0, "confirmed": 0, "cancelled": 0, "spent_cents": 0}
    first, second = await new_order(database, user_id=ada.id), await new_order(database, user_id=ada.id)
    await tell(database, first, RESERVED, CAPTURED)
    await ada.cancel(second)
    assert await sums() == {"placed": 2, "confirmed": 1, "cancelled": 1, "spent_cents": STICKER}
    await ada.cancel(first)
    assert await sums() == {"placed": 2, "confirmed": 0, "cancelled": 2, "spent_cents": 0}


async def test_products_are_open_to_everybody(api: AsyncClient) -> None:
    """One looks before one registers."""
    items = (await api.get("/products")).json()["items"]
    assert {item["sku"]: item["price_cents"] for item in items}["STICKER"] == STICKER
