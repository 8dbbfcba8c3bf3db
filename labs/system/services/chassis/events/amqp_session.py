"""One life of a connection to RabbitMQ: connect, declare, consume, publish, until anything of it breaks.

There is no repair of parts. When the connection, a channel or a consumer is lost, the whole session is over
and the next one starts from nothing: so a restarted broker, one that lost its disk, and a queue that somebody
deleted are all the same case.

Refuses to share a connection between publishing and consuming: a broker short of memory blocks connections
that publish, and a blocked consumer could not ack, which is what would free the memory.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import aio_pika
from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import PublishError

from chassis.events import amqp_topology
from chassis.events.bus import BusUnavailable, Unroutable
from chassis.events.contracts import CONTRACTS
from chassis.events.envelope import Event

CONNECT_TIMEOUT = 5.0
CONFIRM_TIMEOUT = 5.0
HEARTBEAT = 10
# What goes wrong with a broker. The library raises its own errors, RuntimeErrors, and a bare Exception when a channel
# is closed under a publisher: none of them may end a consumer or a session for good.
BROKER_ERRORS = (Exception,)

Receive = Callable[[str, AbstractIncomingMessage], None]


class Session:
    """A working connection; `lost` is set once it is not."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self.lost = asyncio.Event()
        # Held on purpose: aio-pika keeps some of these weakly, and what is collected stops to consume.
        self._connections: list[AbstractConnection] = []
        self._channels: list[AbstractChannel] = []
        self._consumers: list[tuple[AbstractQueue, str]] = []
        self._exchanges: Mapping[str, AbstractExchange] = {}

    async def open(self, subscriptions: Sequence[str], receive: Receive, prefetch: int) -> None:
        """Connect, declare the whole topology, start to consume."""
        outgoing, incoming = await self._connect("publish"), await self._connect("consume")
        self._exchanges = await amqp_topology.declare(await self._channel(outgoing))
        for subscription in subscriptions:
            await self._consume(await self._channel(incoming), subscription, receive, prefetch)

    async def close(self) -> None:
        """Give back what was not acknowledged, by closing."""
        self.lost.set()
        for connection in self._connections:
            try:
                async with asyncio.timeout(1):
                    await connection.close()
            except BROKER_ERRORS:
                continue

    async def cancel_consumers(self) -> None:
        """Ask the broker for no more deliveries; those under way keep their channel for their acks."""
        for queue, tag in self._consumers:
            await queue.cancel(tag, timeout=1)

    async def publish(self, events: Sequence[Event]) -> None:
        """Send all, then wait for all confirms: one round trip for the lot, not one each."""
        results = await asyncio.gather(*(self._publish_event(event) for event in events), return_exceptions=True)
        for error in results:
            if isinstance(error, PublishError):
                # The broker returned it: something is missing there, so declare everything anew.
                self.lost.set()
                raise Unroutable("returned by the broker") from error
            # Cancelled means the wait for this confirm, which the library ends so when it loses its connection.
            if isinstance(error, (*BROKER_ERRORS, asyncio.CancelledError)):
                raise BusUnavailable(type(error).__name__) from error

    async def send(self, exchange: str, key: str, message: Message) -> None:
        """Send one message and wait for its confirm; raises one of BROKER_ERRORS."""
        await self._exchanges[exchange].publish(message, key, mandatory=True, timeout=CONFIRM_TIMEOUT)

    async def count(self, queue: str) -> int:
        """Count the messages that wait in a queue."""
        async with self._connections[0].channel() as channel:
            declared = await channel.declare_queue(queue, passive=True, timeout=CONFIRM_TIMEOUT)
            return declared.declaration_result.message_count or 0

    async def move(self, source: str, target: str, limit: int) -> int:
        """Move up to that many messages, each confirmed in the target before it leaves the source."""
        moved = 0
        async with self._connections[0].channel() as channel:
            queue = await channel.declare_queue(source, passive=True, timeout=CONFIRM_TIMEOUT)
            # What arrives meanwhile (a replayed poison message, say) is for the next time.
            for _ in range(min(limit, queue.declaration_result.message_count or 0)):
                message = await queue.get(fail=False, timeout=CONFIRM_TIMEOUT)
                if message is None:
                    break
                await self.send("", target, envelope(message.body, message.message_id, {}))
                await message.ack()
                moved += 1
        return moved

    async def _publish_event(self, event: Event) -> None:
        headers = {"correlation_id": event.correlation_id, "traceparent": event.traceparent, "attempt": 1}
        message = envelope(event.encode(), str(event.id), headers)
        message.type = event.type
        message.correlation_id = event.correlation_id
        message.timestamp = event.occurred_at
        await self.send(CONTRACTS[event.type].exchange, event.type, message)

    async def _connect(self, purpose: str) -> AbstractConnection:
        connection = await aio_pika.connect(
            self._url,
            timeout=CONNECT_TIMEOUT,
            heartbeat=HEARTBEAT,
            client_properties={"connection_name": f"{self._name} {purpose}"},
        )
        connection.close_callbacks.add(self._on_lost)
        self._connections.append(connection)
        return connection

    async def _channel(self, connection: AbstractConnection) -> AbstractChannel:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        channel.close_callbacks.add(self._on_lost)
        (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(self._on_lost)
        self._channels.append(channel)
        return channel

    async def _consume(self, channel: AbstractChannel, subscription: str, receive: Receive, prefetch: int) -> None:
        # One channel each: a prefetch of its own, and an error of one does not close the others.
        await channel.set_qos(prefetch_count=prefetch)
        queue = await channel.get_queue(subscription, ensure=False)

        async def on_message(message: AbstractIncomingMessage) -> None:
            receive(subscription, message)

        self._consumers.append((queue, await queue.consume(on_message)))

    def _on_lost(self, *_: object) -> None:
        self.lost.set()


def envelope(body: bytes, message_id: str | None, headers: Mapping[str, str | int | None]) -> Message:
    """Make a persistent message."""
    return Message(
        body,
        content_type="application/json",
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=message_id,
        headers={name: value for name, value in headers.items() if value is not None},
    )
