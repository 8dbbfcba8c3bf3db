"""Reads one subscription from Redis Streams and hands each entry to its handler.

An entry is acknowledged with the batch it came in. So the list of pending entries stays empty, nothing is delivered
twice, and a slow handler holds up nobody. What fails is tried again until it succeeds.

Refuses to read more than it has hands for.
"""

import asyncio
import logging
import random
from functools import partial

from chassis import tasks
from chassis.events import delivery, stream_store
from chassis.events.bus import Handler
from chassis.events.stream_store import REDIS_ERRORS, Fields

logger = logging.getLogger(__name__)

BLOCK_MS = 2000
# How often `keep` is called.
TOUCH = 2.0
# How long stop() lets handlers finish.
DRAIN = 5.0

Entry = tuple[str, bytes]


class StreamReader:
    """The consumer of one subscription in one process."""

    def __init__(
        self, redis: stream_store.Client, subscription: str, consumer: str, handler: Handler, prefetch: int
    ) -> None:
        self._redis = redis
        self._subscription = subscription
        self._consumer = consumer
        self._handler = handler
        self._prefetch = prefetch
        self._streams = stream_store.streams_of(subscription)
        self._held: dict[Entry, asyncio.Task[None]] = {}
        self._room = asyncio.Event()
        self._stopping = False
        self.reading = False

    async def run(self) -> None:
        """Read for ever; whatever is lost, begin again with declaring what should be there."""
        pause = 0.1
        while True:
            try:
                await stream_store.declare(self._redis)
                self.reading, pause = True, 0.1
                while True:
                    await self._until_room()
                    await self._read()
            except REDIS_ERRORS as error:
                what = "has lost the group" if stream_store.group_lost(error) else "does not answer"
                logger.warning("redis %s of %s: %s", what, self._subscription, type(error).__name__)
            finally:
                self.reading = False
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, 2.0)

    async def keep(self) -> None:
        """Look after what is held, every TOUCH seconds: nothing to do, as all of it is acknowledged."""

    async def stop(self) -> None:
        """Let what runs finish."""
        self._stopping = True
        if self._held:
            _, late = await asyncio.wait(list(self._held.values()), timeout=DRAIN)
            await tasks.end(late)

    async def _until_room(self) -> None:
        while len(self._held) >= self._prefetch:
            self._room.clear()
            await self._room.wait()

    async def _read(self) -> None:
        wanted = dict.fromkeys(self._streams, ">")
        answer = await self._redis.xreadgroup(
            self._subscription, self._consumer, wanted, count=self._prefetch, block=BLOCK_MS
        )
        batches = answer.items() if isinstance(answer, dict) else answer or []
        for name, entries in batches:
            stream = name.decode()
            # One command for the whole batch, before the slow part begins.
            await self._redis.xack(stream, self._subscription, *[entry for entry, _ in entries])
            self._take(stream, entries)

    def _take(self, stream: str, entries: list[tuple[bytes, Fields | None]]) -> None:
        for entry, fields in entries:
            # No fields: the entry was deleted before it was read.
            if self._stopping or not fields or not stream_store.wanted(self._subscription, stream, fields):
                continue
            task = asyncio.create_task(self._work(fields))
            self._held[stream, entry] = task
            task.add_done_callback(partial(self._let_go, (stream, entry)))

    def _let_go(self, key: Entry, _: object) -> None:
        self._held.pop(key, None)
        self._room.set()

    async def _work(self, fields: Fields) -> None:
        """Try until it is done; an outage of somebody else may last."""
        while True:
            verdict = await delivery.attempt(self._handler, fields.get(b"body", b""), 1)
            if verdict.settle != "retry":
                return
            await asyncio.sleep(verdict.seconds)
