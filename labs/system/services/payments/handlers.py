"""What payments does about orders, in both styles of saga; each handler runs in the consumer's transaction.

Refuses to call the provider. A handler records the intent (and the consumer its inbox row) and commits; a worker
makes the call afterwards. A call inside the transaction would hold a connection and row locks for as long as the
provider likes, and worse: a crash after the call rolls back the only memory of it. The event would come again, find
no trace of a charge, and charge. With the intent committed first, recovery after a crash is the normal path.
"""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.consumer import Handler
from chassis.events.contracts import (
    CapturePayment,
    Contract,
    InventoryReserved,
    OrderCancelled,
    PaymentVoided,
    RefundPayment,
)
from chassis.events.envelope import Event
from payments.announcements import announce, tell
from payments.ledger import Request, lock, open_payment, write
from payments.model import Payment, cancel


async def on_inventory_reserved(reserved: InventoryReserved, event: Event, connection: AsyncConnection) -> None:
    """Choreography: the goods are set aside, so take the money."""
    if reserved.saga == "choreography":
        await _capture(connection, event, Request(reserved.order_id, reserved.total_cents, reserved.currency))


async def on_capture(command: CapturePayment, event: Event, connection: AsyncConnection) -> None:
    """Orchestration: told to take the money; told twice, it is still taken once."""
    await _capture(connection, event, Request(command.order_id, command.amount_cents, command.currency))


async def on_order_cancelled(cancelled: OrderCancelled, event: Event, connection: AsyncConnection) -> None:
    """Choreography: give back what was taken, and take nothing from now on."""
    if cancelled.saga == "choreography":
        await _cancel(connection, event, Request(cancelled.order_id, 0, "EUR"), commanded=False)


async def on_refund(command: RefundPayment, event: Event, connection: AsyncConnection) -> None:
    """Orchestration: the same, and always answered, or the orchestrator would wait for ever."""
    await _cancel(connection, event, Request(command.order_id, 0, "EUR"), commanded=True)


async def _capture(connection: AsyncConnection, event: Event, request: Request) -> None:
    if await open_payment(connection, event, request, "PENDING", "charge") is not None:
        return  # the worker takes it from here
    # Asked before. Say again how it ended if it did; UNKNOWN is said once, its outcome follows by itself.
    payment = await lock(connection, request.order_id)
    if payment.status != "UNKNOWN":
        await announce(connection, payment, event.id)


async def _cancel(connection: AsyncConnection, event: Event, request: Request, *, commanded: bool) -> None:
    # Cancelled before it was asked for: events of one order can overtake each other. The row is a tombstone, and a
    # request to pay that comes later finds it and is not followed.
    tombstone = await open_payment(connection, event, request, "VOIDED", None)
    if tombstone is not None:
        await announce(connection, tombstone, event.id)
        return
    payment = await lock(connection, request.order_id)
    change = cancel(payment)
    if change is not None:
        payment = await write(connection, payment, change)
        if change.announce:
            await announce(connection, payment, event.id)
    elif commanded and payment.step is None:
        await _say_again(connection, event, payment)


async def _say_again(connection: AsyncConnection, event: Event, payment: Payment) -> None:
    if payment.status == "DECLINED":
        # Nothing was captured, so nothing is given back; to the sender of a refund that is the same as voided.
        await tell(connection, PaymentVoided(order_id=payment.order_id), payment.order_id, event.id)
    else:
        await announce(connection, payment, event.id)


HANDLERS: Mapping[type[Contract], Handler] = {
    InventoryReserved: on_inventory_reserved,
    OrderCancelled: on_order_cancelled,
    CapturePayment: on_capture,
    RefundPayment: on_refund,
}
