"""What every transport offers, so that services do not know which one carries their events.

Delivery is at least once: a bus may deliver twice, never silently not at all. The inbox makes twice once.

Refuses exactly-once promises: no broker can make them across the database of a consumer.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from chassis.events.envelope import Event

# Returning settles the delivery; Permanent dead-letters it; any other exception asks for another attempt.
Handler = Callable[[Event], Awaitable[None]]


class BusUnavailable(Exception):
    """The broker did not confirm: the events may or may not have arrived, so send them again."""


class Unroutable(Exception):
    """The broker has no place for the event; it was not accepted."""


class Permanent(Exception):
    """The message can never be handled; another attempt would only fail again."""


class Bus(Protocol):
    """A transport: publishes with confirmation, delivers at least once."""

    async def start(self) -> None:
        """Begin to connect, declare and consume in the background; never fails because the broker is down."""

    async def stop(self) -> None:
        """Take no more deliveries, finish those in flight, give the rest back, disconnect."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Return when the broker has confirmed all; raises BusUnavailable or Unroutable."""

    def subscribe(self, subscription: str, handler: Handler) -> None:
        """Deliver a subscription of the topology to the handler; call before start."""

    async def check(self) -> None:
        """Raise unless events can be published and are being consumed now."""

    async def dead_letters(self, subscription: str) -> int:
        """Count the dead letters of a subscription."""
        ...

    async def replay(self, subscription: str, limit: int) -> int:
        """Give up to `limit` dead letters back to their subscription, oldest first; say how many."""
        ...


def connect(url: str, *, service: str, instance: str, prefetch: int) -> Bus:
    """Choose the transport by the scheme of EVENTS_URL. Connects when started."""
    if url.startswith(("amqp://", "amqps://")):
        from chassis.events.amqp import AmqpBus

        return AmqpBus(url, service=service, instance=instance, prefetch=prefetch)
    if url.startswith(("redis://", "rediss://")):
        from chassis.events.streams import StreamsBus

        return StreamsBus(url, service=service, instance=instance, prefetch=prefetch)
    raise ValueError("EVENTS_URL must start with amqp://, amqps://, redis:// or rediss://")
