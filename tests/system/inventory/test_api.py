"""Stock over HTTP: everybody reads it, who has the permission sets it."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from httpx import AsyncClient

from chassis.database import Database
from inventory.reservations import reserve
from tests.system.harness.inprocess import signed
from tests.system.harness.tables import rows


def admin() -> dict[str, str]:
    """The headers of an administrator, fresh: they are good for seconds only."""
    return signed("inventory", uuid.uuid4(), "admin")


async def held(database: Database, quantity: int) -> bool:
    """An order holds so many stickers, if it could have them."""
    async with database.transaction() as connection:
        return (await reserve(connection, uuid.uuid4(), {"STICKER": quantity})).status == "RESERVED"


async def test_stock_is_read_by_everybody(api: AsyncClient, database: Database) -> None:
    """One sku, with what can still be ordered of it."""
    await held(database, 3)
    answer = await api.get("/stock/STICKER")
    assert answer.json() == {"sku": "STICKER", "quantity": 1000, "reserved": 3, "available": 997}
    assert (await api.get("/stock/NO-SUCH")).status_code == 404


async def test_the_list_is_read_page_by_page(api: AsyncClient) -> None:
    """By sku; `next` leads on and is null at the end."""
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = (await api.get("/stock", params={"limit": 2, "after": after})).json()
        seen += [item["sku"] for item in page["items"]]
        after = page["next"]
    assert seen == ["HOODIE-L", "LIMITED-PRINT", "MUG-BLUE", "STICKER", "TSHIRT-M"]


async def test_stock_is_set_with_the_permission(api: AsyncClient, database: Database) -> None:
    """A quantity replaces the old one, of a new sku too; what is promised stays promised."""
    await held(database, 3)
    answer = await api.put("/stock/STICKER", json={"quantity": 5}, headers=admin())
    assert answer.json() == {"sku": "STICKER", "quantity": 5, "reserved": 3, "available": 2}
    assert (await api.put("/stock/NEW-1", json={"quantity": 7}, headers=admin())).status_code == 200
    assert (await api.get("/stock/NEW-1")).json()["available"] == 7


async def test_less_than_is_promised_cannot_be_set(api: AsyncClient, database: Database) -> None:
    """409, and nothing changes; exactly as much as is promised is fine."""
    await held(database, 3)
    refused = await api.put("/stock/STICKER", json={"quantity": 2}, headers=admin())
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    assert (await api.get("/stock/STICKER")).json()["quantity"] == 1000
    assert (await api.put("/stock/STICKER", json={"quantity": 3}, headers=admin())).json()["available"] == 0


async def test_setting_stock_while_it_is_sold_never_oversells(api: AsyncClient, database: Database) -> None:
    """Both at once, many times: whatever the sequence, no more is promised than there is."""

    async def set_to(quantity: int) -> int:
        return (await api.put("/stock/STICKER", json={"quantity": quantity}, headers=admin())).status_code

    orders = asyncio.gather(*(held(database, 1) for _ in range(20)))
    statuses = await asyncio.gather(*(set_to(number) for number in range(30, 10, -1)))
    sold = sum(await orders)
    assert set(statuses) <= {200, 409}
    (row,) = await rows(database, "SELECT quantity, reserved FROM stock WHERE sku = 'STICKER'")
    assert row["reserved"] == sold <= row["quantity"]


async def test_a_quantity_that_makes_no_sense_is_a_problem(api: AsyncClient) -> None:
    """A whole number of things that one can own, and nothing else about them; the stock is as it was."""
    for body in ({}, {"quantity": -1}, {"quantity": 10**10}, {"quantity": "5"}, {"quantity": 5.5}, {"quantity": True}):
        answer = await api.put("/stock/STICKER", json=body, headers=admin())
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), body
    refused = await api.put("/stock/STICKER", json={"quantity": 5, "reserved": 0}, headers=admin())
    assert refused.json()["errors"][0]["pointer"] == "/reserved"
    assert (await api.put("/stock/sticker", json={"quantity": 5}, headers=admin())).status_code == 422
    assert (await api.get("/stock/STICKER")).json()["quantity"] == 1000


@pytest.mark.parametrize(
    ("role", "status"),
    [("nobody", 401), ("customer", 403), ("support", 403)],
)
async def test_others_cannot_set_it(api: AsyncClient, role: str, status: int) -> None:
    """401 without a proof, 403 with one of too little, and the stock is as it was."""
    headers = {} if role == "nobody" else signed("inventory", uuid.uuid4(), role)
    answer = await api.put("/stock/STICKER", json={"quantity": 0}, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (await api.get("/stock/STICKER")).json()["quantity"] == 1000
