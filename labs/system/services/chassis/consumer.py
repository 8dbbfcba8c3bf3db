"""Handles the events of one subscription, each once, each in one transaction.

INSERT into the inbox, the handler's own statements, COMMIT, and only then the ack: a crash anywhere in between
leads to another delivery and never to a lost event or a second effect.

Refuses to judge order: a retried event comes later than its successors, so handlers check states.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from prometheus_client import Counter, Histogram
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import context, inbox, tracing
from chassis.database import Database, DatabaseUnavailable
from chassis.events.bus import Bus, Permanent
from chassis.events.contracts import Contract
from chassis.events.envelope import Event, Undecodable, read
from chassis.metrics import registry

__all__ = ["Consumer", "Handler", "Permanent"]

logger = logging.getLogger(__name__)

# Any, because a handler of one contract is not a handler of all of them, and the mapping's key says which it is.
Handler = Callable[[Any, Event, AsyncConnection], Awaitable[None]]

_handled = Counter(
    "events_handled", "Deliveries by how they ended.", ("subscription", "type", "outcome"), registry=registry
)
_seconds = Histogram("event_handling_seconds", "Time in one handling.", ("subscription", "type"), registry=registry)


class Consumer:
    """Connects a subscription to its handlers; types without a handler are acknowledged and forgotten."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        subscription: str,
        handlers: Mapping[type[Contract], Handler],
        *,
        timeout: float = 10,
    ) -> None:
        self._database = database
        self._subscription = subscription
        self._handlers = {contract.type: (contract, handler) for contract, handler in handlers.items()}
        self._timeout = timeout
        bus.subscribe(subscription, self.handle)

    async def handle(self, event: Event) -> None:
        """Handle one delivery; returns to acknowledge, raises to try again or to give up."""
        if event.type not in self._handlers:
            self._count(event, "ignored")
            return
        parent = tracing.extract({"traceparent": event.traceparent or ""})
        attributes = {"messaging.destination.name": self._subscription, "messaging.message.id": str(event.id)}
        with (
            context.bind(event.correlation_id),
            tracing.span(f"{event.type} process", kind="consumer", attributes=attributes, parent=parent),
            _seconds.labels(self._subscription, event.type).time(),
        ):
            context.bind_log(event_id=str(event.id), event_type=event.type, subscription=self._subscription)
            try:
                self._count(event, await self._until_available(event))
            except Permanent:
                self._count(event, "refused")
                raise
            except Exception:
                self._count(event, "failed")
                raise

    async def _until_available(self, event: Event) -> str:
        """Wait while the database is away: that is no fault of the event, so it costs it no attempt."""
        pause = 0.1
        while True:
            try:
                async with self._database.background, asyncio.timeout(self._timeout):
                    return await self._once(event)
            except DatabaseUnavailable:
                logger.warning("the database is away; the event waits")
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    async def _once(self, event: Event) -> str:
        contract, handler = self._handlers[event.type]
        try:
            data = read(event, contract)
        except Undecodable as error:
            raise Permanent(f"{event.type} v{event.version}: {error}") from error
        async with self._database.transaction() as connection:
            if not await inbox.first_time(connection, self._subscription, event.id):
                return "duplicate"
            await handler(data, event, connection)
        return "handled"

    def _count(self, event: Event, outcome: str) -> None:
        _handled.labels(self._subscription, event.type, outcome).inc()
