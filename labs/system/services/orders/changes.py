"""One piece of news meets one order: decide, append, project, tell the others.  All in the caller's transaction.

Refuses to send anything outside of that transaction, and to guess: news about an order nobody placed is an error,
and money that does not match the order is one too.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial, reduce
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import outbox
from chassis.events.envelope import Event, new_event
from orders import messages, metrics, store
from orders.decisions import decide
from orders.model import Kind, Order, OrderEvent, evolve
from orders.pace import Pace
from orders.steps import Step, commands, step

NAME = "orders"
_ATTEMPTS = 5
logger = logging.getLogger(__name__)


class UnknownOrder(Exception):
    """News about an order that was never placed here."""


class WrongAmount(Exception):
    """Payments captured something else than the order costs."""


class Contended(Exception):
    """Others kept changing the order while this change was tried."""


async def apply(
    connection: AsyncConnection, order_id: UUID, news: OrderEvent, pace: Pace, *, cause: Event | None = None
) -> Order:
    """The order after the news; unchanged when the news is old or out of place.

    The row is not locked while deciding.  Who loses the race on the version reads again and decides again, on
    what is then true: a cancellation and a capture that meet end the same way whoever commits first.
    """
    for _ in range(_ATTEMPTS):
        before = await store.load(connection, order_id)
        if before is None:
            raise UnknownOrder(str(order_id))
        _check_amount(before, news)
        events = decide(before, news)
        if not events:
            logger.info("news without effect", extra={"order_id": str(order_id), "news": news.kind.value})
            return before
        after = reduce(evolve, events, before)
        age = await store.advance(
            connection,
            before,
            after,
            events,
            now=datetime.now(UTC),
            cause=cause.id if cause else None,
            pause=pace.pause(0),
        )
        if age is not None:
            await _announce(connection, before, after, events, cause)
            metrics.after_commit(connection, partial(_count, before, after, events, age))
            return after
    raise Contended(str(order_id))


def _check_amount(order: Order, news: OrderEvent) -> None:
    if news.kind is Kind.PAYMENT_CAPTURED and news.data["amount_cents"] != order.total_cents:
        raise WrongAmount(order.id)


async def _announce(
    connection: AsyncConnection, before: Order, after: Order, events: Sequence[OrderEvent], cause: Event | None
) -> None:
    """Facts for everybody, and the commands that this change made necessary and no earlier one did."""
    for contract in (*messages.facts(after, events), *messages.requests(after, commands(after) - commands(before))):
        await outbox.add(connection, new_event(contract, subject=after.id, producer=NAME, cause=cause))


def _count(before: Order, after: Order, events: Sequence[OrderEvent], age: float) -> None:
    for event in events:
        if event.kind is Kind.CONFIRMED:
            metrics.orders.labels("confirmed").inc()
        elif event.kind is Kind.CANCELLED:
            metrics.orders.labels(event.data["reason"]).inc()
    # Only the change that ends it: news that finds the saga done (a void of what was never charged) ends nothing.
    if step(after) is Step.DONE and step(before) is not Step.DONE:
        metrics.saga_duration.labels(after.saga.value, after.status.value.lower()).observe(age)
