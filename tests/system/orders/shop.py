"""Customers who call the API, and orders that are placed and told news without it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response

from chassis.database import Database
from orders import changes
from orders.decisions import cancelled
from orders.model import Kind, Order, OrderEvent, Reason, Saga
from orders.pace import Pace
from orders.placing import Wish, place
from tests.system.harness.inprocess import signed

PACE = Pace(deadline=timedelta(minutes=15))
STICKER = 299
PAYMENT_ID = "00000000-0000-4000-8000-0000000000aa"

RESERVED = OrderEvent(Kind.STOCK_RESERVED, {})
REJECTED = OrderEvent(Kind.STOCK_REJECTED, {"missing": ["STICKER"]})
RELEASED = OrderEvent(Kind.STOCK_RELEASED, {})
CAPTURED = OrderEvent(Kind.PAYMENT_CAPTURED, {"payment_id": PAYMENT_ID, "amount_cents": STICKER})
DECLINED = OrderEvent(Kind.PAYMENT_DECLINED, {"reason": "insufficient_funds"})
UNKNOWN = OrderEvent(Kind.PAYMENT_UNKNOWN, {})
REFUNDED = OrderEvent(Kind.PAYMENT_REFUNDED, {"payment_id": PAYMENT_ID})
BY_USER = cancelled(Reason.CANCELLED_BY_USER)
TIMED_OUT = cancelled(Reason.TIMED_OUT)


def lines(**quantities: int) -> dict[str, Any]:
    """A body for POST /orders; underscores stand for the dashes of a sku."""
    return {"lines": [{"sku": sku.replace("_", "-"), "quantity": number} for sku, number in quantities.items()]}


@dataclass
class Customer:
    """Somebody who is logged in."""

    api: AsyncClient
    id: UUID
    role: str = "customer"

    @property
    def headers(self) -> Mapping[str, str]:
        """Fresh each time: the gateway's signature is good for seconds only."""
        return signed("orders", self.id, self.role)

    async def order(self, body: Any = None, *, key: str | None = None) -> Response:
        """Place an order; one sticker when no body is given, under a fresh key when none is."""
        headers = {**self.headers, "Idempotency-Key": key or uuid.uuid4().hex}
        return await self.api.post("/orders", json=lines(STICKER=1) if body is None else body, headers=headers)

    async def placed(self) -> str:
        """Place an order that must be accepted; its id."""
        answer = await self.order()
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def get(self, path: str, **query: Any) -> Response:
        """Look at something."""
        return await self.api.get(path, params=query, headers=self.headers)

    async def cancel(self, order_id: object) -> Response:
        """Cancel an order."""
        return await self.api.post(f"/orders/{order_id}/cancel", headers=self.headers)


async def new_order(database: Database, saga: Saga = Saga.CHOREOGRAPHY, user_id: UUID | None = None) -> UUID:
    """One sticker for somebody, without HTTP."""
    wish = Wish(user_id or uuid.uuid4(), uuid.uuid4().hex, {"STICKER": 1})
    return UUID((await place(database, wish, saga, PACE)).order_id)


async def tell(database: Database, order_id: UUID, *news: OrderEvent) -> Order:
    """The order after this news, each in a transaction of its own."""
    assert news
    for one in news:
        async with database.transaction() as connection:
            order = await changes.apply(connection, order_id, one, PACE)
    return order
