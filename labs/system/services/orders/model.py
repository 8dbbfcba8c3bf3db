"""What an order is: the fold of its events.  Pure: no clock, no database, no messages.

Refuses to be changed in place.  A state that no sequence of events explains cannot exist here, which is why
the history can be replayed and the tables that serve reads can be thrown away and built again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """What the customer sees."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class Stock(StrEnum):
    """What inventory has told us about this order."""

    NONE = "NONE"
    RESERVED = "RESERVED"
    REJECTED = "REJECTED"
    RELEASED = "RELEASED"


class Payment(StrEnum):
    """What payments has told us about this order.  UNKNOWN is an answer: the provider timed out."""

    NONE = "NONE"
    UNKNOWN = "UNKNOWN"
    CAPTURED = "CAPTURED"
    DECLINED = "DECLINED"
    REFUNDED = "REFUNDED"
    VOIDED = "VOIDED"


class Reason(StrEnum):
    """Why an order was cancelled."""

    OUT_OF_STOCK = "out_of_stock"
    PAYMENT_DECLINED = "payment_declined"
    CANCELLED_BY_USER = "cancelled_by_user"
    TIMED_OUT = "timed_out"


class Saga(StrEnum):
    """Who leads.  Chosen when the order is placed and part of it, so that a switch never mixes running sagas."""

    CHOREOGRAPHY = "choreography"
    ORCHESTRATION = "orchestration"


class Kind(StrEnum):
    """What can happen to an order: the types in order_events."""

    PLACED = "placed"
    STOCK_RESERVED = "stock_reserved"
    STOCK_REJECTED = "stock_rejected"
    STOCK_RELEASED = "stock_released"
    PAYMENT_CAPTURED = "payment_captured"
    PAYMENT_DECLINED = "payment_declined"
    PAYMENT_UNKNOWN = "payment_unknown"
    PAYMENT_REFUNDED = "payment_refunded"
    PAYMENT_VOIDED = "payment_voided"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class OrderEvent:
    """One thing that happened, as it is stored."""

    kind: Kind
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """So many of one product, at the price of the moment of ordering."""

    sku: str
    quantity: int
    unit_price_cents: int


@dataclass(frozen=True)
class Order:
    """The state of one order.  `version` is the number of events behind it."""

    id: str
    user_id: str
    lines: tuple[Line, ...]
    total_cents: int
    currency: str
    saga: Saga
    status: Status = Status.PENDING
    reason: Reason | None = None
    stock: Stock = Stock.NONE
    payment: Payment = Payment.NONE
    payment_id: str | None = None
    # Reserved while still wanted: from here on payments may charge, whatever happens to the order.
    charging: bool = False
    version: int = 1


_STOCK = {
    Kind.STOCK_RESERVED: Stock.RESERVED,
    Kind.STOCK_REJECTED: Stock.REJECTED,
    Kind.STOCK_RELEASED: Stock.RELEASED,
}
_PAYMENT = {
    Kind.PAYMENT_CAPTURED: Payment.CAPTURED,
    Kind.PAYMENT_DECLINED: Payment.DECLINED,
    Kind.PAYMENT_UNKNOWN: Payment.UNKNOWN,
    Kind.PAYMENT_REFUNDED: Payment.REFUNDED,
    Kind.PAYMENT_VOIDED: Payment.VOIDED,
}


def placed(order_id: str, event: OrderEvent) -> Order:
    """The order as its first event made it."""
    data = event.data
    return Order(
        id=order_id,
        user_id=data["user_id"],
        lines=tuple(Line(line["sku"], line["quantity"], line["unit_price_cents"]) for line in data["lines"]),
        total_cents=data["total_cents"],
        currency=data["currency"],
        saga=Saga(data["saga"]),
    )


def evolve(order: Order, event: OrderEvent) -> Order:
    """The order after one more event.  Asks no questions: what is in the log has happened."""
    after = replace(order, version=order.version + 1)
    if event.kind in _STOCK:
        wanted = event.kind is Kind.STOCK_RESERVED and order.status is Status.PENDING
        return replace(after, stock=_STOCK[event.kind], charging=order.charging or wanted)
    if event.kind in _PAYMENT:
        payment_id = event.data.get("payment_id") or order.payment_id
        return replace(after, payment=_PAYMENT[event.kind], payment_id=payment_id)
    if event.kind is Kind.CONFIRMED:
        return replace(after, status=Status.CONFIRMED)
    if event.kind is Kind.CANCELLED:
        return replace(after, status=Status.CANCELLED, reason=Reason(event.data["reason"]))
    raise ValueError(f"{event.kind} cannot happen to an order that exists")


def fold(order_id: str, events: Iterable[OrderEvent]) -> Order | None:
    """The whole history as one state; None for an order that was never placed."""
    order: Order | None = None
    for event in events:
        order = placed(order_id, event) if order is None else evolve(order, event)
    return order
