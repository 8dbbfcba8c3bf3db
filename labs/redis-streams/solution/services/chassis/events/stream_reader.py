"""Reads one subscription from Redis Streams and settles what it read.

An entry that was delivered and not acknowledged is pending under the name of its consumer. A live consumer
keeps touching its entries, so one that has been idle for CLAIM_AFTER belongs to a consumer that is dead, and
whoever notices first claims it. A failed entry stays with its consumer, which tries it again after the pause.

Refuses to acknowledge before the handler has committed or the dead letter is written.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from functools import partial

from chassis import tasks
from chassis.events import delivery, stream_store, topology
from chassis.events.bus import Handler
from chassis.events.stream_store import REDIS_ERRORS, Fields

logger = logging.getLogger(__name__)

BLOCK_MS = 2000
# Entries are touched every TOUCH seconds; three missed touches and their consumer counts as dead.
TOUCH = 2.0
CLAIM_AFTER = 8.0
# How long stop() lets handlers finish; what is cut off is rolled back and stays pending.
DRAIN = 5.0
# Entries that wait for another attempt; more than this, and no new ones are read.
MOST_WAITING = 500

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
        self._slots = asyncio.Semaphore(prefetch)
        self._held: dict[Entry, asyncio.Task[None]] = {}
        self._waiting: set[Entry] = set()
        self._cursors: dict[str, bytes] = {}
        self._room = asyncio.Event()
        self._stopping = False
        self.reading = False

    async def run(self) -> None:
        """Read for ever; whatever is lost, begin again with declaring what should be there."""
        pause = 0.1
        while True:
            try:
                await stream_store.declare(self._redis)
                # What this consumer, by its stable name, had left when it was killed.
                await self._read("0", block=None, count=1000, again=True)
                self.reading, pause = True, 0.1
                while True:
                    await self._until_room()
                    await self._read(">", block=BLOCK_MS, count=self._prefetch)
            except REDIS_ERRORS as error:
                what = "has lost the group" if stream_store.group_lost(error) else "does not answer"
                logger.warning("redis %s of %s: %s", what, self._subscription, type(error).__name__)
            finally:
                self.reading = False
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, 2.0)

    async def keep(self) -> None:
        """Touch what is held, and take over what dead consumers held."""
        for stream in self._streams if self.reading else ():
            held = [entry for name, entry in self._held if name == stream]
            if held:
                # JUSTID: being alive is not another delivery.
                await self._redis.xclaim(stream, self._subscription, self._consumer, 0, held, justid=True)
            await self._claim(stream)

    async def stop(self) -> None:
        """Let what runs finish; what waits for its next attempt stays pending, for whoever comes."""
        self._stopping = True
        for entry in self._waiting:
            self._held[entry].cancel()
        if self._held:
            _, late = await asyncio.wait(list(self._held.values()), timeout=DRAIN)
            await tasks.end(late)

    async def _until_room(self) -> None:
        while len(self._held) - len(self._waiting) >= self._prefetch or len(self._waiting) >= MOST_WAITING:
            self._room.clear()
            await self._room.wait()

    async def _read(self, start: str, *, block: int | None, count: int, again: bool = False) -> None:
        wanted = dict.fromkeys(self._streams, start)
        answer = await self._redis.xreadgroup(self._subscription, self._consumer, wanted, count=count, block=block)
        batches = answer.items() if isinstance(answer, dict) else answer or []
        for name, entries in batches:
            stream = name.decode()
            await self._take(stream, entries, await self._deliveries(stream, entries) if again else {})

    async def _claim(self, stream: str) -> None:
        # The cursor is kept, because one call looks at a few hundred pending entries and the idle ones may come later.
        start = self._cursors.get(stream, b"0-0")
        claimed = await self._redis.xautoclaim(
            stream, self._subscription, self._consumer, int(CLAIM_AFTER * 1000), start, count=self._prefetch
        )
        self._cursors[stream], entries = claimed[0], claimed[1]
        if entries:
            logger.warning("%d entries of a dead consumer of %s taken over", len(entries), self._subscription)
            await self._take(stream, entries, await self._deliveries(stream, entries))

    async def _deliveries(self, stream: str, entries: Sequence[tuple[bytes, object]]) -> dict[bytes, int]:
        """Ask how often these entries, now ours, were delivered; a delivery that killed its consumer counts too."""
        if not entries:
            return {}
        most = len(entries) + len(self._held)  # what we hold already may lie between them
        pending = await self._redis.xpending_range(
            stream, self._subscription, entries[0][0], entries[-1][0], most, self._consumer
        )
        return {row["message_id"]: row["times_delivered"] for row in pending}

    async def _take(
        self, stream: str, entries: list[tuple[bytes, Fields | None]], deliveries: dict[bytes, int]
    ) -> None:
        """Start to handle what is ours; acknowledge at once, in one command, what is not."""
        unwanted = []
        for entry, fields in entries:
            if self._stopping or (stream, entry) in self._held:
                continue
            # No fields: the entry was deleted while it was pending.
            if not fields or not stream_store.wanted(self._subscription, stream, fields):
                unwanted.append(entry)
                continue
            task = asyncio.create_task(self._work(stream, entry, fields, deliveries.get(entry, 1)))
            self._held[stream, entry] = task
            task.add_done_callback(partial(self._let_go, (stream, entry)))
        if unwanted:
            await self._redis.xack(stream, self._subscription, *unwanted)

    def _let_go(self, key: Entry, _: object) -> None:
        self._held.pop(key, None)
        self._waiting.discard(key)
        self._room.set()

    async def _work(self, stream: str, entry: bytes, fields: Fields, number: int) -> None:
        try:
            verdict = await self._attempt(fields, number)
            while verdict.settle == "retry":
                if self._stopping:
                    return
                await self._wait(stream, entry, verdict.seconds)
                number += 1
                verdict = await self._attempt(fields, number)
            if verdict.settle == "dead":
                await stream_store.bury(self._redis, self._subscription, stream, entry, fields, verdict.reason)
            else:
                await self._redis.xack(stream, self._subscription, entry)
        except REDIS_ERRORS as error:
            # Still pending, so it is claimed again; the inbox knows whether it was handled.
            logger.warning("a delivery could not be settled: %s", type(error).__name__)

    async def _attempt(self, fields: Fields, number: int) -> delivery.Verdict:
        if number > topology.DELIVERY_LIMIT:
            return delivery.crashing(number)
        async with self._slots:
            return await delivery.attempt(self._handler, fields.get(b"body", b""), number)

    async def _wait(self, stream: str, entry: bytes, seconds: float) -> None:
        """Wait for the next attempt without occupying a slot, then have Redis count it."""
        self._waiting.add((stream, entry))
        self._room.set()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._waiting.discard((stream, entry))
        await self._redis.xclaim(stream, self._subscription, self._consumer, 0, [entry])
