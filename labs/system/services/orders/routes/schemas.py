"""The published shapes of requests and responses.

Refuses unknown fields in requests: a client that sends `unit_price_cents` should hear that it does not count.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chassis.numbers import WHOLE
from orders.model import Kind, Payment, Reason, Status, Stock

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9](-?[A-Z0-9])*$", max_length=32)]


class NewLine(BaseModel):
    """So many of one product."""

    model_config = ConfigDict(extra="forbid")

    sku: Sku
    quantity: Annotated[int, Field(ge=1, le=100), WHOLE]


class NewOrder(BaseModel):
    """What a customer may say about an order: products and quantities."""

    model_config = ConfigDict(extra="forbid")

    lines: Annotated[list[NewLine], Field(min_length=1, max_length=50)]


class Line(BaseModel):
    """A line with the price it was sold at."""

    sku: str
    quantity: int
    unit_price_cents: int


class OrderBody(BaseModel):
    """An order."""

    id: UUID
    user_id: UUID
    status: Status
    reason: Reason | None
    lines: list[Line]
    total_cents: int
    currency: str
    version: int
    created_at: datetime
    updated_at: datetime


class OrderPage(BaseModel):
    """Some orders, newest first; `next_cursor` leads to the next ones and is null at the end."""

    items: list[OrderBody]
    next_cursor: str | None


class StatusBody(BaseModel):
    """Where an order stands."""

    id: UUID
    status: Status
    reason: Reason | None
    stock: Stock
    payment: Payment
    updated_at: datetime


class HistoryEntry(BaseModel):
    """One event of an order."""

    version: int
    type: Kind
    data: dict[str, Any]
    occurred_at: datetime


class HistoryBody(BaseModel):
    """All events of an order, from the first."""

    id: UUID
    events: list[HistoryEntry]


class TotalsBody(BaseModel):
    """The sums of one user.  `confirmed` and `spent_cents` count orders that are confirmed now."""

    user_id: UUID
    placed: int
    confirmed: int
    cancelled: int
    spent_cents: int


class Product(BaseModel):
    """Something that is sold."""

    sku: str
    name: str
    price_cents: int


class Products(BaseModel):
    """Everything that is sold."""

    items: list[Product]
