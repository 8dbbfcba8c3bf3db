"""`python -m chassis.events.replay` counts all dead letters; with a subscription it gives those of that one back.

For the saga's own subscriptions, which have no endpoint: a letter there means that somebody has to look at an order and
at a service first, and who does that has a shell. It runs inside any service, with that service's EVENTS_URL.

Refuses to judge what it gives back. That is safe at any time: what was handled meanwhile is recognised by the inbox,
and what still cannot be handled comes back after its attempts.
"""

import argparse
import asyncio
import os
import sys

from chassis.events import topology
from chassis.events.bus import Bus, BusUnavailable, connect
from chassis.settings import EventSettings, load

PATIENCE = 10.0


def main() -> int:
    """Count, or give back; 2 when the broker does not answer."""
    parser = argparse.ArgumentParser(prog="python -m chassis.events.replay", description="Dead letters of all services")
    parser.add_argument("subscription", nargs="?", choices=sorted(topology.SUBSCRIPTIONS), help="whose letters go back")
    parser.add_argument("--limit", type=int, default=100, help="at most so many, the oldest first")
    arguments = parser.parse_args()
    return asyncio.run(run(load(EventSettings).events_url, arguments.subscription, arguments.limit))


async def run(url: str, subscription: str | None, limit: int) -> int:
    """Do it over a connection of its own, and say what was done."""
    bus = connect(url, service="replay", instance=f"pid-{os.getpid()}", prefetch=1)
    await bus.start()
    try:
        await _connected(bus)
        if subscription:
            sys.stdout.write(f"{subscription}: {await bus.replay(subscription, limit)} given back\n")
        for name in [subscription] if subscription else topology.SUBSCRIPTIONS:
            sys.stdout.write(f"{name}: {await bus.dead_letters(name)} dead letters\n")
    except (BusUnavailable, TimeoutError):
        sys.stderr.write("The broker does not answer. No letter is lost; some may have been given back.\n")
        return 2
    finally:
        await bus.stop()
    return 0


async def _connected(bus: Bus) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await bus.check()
            except BusUnavailable:
                await asyncio.sleep(0.1)


if __name__ == "__main__":
    raise SystemExit(main())
