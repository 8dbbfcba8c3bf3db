"""The history of an order and what is derived from it, in PostgreSQL.

Refuses to write an event without its projections: one statement appends, projects, moves the saga and adds up, so
that no reader ever sees one without the other and a change costs one round trip.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import context
from orders.model import Kind, Order, OrderEvent, Status, fold
from orders.steps import commands, step

_HISTORY = text("SELECT type, CAST(data AS text) AS data FROM order_events WHERE order_id = :id ORDER BY version")

# The update comes first and everything else is fed by the row it returns.  When somebody else was faster it returns
# none, nothing is written, and the transaction is still good for another look.  The primary key of order_events says
# the same thing once more, for writers that do not come this way.
_ADVANCE = text("""
    WITH moved AS (
        UPDATE orders
        SET status = :status, reason = :reason, stock = :stock, payment = :payment, payment_id = :payment_id,
            version = :version, updated_at = CAST(:now AS timestamptz)
        WHERE id = :id AND version = CAST(:seen AS integer)
        RETURNING id, user_id
    ), appended AS (
        INSERT INTO order_events (order_id, version, type, data, occurred_at, correlation_id, cause)
        SELECT moved.id, CAST(:seen AS integer) + e.nth, e.value ->> 'type', e.value -> 'data',
               CAST(:now AS timestamptz), :correlation_id, :cause
        FROM moved, jsonb_array_elements(CAST(:events AS jsonb)) WITH ORDINALITY AS e (value, nth)
    ), added AS (
        UPDATE user_order_totals AS total
        SET confirmed = confirmed + :confirmed, cancelled = cancelled + :cancelled, spent_cents = spent_cents + :spent
        FROM moved WHERE total.user_id = moved.user_id
    )
    UPDATE sagas
    SET step = CAST(:step AS text), attempts = 0,
        finished_at = CASE WHEN CAST(:step AS text) = 'done' THEN now() END,
        due_at = CASE WHEN :pending THEN least(deadline_at, now() + :pause) ELSE now() + :pause END
    FROM moved WHERE sagas.order_id = moved.id
    RETURNING extract(epoch FROM now() - started_at)::float8 AS age
""")


@dataclass(frozen=True)
class Totals:
    """What a change adds to the sums of its customer."""

    confirmed: int = 0
    cancelled: int = 0
    spent_cents: int = 0


def totals(before: Status, after: Order) -> Totals:
    """Confirmed and spent count orders that are confirmed now; one that is cancelled later is taken off again."""
    was, now = before is Status.CONFIRMED, after.status is Status.CONFIRMED
    gone = before is not Status.CANCELLED and after.status is Status.CANCELLED
    sign = int(now) - int(was)
    return Totals(confirmed=sign, cancelled=int(gone), spent_cents=sign * after.total_cents)


def encoded(events: Sequence[OrderEvent]) -> str:
    """Events as the JSON that the statements unpack."""
    return json.dumps([{"type": event.kind.value, "data": dict(event.data)} for event in events])


def lines_json(order: Order) -> str:
    """The lines as they are stored and shown."""
    return json.dumps([asdict(line) for line in order.lines])


async def load(connection: AsyncConnection, order_id: UUID) -> Order | None:
    """The order by its history.  Writers decide on the truth, never on a projection of it."""
    rows = await connection.execute(_HISTORY, {"id": order_id})
    return fold(str(order_id), [OrderEvent(Kind(row.type), json.loads(row.data)) for row in rows])


async def advance(
    connection: AsyncConnection,
    before: Order,
    after: Order,
    events: Sequence[OrderEvent],
    *,
    now: datetime,
    cause: UUID | None,
    pause: timedelta,
) -> float | None:
    """Append and project; the age of the saga in seconds, or None when the order has moved since it was read."""
    # Where nothing can be asked again there is nothing to be due for, except the deadline of a pending order.
    wait = pause if commands(after) else None
    change = totals(before.status, after)
    result = await connection.execute(
        _ADVANCE,
        {
            "id": UUID(after.id),
            "seen": before.version,
            "version": after.version,
            "status": after.status.value,
            "reason": after.reason.value if after.reason else None,
            "stock": after.stock.value,
            "payment": after.payment.value,
            "payment_id": after.payment_id,
            "now": now,
            "events": encoded(events),
            "correlation_id": context.correlation_id(),
            "cause": cause,
            "confirmed": change.confirmed,
            "cancelled": change.cancelled,
            "spent": change.spent_cents,
            "step": step(after).value,
            "pending": after.status is Status.PENDING,
            "pause": wait,
        },
    )
    age: float | None = result.scalar_one_or_none()
    return age
