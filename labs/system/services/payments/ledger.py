"""The payments table: intents, cancellations, outcomes. The unit of work is the caller's transaction.

Refuses to call the provider, and to decide: what a fact changes is the model's business; here it is made to stick.
"""

from dataclasses import dataclass, fields
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.events.envelope import Event
from payments.model import Change, Payment, Status, Step

FIELDS = tuple(field.name for field in fields(Payment))
COLUMNS = ", ".join(FIELDS)
# The insert is the test for "seen before": of two deliveries at once the second waits here for the first.
OPEN = text(
    "INSERT INTO payments (order_id, amount_cents, currency, status, step, correlation_id, causation_id, traceparent)"
    " VALUES (:order_id, :amount_cents, :currency, :status, :step, :correlation_id, :causation_id, :traceparent)"
    f" ON CONFLICT (order_id) DO NOTHING RETURNING {COLUMNS}"
)
FIND = text(f"SELECT {COLUMNS} FROM payments WHERE order_id = :order_id")
LOCK = text(f"SELECT {COLUMNS} FROM payments WHERE order_id = :order_id FOR UPDATE")
WRITE = text(
    "UPDATE payments SET status = :status, step = :step, decline_reason = coalesce(:reason, decline_reason),"
    " due_at = clock_timestamp() + make_interval(secs => :delay), updated_at = now() WHERE order_id = :order_id"
    f" RETURNING {COLUMNS}"
)


@dataclass(frozen=True)
class Request:
    """What is to be paid for which order."""

    order_id: UUID
    amount_cents: int
    currency: str


async def open_payment(
    connection: AsyncConnection, event: Event, request: Request, status: Status, step: Step | None
) -> Payment | None:
    """A new row for the order, or None when it has one already.

    The event's ids and trace are kept with it: the charge happens later, on behalf of the same request.
    """
    values = {
        "order_id": request.order_id,
        "amount_cents": request.amount_cents,
        "currency": request.currency,
        "status": status,
        "step": step,
        "correlation_id": event.correlation_id,
        "causation_id": event.id,
        "traceparent": event.traceparent,
    }
    row = (await connection.execute(OPEN, values)).first()
    return None if row is None else _payment(row)


async def find(connection: AsyncConnection, order_id: UUID) -> Payment | None:
    """The order's payment as last committed."""
    row = (await connection.execute(FIND, {"order_id": order_id})).first()
    return None if row is None else _payment(row)


async def lock(connection: AsyncConnection, order_id: UUID) -> Payment:
    """The order's payment, which must exist, held until the transaction ends."""
    return _payment((await connection.execute(LOCK, {"order_id": order_id})).one())


async def write(
    connection: AsyncConnection, payment: Payment, change: Change, *, delay: float = 0, reason: str | None = None
) -> Payment:
    """Put `change` on the locked row, its step due after `delay` seconds."""
    values = {
        "order_id": payment.order_id,
        "status": change.status,
        "step": change.step,
        "delay": delay,
        "reason": reason,
    }
    return _payment((await connection.execute(WRITE, values)).one())


def _payment(row: Row[tuple[object, ...]]) -> Payment:
    return Payment(**{name: row._mapping[name] for name in FIELDS})
