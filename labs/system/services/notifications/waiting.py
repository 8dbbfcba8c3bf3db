"""Measures the events that wait for their recipient to be known: few and young, or user.registered does not arrive.

Refuses to do anything about them. They cost nothing and hold no address; the next user.registered continues them.
"""

import asyncio
import contextlib

import asyncpg
from prometheus_client import Gauge

from chassis.database import Database
from chassis.metrics import registry

INTERVAL = 5.0
RETRY_CONNECT = 1.0

_MEASURE = "SELECT count(*), coalesce(extract(epoch FROM now() - min(since)), 0)::float AS age FROM waiting_events"
_waiting = Gauge("notifications_waiting", "Events about users that are not known yet.", registry=registry)
_oldest = Gauge("notifications_waiting_oldest_seconds", "Age of the oldest of them.", registry=registry)


class Waiting:
    """A component that measures every `INTERVAL` seconds, over a connection of its own that fills no traces."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to measure."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Measure no more."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        await self._database.migrated()
        while True:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                async with self._database.session() as session:
                    while True:
                        (row,) = await session.fetch(_MEASURE)
                        _waiting.set(row["count"])
                        _oldest.set(row["age"])
                        await asyncio.sleep(INTERVAL)
            await asyncio.sleep(RETRY_CONNECT)
