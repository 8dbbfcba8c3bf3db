"""Reading orders from their projections.

Refuses to answer without an owner: whoever may not read everything has their own id in the WHERE clause, so that
an order of somebody else and an order that does not exist are the same empty result.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.cursor import Position

# JSON leaves the database as text: whether a driver decodes jsonb by itself differs between versions of drivers.
_COLUMNS = (
    "id, user_id, status, reason, stock, payment, CAST(lines AS text) AS lines, total_cents, currency, version,"
    " created_at, updated_at"
)
_ONE = text(f"SELECT {_COLUMNS} FROM orders WHERE id = :id AND (CAST(:owner AS uuid) IS NULL OR user_id = :owner)")

# Keyset, not OFFSET: the index is entered where the last page ended, so page 1000 costs what page 1 costs, and an
# order placed meanwhile moves nothing.  The row comparison needs both columns: times are not unique.
_FIRST = text(f"""
    SELECT {_COLUMNS} FROM orders WHERE user_id = :user_id ORDER BY created_at DESC, id DESC LIMIT :count
""")
_NEXT = text(f"""
    SELECT {_COLUMNS} FROM orders WHERE user_id = :user_id AND (created_at, id) < (:at, :id)
    ORDER BY created_at DESC, id DESC LIMIT :count
""")
_HISTORY = text("""
    SELECT version, type, CAST(data AS text) AS data, occurred_at FROM order_events
    WHERE order_id = :id ORDER BY version
""")
_TOTALS = text("SELECT placed, confirmed, cancelled, spent_cents FROM user_order_totals WHERE user_id = :user_id")
_PRODUCTS = text("SELECT sku, name, price_cents FROM products ORDER BY sku")


async def find(connection: AsyncConnection, order_id: UUID, owner: UUID | None) -> RowMapping | None:
    """The order, if it belongs to the owner; None as owner reads any."""
    return (await connection.execute(_ONE, {"id": order_id, "owner": owner})).mappings().first()


async def page(connection: AsyncConnection, user_id: UUID, count: int, after: Position | None) -> Sequence[RowMapping]:
    """Orders of one user, newest first, behind the given position."""
    values: dict[str, object] = {"user_id": user_id, "count": count}
    if after is None:
        return (await connection.execute(_FIRST, values)).mappings().all()
    return (await connection.execute(_NEXT, values | {"at": after.created_at, "id": after.id})).mappings().all()


async def history(connection: AsyncConnection, order_id: UUID) -> Sequence[RowMapping]:
    """All events of an order: ten or so, because news that changes nothing is not recorded."""
    return (await connection.execute(_HISTORY, {"id": order_id})).mappings().all()


async def totals(connection: AsyncConnection, user_id: UUID) -> RowMapping | None:
    """The sums of one user; None before the first order."""
    return (await connection.execute(_TOTALS, {"user_id": user_id})).mappings().first()


async def products(connection: AsyncConnection) -> Sequence[RowMapping]:
    """What is sold, at today's prices."""
    return (await connection.execute(_PRODUCTS)).mappings().all()
