"""News from inventory and payments, as the consumer's handlers: contract in, change out.

Refuses by dead letter what can never be right (an order nobody placed, another amount), and nothing else: old and
repeated news is normal and decides itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.consumer import Handler, Permanent
from chassis.events.contracts import (
    Contract,
    InventoryRejected,
    InventoryReleased,
    InventoryReserved,
    PaymentCaptured,
    PaymentDeclined,
    PaymentRefunded,
    PaymentUnknown,
    PaymentVoided,
)
from chassis.events.envelope import Event
from orders import changes
from orders.model import Kind, OrderEvent
from orders.pace import Pace

SUBSCRIPTION = "orders.saga"

# What is kept of each message.  The order has its own lines and amounts; copies would only be able to differ.
_KINDS: Mapping[type[Contract], tuple[Kind, tuple[str, ...]]] = {
    InventoryReserved: (Kind.STOCK_RESERVED, ()),
    InventoryRejected: (Kind.STOCK_REJECTED, ("missing",)),
    InventoryReleased: (Kind.STOCK_RELEASED, ()),
    PaymentCaptured: (Kind.PAYMENT_CAPTURED, ("payment_id", "amount_cents")),
    PaymentDeclined: (Kind.PAYMENT_DECLINED, ("reason",)),
    PaymentUnknown: (Kind.PAYMENT_UNKNOWN, ()),
    PaymentRefunded: (Kind.PAYMENT_REFUNDED, ("payment_id",)),
    PaymentVoided: (Kind.PAYMENT_VOIDED, ()),
}


def as_news(contract: Contract) -> OrderEvent:
    """The message as an event of the order."""
    kind, fields = _KINDS[type(contract)]
    return OrderEvent(kind, contract.model_dump(mode="json", include=set(fields)))


def handlers(pace: Pace) -> Mapping[type[Contract], Handler]:
    """One handler for each message, all the same: the state machine tells them apart, not the code."""

    async def handle(contract: Any, event: Event, connection: AsyncConnection) -> None:
        order_id: UUID = contract.order_id
        try:
            await changes.apply(connection, order_id, as_news(contract), pace, cause=event)
        except changes.UnknownOrder as error:
            raise Permanent("no such order") from error
        except changes.WrongAmount as error:
            raise Permanent("the amount is not the order's") from error

    return dict.fromkeys(_KINDS, handle)
