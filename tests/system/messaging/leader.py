"""A relay in a process of its own, so that it can be killed and frozen. Refuses to publish to anybody but its parent.

Prints the id of each event that it publishes.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from chassis import relay
from chassis.events.envelope import Event
from tests.system.messaging.databases import opened
from tests.system.messaging.recording import RecordingBus


class _Aloud(RecordingBus):
    async def publish(self, events: Sequence[Event]) -> None:
        for event in events:
            sys.stdout.write(f"{event.id}\n")
        sys.stdout.flush()


async def main() -> None:
    """Relay the outbox of the database that is named on the command line, until killed."""
    relay.POLL = 0.05
    relay._IDLE = "600"
    async with opened(sys.argv[1]) as database:
        await relay.Relay(database, _Aloud()).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
