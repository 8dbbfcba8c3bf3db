"""Orders as clients see them.  Pure.

Refuses to show what is nobody's business outside: which message caused what, who leads the saga.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from orders.model import Order

View = dict[str, Any]


def as_json(view: View) -> str:
    """Compact JSON.  Views hold plain values only, so there is nothing to validate on the way out."""
    return json.dumps(view, separators=(",", ":"))


def order_view(order: Order, now: datetime) -> View:
    """An order that was placed at this moment."""
    return {
        "id": order.id,
        "user_id": order.user_id,
        "status": order.status.value,
        "reason": order.reason.value if order.reason else None,
        "lines": [asdict(line) for line in order.lines],
        "total_cents": order.total_cents,
        "currency": order.currency,
        "version": order.version,
        "created_at": now.isoformat(),
        "updated_at": now.isoformat(),
    }


def row_view(row: RowMapping) -> View:
    """A row of the projection, in the same shape."""
    return {
        "id": str(row["id"]),
        "user_id": str(row["user_id"]),
        "status": row["status"],
        "reason": row["reason"],
        "lines": json.loads(row["lines"]),
        "total_cents": row["total_cents"],
        "currency": row["currency"],
        "version": row["version"],
        "created_at": row["created_at"].isoformat(),
        "updated_at": row["updated_at"].isoformat(),
    }


def status_view(row: RowMapping) -> View:
    """Where the order stands, with what is known from each side: short, because it is polled."""
    return {
        "id": str(row["id"]),
        "status": row["status"],
        "reason": row["reason"],
        "stock": row["stock"],
        "payment": row["payment"],
        "updated_at": row["updated_at"].isoformat(),
    }
