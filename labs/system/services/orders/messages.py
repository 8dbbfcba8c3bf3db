"""What others are told and asked, made from the order.  Pure, but for ids and the clock of the envelope.

Refuses to publish: it only says which contracts follow from a change; the outbox takes them from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import asdict
from uuid import UUID

from chassis.events.contracts import (
    CapturePayment,
    Contract,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    RefundPayment,
    ReleaseInventory,
    ReserveInventory,
)
from chassis.events.contracts import Line as LineContract
from orders.model import Kind, Order, OrderEvent
from orders.steps import Command


def facts(order: Order, events: Iterable[OrderEvent]) -> Iterator[Contract]:
    """What the whole shop is told about these events.  The others stay inside: they repeat what others said."""
    for event in events:
        if event.kind is Kind.PLACED:
            yield OrderCreated(
                order_id=UUID(order.id),
                user_id=UUID(order.user_id),
                lines=_lines(order),
                total_cents=order.total_cents,
                currency="EUR",
                saga=order.saga.value,
            )
        elif event.kind is Kind.CONFIRMED:
            yield OrderConfirmed(
                order_id=UUID(order.id), user_id=UUID(order.user_id), total_cents=order.total_cents, currency="EUR"
            )
        elif event.kind is Kind.CANCELLED:
            yield OrderCancelled(
                order_id=UUID(order.id),
                user_id=UUID(order.user_id),
                reason=event.data["reason"],
                saga=order.saga.value,
            )


def requests(order: Order, commands: Set[Command]) -> Iterator[Contract]:
    """The commands as contracts, in a fixed sequence: stock before money on the way back too."""
    order_id = UUID(order.id)
    if Command.RESERVE in commands:
        yield ReserveInventory(
            order_id=order_id,
            user_id=UUID(order.user_id),
            lines=_lines(order),
            total_cents=order.total_cents,
            currency="EUR",
        )
    if Command.CAPTURE in commands:
        yield CapturePayment(
            order_id=order_id, user_id=UUID(order.user_id), amount_cents=order.total_cents, currency="EUR"
        )
    if Command.RELEASE in commands:
        yield ReleaseInventory(order_id=order_id)
    if Command.REFUND in commands:
        yield RefundPayment(order_id=order_id)


def _lines(order: Order) -> tuple[LineContract, ...]:
    return tuple(LineContract(**asdict(line)) for line in order.lines)
