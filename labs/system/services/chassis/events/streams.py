"""The bus on Redis Streams: the same promises as on RabbitMQ, with the parts that Redis has.

What differs is durability: Redis confirms what is in memory and, with `appendonly yes`, on disk within a
second. Losing that second needs the machine to die, not the process.

Refuses pub/sub: it forgets what nobody hears.
"""

import asyncio
import logging
from collections.abc import Sequence

from chassis import dead_letters, tasks
from chassis.events import stream_reader, stream_store, topology
from chassis.events.bus import BusUnavailable, Handler
from chassis.events.envelope import Event
from chassis.events.stream_reader import StreamReader
from chassis.events.stream_store import REDIS_ERRORS

logger = logging.getLogger(__name__)

TRIM_EVERY = 30.0


class StreamsBus:
    """Events over Redis Streams."""

    def __init__(self, url: str, *, service: str, instance: str, prefetch: int) -> None:
        self._redis = stream_store.connect(url, f"{service}@{instance}")
        self._instance = instance
        self._prefetch = prefetch
        self._readers: dict[str, StreamReader] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._reading: list[asyncio.Task[None]] = []

    def subscribe(self, subscription: str, handler: Handler) -> None:
        """Consume a subscription of the topology."""
        if subscription not in topology.SUBSCRIPTIONS:
            raise ValueError(f"{subscription} is not in the topology")
        self._readers[subscription] = StreamReader(self._redis, subscription, self._instance, handler, self._prefetch)

    async def start(self) -> None:
        """Declare, read, keep and trim in the background."""
        self._reading = [asyncio.create_task(reader.run()) for reader in self._readers.values()]
        self._tasks = [
            asyncio.create_task(self._keep()),
            asyncio.create_task(dead_letters.measure(self._readers, self.dead_letters)),
        ]

    async def stop(self) -> None:
        """Read no more, finish what is in flight, leave the rest pending."""
        await tasks.end(self._reading)
        await asyncio.gather(*(reader.stop() for reader in self._readers.values()))
        await tasks.end(self._tasks)
        await self._redis.aclose()

    async def publish(self, events: Sequence[Event]) -> None:
        """Return when Redis has answered for all."""
        try:
            await stream_store.publish(self._redis, events)
        except REDIS_ERRORS as error:
            raise BusUnavailable(type(error).__name__) from error

    async def check(self) -> None:
        """Raise unless Redis answers and every subscription is being read."""
        try:
            await self._redis.ping()
        except REDIS_ERRORS as error:
            raise BusUnavailable(type(error).__name__) from error
        if not all(reader.reading for reader in self._readers.values()):
            raise BusUnavailable("not reading")

    async def dead_letters(self, subscription: str) -> int:
        """Count the subscription's dead letters."""
        try:
            return int(await self._redis.xlen(topology.dead_queue(subscription)))
        except REDIS_ERRORS as error:
            raise BusUnavailable(type(error).__name__) from error

    async def replay(self, subscription: str, limit: int) -> int:
        """Give dead letters back to their subscription, with all their attempts before them again."""
        try:
            return await stream_store.replay(self._redis, subscription, limit)
        except REDIS_ERRORS as error:
            raise BusUnavailable(type(error).__name__) from error

    async def _keep(self) -> None:
        """Touch, take over, trim; a service that only publishes declares here as well."""
        clock = asyncio.get_running_loop().time
        trimmed = clock()
        while True:
            try:
                if not self._readers:
                    await stream_store.declare(self._redis)
                for reader in self._readers.values():
                    await reader.keep()
                if clock() - trimmed > TRIM_EVERY:
                    await stream_store.trim(self._redis)
                    trimmed = clock()
            except REDIS_ERRORS as error:
                logger.warning("the streams could not be kept: %s", type(error).__name__)
            await asyncio.sleep(stream_reader.TOUCH)
