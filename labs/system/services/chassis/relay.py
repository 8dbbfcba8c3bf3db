"""The relay: reads the outbox, publishes, waits for the broker's confirm, marks as published.

A crash between confirm and mark publishes again: at least once, and the inbox of each consumer makes it once.
One instance leads, by an advisory lock of its database, because two that shared the rows could overtake each
other within one subject. The lock lives in the session that also reads and marks: a leader that lost it
cannot mark anything.

Refuses to drop an event, to overtake within a subject, and to mark what was not confirmed.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import asyncpg
from prometheus_client import Counter, Gauge

from chassis import tracing
from chassis.database import Database
from chassis.events.bus import Bus, BusUnavailable, Unroutable
from chassis.events.envelope import Event
from chassis.metrics import registry

logger = logging.getLogger(__name__)


class Relay:
    """Publishes the outbox of one service."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus

    async def start(self) -> None:
        """Begin to relay in the background."""

    async def stop(self) -> None:
        """Finish the batch at hand."""
