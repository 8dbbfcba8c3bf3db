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

ADMIN = signed("inventory", uuid.uuid4(), "admin")


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
    answer = await api.put("/stock/STICKER", json={"quantity": 5}, headers=ADMIN)
    assert answer.json() == {"sku": "STICKER", "quantity": 5, "reserved": 3, "available": 2}
    assert (await api.put("/stock/NEW-1", json={"quantity": 7}, headers=ADMIN)).status_code == 200
    assert (await api.get("/stock/NEW-1")).json()["available"] == 7


async def test_less_than_is_promised_cannot_be_set(api: AsyncClient, database: Database) -> None:
    """409, and nothing changes; exactly as much as is promised is fine."""
    await held(database, 3)
    refused = await api.put("/stock/STICKER", json={"quantity": 2}, headers=ADMIN)
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    assert (await api.get("/stock/STICKER")).json()["quantity"] == 1000
    assert (await api.put("/stock/STICKER", json={"quantity": 3}, headers=ADMIN)).json()["available"] == 0


async def test_setting_stock_while_it_is_sold_never_oversells(api: AsyncClient, database: Database) -> None:
    """Both at once, many times: whatever the sequence, no more is promised than there is."""

    async def set_to(quantity: int) -> int:
        return (await api.put("/stock/STICKER", json={"quantity": quantity}, headers=ADMIN)).status_code

    orders = asyncio.gather(*(held(database, 1) for _ in range(20)))
    statuses = await asyncio.gather(*(set_to(number) for number in range(30, 10, -1)))
    sold = sum(await orders)
    assert set(statuses) <= {200, 409}
    (row,) = await rows(database, "SELECT quantity, reserved FROM stock WHERE sku = 'STICKER'")
    assert row["reserved"] == sold <= row["quantity"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), (signed("inventory", uuid.uuid4()), 403), (signed("inventory", uuid.uuid4(), "support"), 403)],
    ids=["nobody", "customer", "support"],
)
async def test_others_cannot_set_it(api: AsyncClient, headers: dict[str, str], status: int) -> None:
    """401 without a proof, 403 with one of too little, and the stock is as it was."""
    answer = await api.put("/stock/STICKER", json={"quantity": 0}, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (await api.get("/stock/STICKER")).json()["quantity"] == 1000
