"""What no request triggers: revocations that Redis missed, and rows that nothing can need any more.

Refuses to take part in any decision: everything here only repeats, or forgets what was over.
"""

import asyncio
import logging

from chassis import tasks
from chassis.database import Database, DatabaseUnavailable
from chassis.redis import RedisUnavailable
from users import denials, sessions
from users.denials import Denials
from users.keys import store

logger = logging.getLogger(__name__)

TICK = 1.0
_TICKS_PER_CLEANUP = 60


class Sweeper:
    """A component that looks once a second; any number of instances may."""

    def __init__(self, database: Database, delivery: Denials) -> None:
        self._database = database
        self._denials = delivery
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop; what was not finished is found again."""
        if self._task:
            await tasks.end([self._task])

    async def clean(self) -> None:
        """Forget sessions, tokens, denials and keys whose time is long over."""
        async with self._database.transaction() as connection:
            await sessions.forget(connection)
            await denials.forget(connection)
            await store.forget(connection)

    async def _run(self) -> None:
        await self._database.migrated()
        ticks = 0
        while True:
            try:
                if ticks % _TICKS_PER_CLEANUP == 0:
                    await self.clean()
                ticks += 1
                await self._denials.catch_up()
            except (DatabaseUnavailable, RedisUnavailable):
                logger.debug("not now")  # readiness says which of the two it is
            except Exception:  # whatever it was, the next second needs a sweeper too
                logger.exception("sweeping failed")
            await asyncio.sleep(TICK)
