"""A consumer in a process of its own, so that it can be killed. Refuses to finish what it is given.

Prints a line per event that it begins to handle; then it hangs, or dies, as it was told.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from chassis.events import stream_reader, topology
from chassis.events.bus import connect
from chassis.events.envelope import Event


async def _handle(event: Event) -> None:
    sys.stdout.write(f"{event.id}\n")
    sys.stdout.flush()
    if sys.argv[1] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    await asyncio.Event().wait()


async def main() -> None:
    """Consume until killed. Arguments: hang or die, the broker's URL, the subscription, the instance's name."""
    topology.DELIVERY_LIMIT = int(sys.argv[5])
    topology.RETRY_DELAYS = (0.05, 0.1, 0.2)
    stream_reader.TOUCH, stream_reader.CLAIM_AFTER = 0.2, 1.0
    bus = connect(sys.argv[2], service="test", instance=sys.argv[4], prefetch=20)
    bus.subscribe(sys.argv[3], _handle)
    await bus.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
