"""The bus on RabbitMQ: keeps a session alive, settles deliveries, replays dead letters.

Refuses automatic acks: a message is acknowledged when its handler has committed, and goes back into its queue when
it has failed.
"""

import asyncio
import logging
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from aio_pika.abc import AbstractIncomingMessage

from chassis import dead_letters, tasks
from chassis.events import delivery, topology
from chassis.events.amqp_session import BROKER_ERRORS, Receive, Session
from chassis.events.bus import BusUnavailable, Handler
from chassis.events.envelope import Event

logger = logging.getLogger(__name__)

# How long stop() lets handlers finish; what is cut off afterwards is rolled back and delivered again.
DRAIN = 5.0
OPEN_TIMEOUT = 30.0


class AmqpBus:
    """Events over AMQP 0-9-1."""

    def __init__(self, url: str, *, service: str, instance: str, prefetch: int) -> None:
        self._url = url
        self._name = f"{service}@{instance}"
        self._prefetch = prefetch
        self._handlers: dict[str, Handler] = {}
        self._session: Session | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._in_flight: set[asyncio.Task[None]] = set()
        self._stopping = False

    def subscribe(self, subscription: str, handler: Handler) -> None:
        """Consume a subscription of the topology."""
        if subscription not in topology.SUBSCRIPTIONS:
            raise ValueError(f"{subscription} is not in the topology")
        self._handlers[subscription] = handler

    async def start(self) -> None:
        """Keep a session alive in the background."""
        self._tasks = [
            asyncio.create_task(self._keep_session()),
            asyncio.create_task(dead_letters.measure(self._handlers, self.dead_letters)),
        ]

    async def stop(self) -> None:
        """Cancel the consumers, finish what is in flight, give the rest back."""
        self._stopping = True
        if self._session:
            with suppress(*BROKER_ERRORS):
                await self._session.cancel_consumers()
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=DRAIN)
            await tasks.end(late)
        await tasks.end(self._tasks)

    async def publish(self, events: Sequence[Event]) -> None:
        """Return when the broker has confirmed all."""
        await self._connected().publish(events)

    async def check(self) -> None:
        """Raise unless connected, declared and consuming."""
        self._connected()

    async def dead_letters(self, subscription: str) -> int:
        """Count the subscription's dead letters."""
        with _broker_trouble():
            return await self._connected().count(topology.dead_queue(subscription))

    async def replay(self, subscription: str, limit: int) -> int:
        """Move dead letters back to their queue, with all their attempts before them again."""
        with _broker_trouble():
            return await self._connected().move(topology.dead_queue(subscription), subscription, limit)

    def _connected(self) -> Session:
        if self._session is None or self._session.lost.is_set():
            raise BusUnavailable("not connected")
        return self._session

    async def _keep_session(self) -> None:
        pause = 0.1
        while True:
            session = Session(self._url, self._name)
            try:
                async with asyncio.timeout(OPEN_TIMEOUT):
                    await session.open(list(self._handlers), self._receive(session), self._prefetch)
                self._session, pause = session, 0.1
                logger.info("connected to the broker, consuming %d subscriptions", len(self._handlers))
                await session.lost.wait()
                logger.warning("the session with the broker is over")
            except BROKER_ERRORS as error:
                logger.warning("no session with the broker: %s", type(error).__name__)
            finally:
                self._session = None
                await session.close()
            # Jitter, because all services lose the same broker in the same moment.
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, 3.0)

    def _receive(self, session: Session) -> Receive:
        def receive(subscription: str, message: AbstractIncomingMessage) -> None:
            if self._stopping:
                return  # not acknowledged, so it goes back when the session closes
            # A task of our own: the library ends its callbacks with the channel, in the middle of a transaction.
            task = asyncio.create_task(self._settle(session, subscription, message))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)

        return receive

    async def _settle(self, session: Session, subscription: str, message: AbstractIncomingMessage) -> None:
        verdict = await delivery.attempt(self._handlers[subscription], message.body, 1)
        try:
            if verdict.settle == "ack":
                await message.ack()
            else:
                # Back into the queue, to be tried again: what has failed is not lost.
                await message.nack(requeue=True)
        except BROKER_ERRORS as error:
            # Not settled, so the broker delivers it again; the inbox knows whether it was handled.
            logger.warning("a delivery could not be settled: %s", type(error).__name__)
            session.lost.set()


@contextmanager
def _broker_trouble() -> Iterator[None]:
    try:
        yield
    except BROKER_ERRORS as error:
        raise BusUnavailable(type(error).__name__) from error
