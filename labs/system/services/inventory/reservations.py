"""Reserving stock for an order, all lines or none, and giving it back. The unit of work is the caller's transaction.

Refuses to reserve twice for one order, to oversell whatever runs in parallel, and to reserve for an order that
was cancelled before it was seen. Refuses to publish: what the result means to others is for the handlers.

Locks are always taken in one order: first the order's own row, then the stock rows by sku. Two orders that want
the same two skus in opposite sequence would otherwise each hold what the other waits for: a deadlock.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

Status = Literal["RESERVED", "REJECTED", "RELEASED", "CANCELLED"]

# The insert is the test for "seen before". A SELECT first would let two deliveries of one order both see nothing;
# here the second waits for the first to commit, and then finds its row.
OPEN = text(
    "INSERT INTO reservations (order_id, status) VALUES (:order_id, :status)"
    " ON CONFLICT (order_id) DO NOTHING RETURNING order_id"
)
READ = text("SELECT status, missing FROM reservations WHERE order_id = :order_id FOR UPDATE")
REJECT = text(
    "UPDATE reservations SET status = 'REJECTED', missing = CAST(:missing AS text[]), updated_at = now()"
    " WHERE order_id = :order_id"
)
# FOR UPDATE reads the newest committed numbers after waiting, so that the decision below is about the present.
LOCK_STOCK = text(
    "SELECT sku, quantity - reserved AS available FROM stock"
    " WHERE sku = ANY(CAST(:skus AS text[])) ORDER BY sku FOR UPDATE"
)
# Conditional all the same: the update is correct by itself, also for a reader who overlooked the lock above.
TAKE = text(
    "UPDATE stock SET reserved = reserved + wanted.quantity"
    " FROM unnest(CAST(:skus AS text[]), CAST(:quantities AS bigint[])) AS wanted (sku, quantity)"
    " WHERE stock.sku = wanted.sku AND stock.quantity - stock.reserved >= wanted.quantity"
)
KEEP_LINES = text(
    "INSERT INTO reservation_lines (order_id, sku, quantity)"
    " SELECT :order_id, sku, quantity"
    " FROM unnest(CAST(:skus AS text[]), CAST(:quantities AS bigint[])) AS wanted (sku, quantity)"
)
LOCK_RESERVED = text(
    "SELECT stock.sku FROM stock JOIN reservation_lines USING (sku)"
    " WHERE order_id = :order_id ORDER BY stock.sku FOR UPDATE OF stock"
)
GIVE_BACK = text(
    "UPDATE stock SET reserved = reserved - reservation_lines.quantity FROM reservation_lines"
    " WHERE reservation_lines.order_id = :order_id AND reservation_lines.sku = stock.sku"
)
RELEASE = text("UPDATE reservations SET status = 'RELEASED', updated_at = now() WHERE order_id = :order_id")


@dataclass(frozen=True)
class Reservation:
    """Where an order stands here, and which skus could not be had if it was rejected."""

    status: Status
    missing: tuple[str, ...] = ()


def add_up(lines: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Quantities per sku, by sku: two lines of one sku are one wish, or each would fit alone and both oversell."""
    wanted: Counter[str] = Counter()
    for sku, quantity in lines:
        wanted[sku] += quantity
    return dict(sorted(wanted.items()))


async def reserve(connection: AsyncConnection, order_id: UUID, wanted: Mapping[str, int]) -> Reservation:
    """Set aside all of `wanted` or nothing; asked again for the same order, answer as the first time."""
    opened = await connection.execute(OPEN, {"order_id": order_id, "status": "RESERVED"})
    if opened.first() is None:
        return await current(connection, order_id)
    skus = sorted(wanted)
    rows = await connection.execute(LOCK_STOCK, {"skus": skus})
    available = {row.sku: row.available for row in rows}
    missing = tuple(sku for sku in skus if available.get(sku, 0) < wanted[sku])
    if missing:
        await connection.execute(REJECT, {"order_id": order_id, "missing": list(missing)})
        return Reservation("REJECTED", missing)
    lines = {"skus": skus, "quantities": [wanted[sku] for sku in skus]}
    taken = await connection.execute(TAKE, lines)
    if taken.rowcount != len(skus):
        raise RuntimeError("stock changed under its lock")  # rolls the whole reservation back
    await connection.execute(KEEP_LINES, {"order_id": order_id, **lines})
    return Reservation("RESERVED")


async def release(connection: AsyncConnection, order_id: UUID) -> bool:
    """Give back what the order holds; say whether that changed anything. An unknown order leaves a tombstone.

    Events of one order can overtake each other (two queues, retries, replays). Without the tombstone a creation
    that arrives after its cancellation would hold stock that nobody ever gives back.
    """
    opened = await connection.execute(OPEN, {"order_id": order_id, "status": "CANCELLED"})
    if opened.first() is not None:
        return True
    if (await current(connection, order_id)).status != "RESERVED":
        return False
    await connection.execute(LOCK_RESERVED, {"order_id": order_id})
    await connection.execute(GIVE_BACK, {"order_id": order_id})
    await connection.execute(RELEASE, {"order_id": order_id})
    return True


async def current(connection: AsyncConnection, order_id: UUID) -> Reservation:
    """The order's reservation, locked until the transaction ends."""
    row = (await connection.execute(READ, {"order_id": order_id})).one()
    return Reservation(row.status, tuple(row.missing))
