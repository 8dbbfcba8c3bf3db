"""Measures the dead letters of the subscriptions a service consumes, so that an alert can tell somebody.

Refuses to touch them: looking and replaying are decisions of a person.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

from prometheus_client import Gauge

from chassis.metrics import registry

_gauge = Gauge("dead_letters", "Messages that nobody could handle.", ("subscription",), registry=registry)
INTERVAL = 5.0


async def measure(subscriptions: Iterable[str], count: Callable[[str], Awaitable[int]]) -> None:
    """Measure for ever; while the broker is away the last known number stays."""
    while True:
        for subscription in subscriptions:
            with contextlib.suppress(Exception):
                _gauge.labels(subscription).set(await count(subscription))
        await asyncio.sleep(INTERVAL)
