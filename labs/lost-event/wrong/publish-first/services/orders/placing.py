"""Placing an order: key, order, event, saga, sums and the response for repeats, in one transaction; then the broker.

Refuses to make two orders of one key, whatever runs in parallel, and prices that are not its own.

Publishing comes before the commit, so that no order is stored that nobody hears of.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import context
from chassis.database import Database
from chassis.events.bus import Bus, BusUnavailable, Unroutable
from chassis.events.envelope import Event, new_event
from chassis.problems import Problem
from orders import messages
from orders.changes import NAME
from orders.model import Kind, Order, OrderEvent, Saga, placed
from orders.pace import Pace
from orders.steps import commands, step
from orders.store import encoded, lines_json
from orders.views import as_json, order_view

CURRENCY = "EUR"
KEYS_LIVE = timedelta(hours=24)
_PATIENCE = "2s"
_LOCK_NOT_AVAILABLE = "55P03"

# The insert is the check.  Two requests with one key that run at the same time meet in the unique index: the second
# waits there until the first commits (and then finds its response) or rolls back (and then goes ahead itself).
# It waits for two seconds and not for ever, because a waiting request holds a connection of the pool; after that
# the answer is 409 and the client asks again.  A key older than a day is taken over as if it were new.
_CLAIM = text("""
    WITH patience AS MATERIALIZED (
        SELECT set_config('lock_timeout', :patience, true) AS lock_timeout
    ), claimed AS (
        INSERT INTO idempotency_keys (user_id, key, fingerprint)
        SELECT :user_id, :key, :fingerprint FROM patience WHERE lock_timeout IS NOT NULL
        ON CONFLICT (user_id, key) DO UPDATE
        SET fingerprint = excluded.fingerprint, order_id = NULL, response = NULL, created_at = now()
        WHERE idempotency_keys.created_at < now() - CAST(:keys_live AS interval)
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM claimed) AS mine,
           (SELECT CAST(json_object_agg(sku, price_cents) AS text) FROM products
            WHERE sku = ANY(CAST(:skus AS text[]))) AS prices
""")

# A statement of its own: it sees what the transaction that we waited for has committed.  Always by user AND key.
_STORED = text("SELECT fingerprint, order_id, response FROM idempotency_keys WHERE user_id = :user_id AND key = :key")

_WRITE = text("""
    WITH placed AS (
        INSERT INTO orders (id, user_id, status, stock, payment, total_cents, currency, saga, lines, version,
                            created_at, updated_at)
        VALUES (CAST(:id AS uuid), CAST(:user_id AS uuid), :status, :stock, :payment, CAST(:total AS bigint), :currency,
                CAST(:saga AS text), CAST(:lines AS jsonb), 1, CAST(:now AS timestamptz), CAST(:now AS timestamptz))
    ), appended AS (
        INSERT INTO order_events (order_id, version, type, data, occurred_at, correlation_id)
        SELECT CAST(:id AS uuid), 1, value ->> 'type', value -> 'data', CAST(:now AS timestamptz), :correlation_id
        FROM jsonb_array_elements(CAST(:events AS jsonb))
    ), led AS (
        INSERT INTO sagas (order_id, mode, step, started_at, deadline_at, due_at)
        VALUES (CAST(:id AS uuid), CAST(:saga AS text), :step, now(), now() + CAST(:deadline AS interval),
                now() + least(CAST(:deadline AS interval), CAST(:pause AS interval)))
    ), answered AS (
        UPDATE idempotency_keys SET order_id = CAST(:id AS uuid), response = :response
        WHERE user_id = CAST(:user_id AS uuid) AND key = :key
    )
    INSERT INTO user_order_totals AS total (user_id, placed, confirmed, cancelled, spent_cents)
    VALUES (CAST(:user_id AS uuid), 1, 0, 0, 0)
    ON CONFLICT (user_id) DO UPDATE SET placed = total.placed + 1
""")


@dataclass(frozen=True)
class Wish:
    """What a customer asks for: quantities by sku.  No prices, no owner, no state."""

    user_id: UUID
    key: str
    quantities: Mapping[str, int]

    @property
    def fingerprint(self) -> bytes:
        """Equal for requests that mean the same, whatever their spacing or the sequence of their lines."""
        return hashlib.sha256(json.dumps(sorted(self.quantities.items())).encode()).digest()


@dataclass(frozen=True)
class Placed:
    """The response to send, and whether it is a repeat of an earlier one."""

    order_id: str
    body: str
    replayed: bool


def add_up(lines: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Quantities per sku: two lines of one product are one wish."""
    quantities: Counter[str] = Counter()
    for sku, quantity in lines:
        quantities[sku] += quantity
    return dict(quantities)


async def place(database: Database, bus: Bus, wish: Wish, saga: Saga, pace: Pace) -> Placed:
    """Place the order, or give the stored response of the order that this key has placed already."""
    events: list[Event] = []
    try:
        async with database.transaction() as connection:
            result = await _place(connection, wish, saga, pace, events)
            await bus.publish(events)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise _busy() from error
        raise
    except (BusUnavailable, Unroutable) as error:
        raise Problem(503, "Service Unavailable", headers={"Retry-After": "2"}) from error
    return result


async def _place(connection: AsyncConnection, wish: Wish, saga: Saga, pace: Pace, events: list[Event]) -> Placed:
    claim = (
        await connection.execute(
            _CLAIM,
            {
                "patience": _PATIENCE,
                "user_id": wish.user_id,
                "key": wish.key,
                "fingerprint": wish.fingerprint,
                "keys_live": KEYS_LIVE,
                "skus": list(wish.quantities),
            },
        )
    ).one()
    if not claim.mine:
        return await _repeat(connection, wish)
    now = datetime.now(UTC)
    event = _event(wish, json.loads(claim.prices or "{}"), saga)
    order = placed(str(uuid4()), event)
    body = as_json(order_view(order, now))
    await _write(connection, wish, order, event, body, now, pace)
    for contract in (*messages.facts(order, (event,)), *messages.requests(order, commands(order))):
        events.append(new_event(contract, subject=order.id, producer=NAME))
    return Placed(order.id, body, replayed=False)


async def _repeat(connection: AsyncConnection, wish: Wish) -> Placed:
    stored = (await connection.execute(_STORED, {"user_id": wish.user_id, "key": wish.key})).first()
    if stored is None:  # it has just expired and been deleted; the next attempt will find the key free
        raise _busy()
    if stored.fingerprint != wish.fingerprint:
        raise Problem(
            422,
            "Idempotency-Key reused",
            type="https://shop.test/problems/idempotency-key-reused",
            detail="This key has been used with another body. A new order needs a new key.",
        )
    return Placed(str(stored.order_id), stored.response, replayed=True)


def _event(wish: Wish, prices: Mapping[str, int], saga: Saga) -> OrderEvent:
    """The first event, with the prices of this moment: later changes of a price do not touch the order."""
    unknown = sorted(wish.quantities.keys() - prices.keys())
    if unknown:  # rolls back, and with it the key: nothing has happened under it
        raise Problem(
            422,
            "Unknown product",
            type="https://shop.test/problems/unknown-product",
            detail="The order names products that are not sold here.",
            skus=unknown,
        )
    lines: list[dict[str, Any]] = [
        {"sku": sku, "quantity": quantity, "unit_price_cents": prices[sku]} for sku, quantity in wish.quantities.items()
    ]
    return OrderEvent(
        Kind.PLACED,
        {
            "user_id": str(wish.user_id),
            "lines": lines,
            "total_cents": sum(line["quantity"] * line["unit_price_cents"] for line in lines),
            "currency": CURRENCY,
            "saga": saga.value,
        },
    )


async def _write(
    connection: AsyncConnection, wish: Wish, order: Order, event: OrderEvent, body: str, now: datetime, pace: Pace
) -> None:
    await connection.execute(
        _WRITE,
        {
            "id": UUID(order.id),
            "user_id": wish.user_id,
            "key": wish.key,
            "status": order.status.value,
            "stock": order.stock.value,
            "payment": order.payment.value,
            "total": order.total_cents,
            "currency": order.currency,
            "saga": order.saga.value,
            "lines": lines_json(order),
            "now": now,
            "correlation_id": context.correlation_id(),
            "events": encoded((event,)),
            "step": step(order).value,
            "deadline": pace.deadline,
            "pause": pace.pause(0) if commands(order) else None,
            "response": body,
        },
    )


def _busy() -> Problem:
    return Problem(
        409,
        "Request in progress",
        type="https://shop.test/problems/request-in-progress",
        detail="A request with this Idempotency-Key is being handled. Ask again for its response.",
        headers={"Retry-After": "1"},
    )
