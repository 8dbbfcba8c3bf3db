"""Events and handlers for tests. Refuses events without a contract."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from chassis.events.contracts import InventoryReleased
from chassis.events.envelope import Event, new_event

# The subscription that most tests use, and an event that only it hears.
SAGA = "orders.saga"


def released(subject: str | None = None) -> Event:
    """An `inventory.released`, which `orders.saga` hears and nobody else."""
    return new_event(InventoryReleased(order_id=uuid4()), subject=subject or uuid4().hex, producer="test")


class Seen:
    """A handler that keeps what it was given, and fails as often as it is told."""

    def __init__(self, *failures: Exception) -> None:
        self.events: list[Event] = []
        self.at: list[float] = []
        self._failures = list(failures)

    async def __call__(self, event: Event) -> None:
        self.events.append(event)
        self.at.append(asyncio.get_running_loop().time())
        if self._failures:
            raise self._failures.pop(0)

    def ids(self) -> list[str]:
        """Whose deliveries were seen, in order, repeated ones repeated."""
        return [str(event.id) for event in self.events]


class Held:
    """A handler that does not end before it is let go."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.done: list[Event] = []
        self.running = 0
        self.most = 0
        self.go = asyncio.Event()

    async def __call__(self, event: Event) -> None:
        self.events.append(event)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.go.wait()
            self.done.append(event)
        finally:
            self.running -= 1
