"""What inventory does about orders, in both styles of saga; each handler runs in the consumer's transaction.

Refuses to decide which style is used: each order says so. Events with `saga: orchestration` are left to the commands
that follow, so one inventory serves both kinds of order at once and switching never catches an order half-way.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import outbox
from chassis.consumer import Handler
from chassis.events.contracts import (
    Contract,
    InventoryRejected,
    InventoryReleased,
    InventoryReserved,
    OrderCancelled,
    OrderCreated,
    ReleaseInventory,
    ReserveInventory,
    Saga,
)
from chassis.events.envelope import Event, new_event
from inventory.reservations import add_up, release, reserve

NAME = "inventory"


async def on_order_created(created: OrderCreated, event: Event, connection: AsyncConnection) -> None:
    """Choreography: the order itself is the sign to reserve."""
    if created.saga == "choreography":
        await _reserve(connection, event, created, "choreography")


async def on_reserve(command: ReserveInventory, event: Event, connection: AsyncConnection) -> None:
    """Orchestration: told to reserve. Told twice (the orchestrator re-sends when it hears nothing), answer twice."""
    await _reserve(connection, event, command, "orchestration")


async def on_order_cancelled(cancelled: OrderCancelled, event: Event, connection: AsyncConnection) -> None:
    """Choreography: compensate, and tell of it only when there was something to compensate or to prevent."""
    if cancelled.saga == "choreography" and await release(connection, cancelled.order_id):
        await _tell(connection, event, cancelled.order_id, InventoryReleased(order_id=cancelled.order_id))


async def on_release(command: ReleaseInventory, event: Event, connection: AsyncConnection) -> None:
    """Orchestration: told to compensate. A command is always answered, or its sender would wait for ever."""
    await release(connection, command.order_id)
    await _tell(connection, event, command.order_id, InventoryReleased(order_id=command.order_id))


async def _reserve(
    connection: AsyncConnection, event: Event, order: OrderCreated | ReserveInventory, saga: Saga
) -> None:
    wanted = add_up((line.sku, line.quantity) for line in order.lines)
    reservation = await reserve(connection, order.order_id, wanted)
    if reservation.status == "RESERVED":
        answer: Contract = InventoryReserved(
            order_id=order.order_id,
            user_id=order.user_id,
            total_cents=order.total_cents,
            currency=order.currency,
            saga=saga,
        )
    elif reservation.status == "REJECTED":
        answer = InventoryRejected(order_id=order.order_id, missing=reservation.missing, saga=saga)
    else:
        return  # cancelled before or since: whoever cancelled has been told, and nobody waits for a reservation
    await _tell(connection, event, order.order_id, answer)


async def _tell(connection: AsyncConnection, cause: Event, order_id: UUID, answer: Contract) -> None:
    await outbox.add(connection, new_event(answer, subject=str(order_id), producer=NAME, cause=cause))


HANDLERS: Mapping[type[Contract], Handler] = {
    OrderCreated: on_order_created,
    OrderCancelled: on_order_cancelled,
    ReserveInventory: on_reserve,
    ReleaseInventory: on_release,
}
