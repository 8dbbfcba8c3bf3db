"""The two brokers behind one interface, so that one suite can be held against both.

Refuses to go through the chassis: what a test puts in and finds here was not put or seen by the code under test.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aio_pika
from aio_pika.abc import AbstractChannel
from redis.asyncio import Redis

from chassis.events import stream_store, topology
from processes.child import Child
from processes.rabbitmq import RabbitMQ
from processes.valkey import Valkey


@dataclass(frozen=True)
class Letter:
    """A dead letter."""

    body: bytes
    reason: str


class Broker(ABC):
    """A real broker."""

    name: str
    url: str

    def __init__(self, server: Valkey | RabbitMQ) -> None:
        self._server = server

    @property
    def process(self) -> Child:
        """The server's process: it can be stopped, killed, paused."""
        return self._server.child

    def start(self) -> None:
        """Start the server again, or let it go on; returns when it accepts connections."""
        self.process.resume()
        self._server.start()

    @abstractmethod
    async def wipe(self) -> None:
        """Delete everything that the chassis has declared, and what was in it."""

    @abstractmethod
    async def lose(self, subscription: str) -> None:
        """Delete what one subscription is delivered from."""

    @abstractmethod
    async def inject(self, subscription: str, body: bytes) -> None:
        """Put these bytes where the subscription will find them."""

    @abstractmethod
    async def left(self, subscription: str) -> int:
        """How many messages are not settled; counted while nobody consumes."""

    @abstractmethod
    async def letters(self, subscription: str) -> list[Letter]:
        """The dead letters, oldest first; they stay where they are."""


class StreamsBroker(Broker):
    """A logical database of a Valkey."""

    name = "redis"

    def __init__(self, server: Valkey, url: str) -> None:
        super().__init__(server)
        self.url = url

    @asynccontextmanager
    async def client(self) -> AsyncIterator[stream_store.Client]:
        """A connection of the test's own."""
        client = Redis.from_url(self.url)
        try:
            yield client
        finally:
            await client.aclose()

    async def wipe(self) -> None:
        async with self.client() as client:
            await client.flushdb()

    async def lose(self, subscription: str) -> None:
        async with self.client() as client:
            for stream in stream_store.streams_of(subscription):
                await client.xgroup_destroy(stream, subscription)

    async def inject(self, subscription: str, body: bytes) -> None:
        async with self.client() as client:
            key = topology.SUBSCRIPTIONS[subscription][0].pattern.replace("*", "anything")
            await client.xadd(topology.SUBSCRIPTIONS[subscription][0].exchange, {"key": key, "body": body})

    async def left(self, subscription: str) -> int:
        count = 0
        async with self.client() as client:
            for stream in stream_store.streams_of(subscription):
                for group in await client.xinfo_groups(stream):
                    if group["name"].decode() == subscription:
                        unread = await client.xrange(stream, b"(" + group["last-delivered-id"])
                        wanted = [one for _, one in unread if stream_store.wanted(subscription, stream, one)]
                        count += group["pending"] + len(wanted)
        return count

    async def letters(self, subscription: str) -> list[Letter]:
        async with self.client() as client:
            found = await client.xrange(topology.dead_queue(subscription))
        return [Letter(fields[b"body"], fields[b"reason"].decode()) for _, fields in found]


class RabbitBroker(Broker):
    """A virtual host of a RabbitMQ."""

    name = "rabbitmq"

    def __init__(self, server: RabbitMQ, url: str) -> None:
        super().__init__(server)
        self.url = url

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """A channel on a connection of the test's own."""
        connection = await aio_pika.connect(self.url)
        try:
            yield await connection.channel()
        finally:
            await connection.close()

    async def wipe(self) -> None:
        async with self.channel() as channel:
            for subscription in topology.SUBSCRIPTIONS:
                await channel.queue_delete(subscription)
                await channel.queue_delete(topology.dead_queue(subscription))
                for seconds in topology.RETRY_DELAYS:
                    await channel.queue_delete(topology.retry_queue(subscription, seconds))
            for exchange in (*topology.EXCHANGES, topology.DEAD):
                await channel.exchange_delete(exchange)

    async def lose(self, subscription: str) -> None:
        async with self.channel() as channel:
            await channel.queue_delete(subscription)

    async def inject(self, subscription: str, body: bytes) -> None:
        async with self.channel() as channel:
            await channel.default_exchange.publish(aio_pika.Message(body), subscription)

    async def left(self, subscription: str) -> int:
        names = [subscription, *(topology.retry_queue(subscription, seconds) for seconds in topology.RETRY_DELAYS)]
        count = 0
        async with self.channel() as channel:
            for name in names:
                queue = await channel.declare_queue(name, passive=True)
                count += queue.declaration_result.message_count or 0
        return count

    async def letters(self, subscription: str) -> list[Letter]:
        found = []
        async with self.channel() as channel:
            queue = await channel.declare_queue(topology.dead_queue(subscription), passive=True)
            while message := await queue.get(fail=False):
                reason = message.headers.get("reason") or message.headers.get("x-first-death-reason")
                found.append(Letter(message.body, str(reason)))
        return found
