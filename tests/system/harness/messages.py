"""What a test says to the services over their broker, and what became of it. Refuses to consume: that is theirs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from chassis.events import topology
from chassis.events.bus import BusUnavailable, connect
from chassis.events.contracts import CONTRACTS
from chassis.events.envelope import Event
from tests.system.harness.base import SERVICES, System

SENDING = 30.0


def publish(system: System, events: Sequence[Event]) -> None:
    """Publish events as a service would, and return when the broker has confirmed all."""
    asyncio.run(_publish(system.events_url, events))


async def _publish(url: str, events: Sequence[Event]) -> None:
    bus = connect(url, service="test", instance="test", prefetch=1)
    await bus.start()
    try:
        async with asyncio.timeout(SENDING):
            while True:
                try:
                    return await bus.publish(events)
                except BusUnavailable:
                    await asyncio.sleep(0.05)
    finally:
        await bus.stop()


def told(system: System, service: str, subject: str) -> list[Event]:
    """What a service has told about a subject, in the sequence in which it did."""
    rows = system.sql(service, f"SELECT event FROM outbox WHERE subject = '{subject}' ORDER BY id")
    return [Event.decode(json.dumps(row["event"])) for row in rows]


def handled(system: System) -> float:
    """How many deliveries all services have dealt with since they were started, in whichever way."""
    return sum(system.metric(service, "events_handled_total") for service in SERVICES)


def deliveries(events: Sequence[Event]) -> int:
    """To how many subscriptions these events go."""
    return sum(
        topology.wants(subscription, CONTRACTS[event.type].exchange, event.type)
        for event in events
        for subscription in topology.SUBSCRIPTIONS
    )
