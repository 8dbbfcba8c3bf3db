"""Handles the events of one subscription, each once, each in one transaction.

INSERT into the inbox, the handler's own statements, COMMIT, and only then the ack: a crash anywhere in between
leads to another delivery and never to a lost event or a second effect.

Refuses to judge order: a retried event comes later than its successors, so handlers check states.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from prometheus_client import Counter, Histogram
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import context, inbox, tracing
from chassis.database import Database, DatabaseUnavailable
from chassis.events.bus import Bus, Permanent
from chassis.events.contracts import CONTRACTS, Contract
from chassis.events.envelope import Event, Undecodable, read
from chassis.metrics import registry

__all__ = ["Consumer", "Handler", "Permanent", "Receiver", "patiently"]

logger = logging.getLogger(__name__)

# Any, because a handler of one contract is not a handler of all of them, and the mapping's key says which it is.
Handler = Callable[[Any, Event, AsyncConnection], Awaitable[None]]
T = TypeVar("T")

_handled = Counter(
    "events_handled", "Deliveries by how they ended.", ("subscription", "type", "outcome"), registry=registry
)
_seconds = Histogram("event_handling_seconds", "Time in one handling.", ("subscription", "type"), registry=registry)


class Receiver(ABC):
    """What surrounds any handling: correlation, span, log fields, measurements, and the contract that is read.

    Types without a contract here are acknowledged and forgotten.
    """

    def __init__(self, bus: Bus, subscription: str, contracts: Iterable[type[Contract]]) -> None:
        self._subscription = subscription
        self._contracts = {contract.type: contract for contract in contracts}
        bus.subscribe(subscription, self.handle)

    @abstractmethod
    async def receive(self, data: Any, event: Event) -> str:
        """Do what the event asks for; "handled" or "duplicate". Raises to try again or to give up."""

    async def handle(self, event: Event) -> None:
        """Handle one delivery; returns to acknowledge, raises to try again or to give up."""
        if event.type not in self._contracts:
            self._count(event, "ignored")
            return
        parent = tracing.extract({"traceparent": event.traceparent or ""})
        attributes = {"messaging.destination.name": self._subscription, "messaging.message.id": str(event.id)}
        with tracing.span(f"{event.type} process", kind="consumer", attributes=attributes, parent=parent):
            context.bind_log(event_type=event.type)  # that it has arrived, and when
        with context.bind(event.correlation_id), _seconds.labels(self._subscription, event.type).time():
            context.bind_log(event_id=str(event.id), event_type=event.type, subscription=self._subscription)
            try:
                self._count(event, await self.receive(self._read(event), event))
            except Permanent:
                self._count(event, "refused")
                raise
            except Exception:
                self._count(event, "failed")
                raise

    def _read(self, event: Event) -> Contract:
        try:
            return read(event, self._contracts[event.type])
        except Undecodable as error:
            raise Permanent(f"{event.type} v{event.version}: {error}") from error

    def _count(self, event: Event, outcome: str) -> None:
        # A label must not be whatever somebody writes into a message: each value is a series for ever.
        kind = event.type if event.type in CONTRACTS else "unknown"
        _handled.labels(self._subscription, kind, outcome).inc()


class Consumer(Receiver):
    """Connects a subscription to its handlers, one transaction around each."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        subscription: str,
        handlers: Mapping[type[Contract], Handler],
        *,
        timeout: float = 10,
    ) -> None:
        super().__init__(bus, subscription, handlers)
        self._database = database
        self._handlers = {contract.type: handler for contract, handler in handlers.items()}
        self._timeout = timeout

    async def receive(self, data: Any, event: Event) -> str:
        """Let the handler do its part, unless it has done so before."""
        return await patiently(self._database, lambda: self._once(data, event), timeout=self._timeout)

    async def _once(self, data: Any, event: Event) -> str:
        async with self._database.transaction() as connection:
            if not await inbox.first_time(connection, self._subscription, event.id):
                return "duplicate"
            await self._handlers[event.type](data, event, connection)
        return "handled"


async def patiently(database: Database, action: Callable[[], Awaitable[T]], *, timeout: float = 10) -> T:
    """Do it in the background's share of the pool, and wait while the database is away.

    That is no fault of the event at hand, so it costs it no attempt.
    """
    pause = 0.1
    while True:
        try:
            async with database.background, asyncio.timeout(timeout):
                return await action()
        except DatabaseUnavailable:
            logger.warning("the database is away; the event waits")
        await asyncio.sleep(pause)
        pause = min(pause * 2, 2.0)
