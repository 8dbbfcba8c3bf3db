"""What no message triggers: steps that got no reply, orders past their deadline, keys past their day.

Refuses to hold a lock while it asks another service, and to do the same saga twice at a time: rows are taken by a
short UPDATE over FOR UPDATE SKIP LOCKED that moves their due time, so several instances share the work, and what a
crashed one had taken is due again when the lease ends.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis import context, outbox
from chassis.database import Database, DatabaseUnavailable
from chassis.events.envelope import new_event
from orders import changes, messages, metrics, store
from orders.decisions import cancelled
from orders.model import Order, OrderEvent, Reason, Saga, Status
from orders.pace import Pace
from orders.payments import Payments, Silent
from orders.placing import KEYS_LIVE
from orders.steps import Step, commands

_LEASE = timedelta(seconds=30)
_TICK = 1.0
_CLEANUP_EVERY = 60.0
# As many as can be handled one after the other within the lease, even if payments lets each question time out.
_BATCH = 10

_TAKE = text("""
    UPDATE sagas SET due_at = now() + CAST(:lease AS interval)
    WHERE order_id IN (
        SELECT order_id FROM sagas WHERE finished_at IS NULL AND due_at <= now()
        ORDER BY due_at LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    RETURNING order_id, deadline_at <= now() AS overdue, now() - deadline_at AS late,
              (SELECT correlation_id FROM order_events AS e WHERE e.order_id = sagas.order_id AND version = 1)
                  AS correlation_id
""")
# Changes update this row too, so from here to COMMIT the order stands still: what is sent again fits its state, and
# is in the outbox before anything a later change sends.
_HOLD = text("SELECT attempts FROM sagas WHERE order_id = :id AND finished_at IS NULL FOR UPDATE")
_LATER = text("""
    UPDATE sagas SET attempts = attempts + 1,
        due_at = CASE WHEN :pending THEN least(deadline_at, now() + CAST(:pause AS interval))
                      ELSE now() + CAST(:pause AS interval) END
    WHERE order_id = :id
""")
_OPEN = text("SELECT mode, step, count(*) AS number FROM sagas WHERE finished_at IS NULL GROUP BY mode, step")
_EXPIRE = text("""
    DELETE FROM idempotency_keys WHERE (user_id, key) IN (
        SELECT user_id, key FROM idempotency_keys WHERE created_at < now() - CAST(:keys_live AS interval)
        ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    )
""")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Due:
    """A saga that this instance has taken."""

    order_id: UUID
    overdue: bool
    late: timedelta
    correlation_id: str


class Sweeper:
    """Looks once a second for what is due."""

    def __init__(self, database: Database, payments: Payments, pace: Pace) -> None:
        self._database = database
        self._payments = payments
        self._pace = pace
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop; a saga that was being handled is due again after its lease."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        cleaned = float("-inf")
        while True:
            handled = 0
            try:
                handled = await self.sweep()
                if clock() - cleaned > _CLEANUP_EVERY:
                    await self.expire_keys()
                    cleaned = clock()
            except DatabaseUnavailable:
                logger.warning("the database is away; sagas wait")
            except Exception:  # whatever it was, the next second needs a sweeper too
                logger.exception("sweeping failed")
            if handled < _BATCH:
                await asyncio.sleep(_TICK)

    async def sweep(self) -> int:
        """Handle those that have been due longest; how many sagas that was."""
        async with self._database.transaction() as connection:
            rows = await connection.execute(_TAKE, {"lease": _LEASE, "batch": _BATCH})
            due = [Due(**row) for row in rows.mappings()]
            counts = (await connection.execute(_OPEN)).all()
        _show(counts)
        for saga in due:
            with context.bind(saga.correlation_id):
                await self._attempt(saga)
        return len(due)

    async def _attempt(self, due: Due) -> None:
        """Handle one; what goes wrong with it costs it a lease, and the others nothing."""
        about = {"order_id": str(due.order_id)}
        try:
            await self._handle(due)
        except DatabaseUnavailable:
            raise
        except changes.WrongAmount:
            logger.error("payments captured another amount", extra=about)
        except changes.Contended:
            logger.info("the order is busy; due again later", extra=about)
        except Exception:
            logger.exception("a saga could not be handled", extra=about)

    async def expire_keys(self) -> None:
        """Delete keys of yesterday, a thousand at a time: a long DELETE would hold its locks for as long."""
        async with self._database.transaction() as connection:
            await connection.execute(_EXPIRE, {"keys_live": KEYS_LIVE})

    async def _handle(self, due: Due) -> None:
        async with self._database.transaction() as connection:
            order = await store.load(connection, due.order_id)
        assert order is not None  # the saga was written with it
        if due.overdue and order.status is Status.PENDING:
            await self._settle(due)
        else:
            await self._ask_again(due)

    async def _settle(self, due: Due) -> None:
        """The deadline rule: a timeout is not a decline, so ask first.

        Captured confirms, declined cancels.  Everything else cancels as timed out, and the cancellation reaches
        payments as a durable message: what it learns later it refunds or voids.  While payments cannot even be
        asked, the order waits up to as long again, and then its customer gets an answer all the same.
        """
        try:
            learnt = await self._payments.outcome(due.order_id)
        except Silent:
            if due.late < self._pace.deadline:
                logger.warning("payments cannot be asked about an overdue order", extra={"order_id": str(due.order_id)})
                return
            learnt = None
        news: list[OrderEvent] = [learnt] if learnt else []
        async with self._database.transaction() as connection:
            # The wish to cancel comes last and finds nothing to do when the outcome has settled the order.
            for one in (*news, cancelled(Reason.TIMED_OUT)):
                await changes.apply(connection, due.order_id, one, self._pace)

    async def _ask_again(self, due: Due) -> None:
        """Send the commands of the present step once more.  Their receivers answer a repeat as the first time."""
        async with self._database.transaction() as connection:
            saga = (await connection.execute(_HOLD, {"id": due.order_id})).first()
            order = await store.load(connection, due.order_id) if saga else None
            if saga is None or order is None:
                return
            wanted = commands(order)
            for contract in messages.requests(order, wanted):
                await outbox.add(connection, new_event(contract, subject=order.id, producer=changes.NAME))
            pause = self._pace.pause(saga.attempts + 1) if wanted else None
            pending = order.status is Status.PENDING
            await connection.execute(_LATER, {"id": due.order_id, "pending": pending, "pause": pause})
        metrics.saga_repeats.inc(len(wanted))
        _log_repeat(order)


def _log_repeat(order: Order) -> None:
    logger.info("no reply yet; asked again", extra={"order_id": order.id, "status": order.status.value})


def _show(counts: Any) -> None:
    """All combinations, so that a step that has become empty shows 0 and not its last number."""
    numbers = {(row.mode, row.step): row.number for row in counts}
    for mode in Saga:
        for step in (Step.RESERVING, Step.CHARGING, Step.COMPENSATING):
            metrics.sagas_open.labels(mode.value, step.value).set(numbers.get((mode.value, step.value), 0))
