"""A bus that remembers what was published, and fails when it is told. Refuses to deliver anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

from chassis.events.bus import Handler
from chassis.events.envelope import Event


class RecordingBus:
    """What a relay sees of a broker."""

    def __init__(self) -> None:
        self.published: list[UUID] = []
        self.batches: list[list[Event]] = []
        self.refuse: Callable[[Event], Exception | None] = lambda _: None
        self.hold = asyncio.Event()
        self.hold.set()

    async def publish(self, events: Sequence[Event]) -> None:
        """Take the events one by one, until one is refused: the earlier ones have arrived by then."""
        self.batches.append(list(events))
        await self.hold.wait()
        refusals = []
        for event in events:
            refusal = self.refuse(event)
            if refusal is None:
                self.published.append(event.id)
            else:
                refusals.append(refusal)
        if refusals:
            raise refusals[0]

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    def subscribe(self, subscription: str, handler: Handler) -> None:
        """Nobody is ever called."""

    async def check(self) -> None:
        """Always well."""

    async def dead_letters(self, subscription: str) -> int:
        """There are none."""
        return 0

    async def replay(self, subscription: str, limit: int) -> int:
        """There are none."""
        return 0
