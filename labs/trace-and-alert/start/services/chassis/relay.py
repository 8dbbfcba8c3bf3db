"""The relay: reads the outbox, publishes, waits for the broker's confirm, marks as published.

A crash between confirm and mark publishes again: at least once, and the inbox of each consumer makes it once.
One instance leads, by an advisory lock of its database, because two that shared the rows could overtake each
other within one subject. The lock lives in the session that also reads and marks: a leader that lost the
session has lost the lock, and cannot mark anything any more.

Refuses to drop an event, to overtake within a subject, and to mark what was not confirmed.
"""

import asyncio
import logging
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from uuid import UUID

import asyncpg
from prometheus_client import Counter, Gauge

from chassis import tracing
from chassis.database import Database
from chassis.events.bus import Bus, BusUnavailable, Unroutable
from chassis.events.envelope import Event
from chassis.metrics import registry

logger = logging.getLogger(__name__)

BATCH = 100
POLL = 0.5
SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 3.0
LAST_BATCH = 3.0
HOUSEKEEPING = 5.0
_LOCK = 0x5C4E_3A02
# A leader that is frozen keeps its lock: the server ends a session that is idle much longer than a publish takes.
_IDLE = "30000"

_SELECT = "SELECT event_id, event FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT $1"
_MARK = "UPDATE outbox SET published_at = now() WHERE event_id = ANY($1) AND published_at IS NULL"
_MEASURE = """
SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float
FROM outbox WHERE published_at IS NULL"""
# In small bites, so that cleaning never holds locks or the disk for long.
_FORGET_OUTBOX = """
DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE published_at < now() - interval '24 hours' ORDER BY published_at LIMIT 5000)"""
# Much longer than any broker keeps a delivery: a duplicate older than this does not exist.
_FORGET_INBOX = """
DELETE FROM inbox WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM inbox WHERE handled_at < now() - interval '30 days' ORDER BY handled_at LIMIT 5000))"""

_pending = Gauge("outbox_pending", "Events that the broker has not confirmed yet.", registry=registry)
_oldest = Gauge("outbox_oldest_seconds", "Age of the oldest of them.", registry=registry)
_published = Counter("outbox_published", "Events confirmed by the broker.", registry=registry)


class Relay:
    """Publishes the outbox of one service."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._pause = SHORTEST_PAUSE
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to relay in the background, as leader or in waiting."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Finish the batch at hand; the rest waits in the table."""
        self._stopping.set()
        self._wake.set()
        if self._task:
            await asyncio.wait({self._task}, timeout=LAST_BATCH)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._database.migrated()
                async with self._database.session(idle_session_timeout=_IDLE) as connection:
                    await self._serve(connection)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                logger.warning("the relay has lost its database: %s", type(error).__name__)
            except Exception:
                # A row that cannot be read, say. Nothing is dropped: it stays, and the age of the oldest alerts.
                logger.exception("the relay failed")
            await _wait(self._stopping, random.uniform(0.2, 1))

    async def _serve(self, connection: asyncpg.Connection) -> None:
        """Measure always, publish when leading."""
        await connection.add_listener("outbox", lambda *_: self._wake.set())
        connection.add_termination_listener(lambda *_: self._wake.set())
        leading = False
        measured = float("-inf")
        clock = asyncio.get_running_loop().time
        while not self._stopping.is_set():
            if clock() - measured > HOUSEKEEPING:
                await self._keep_house(connection, leading)
                measured = clock()
            self._wake.clear()
            leading = leading or await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK)
            if not (leading and await self._publish_batch(connection)):
                # The poll is the safety net for a NOTIFY that was missed.
                await _wait(self._wake, POLL)

    async def _publish_batch(self, connection: asyncpg.Connection) -> bool:
        """Publish the oldest unpublished events; True when there is more to do at once."""
        rows = await connection.fetch(_SELECT, BATCH)
        try:
            await self._publish(connection, [Event.decode(row["event"]) for row in rows])
        except (BusUnavailable, Unroutable) as error:
            logger.warning("the outbox waits: %s", error)
            await _wait(self._stopping, self._pause * random.uniform(0.5, 1))
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            return True
        self._pause = SHORTEST_PAUSE
        return len(rows) == BATCH

    async def _publish(self, connection: asyncpg.Connection, events: Sequence[Event]) -> None:
        """Publish in chunks without a repeated subject; mark what was confirmed even when a later chunk fails."""
        confirmed: list[UUID] = []
        try:
            for chunk in chunks(events):
                with _traced(chunk) as outgoing:
                    await self._bus.publish(outgoing)
                confirmed += [event.id for event in chunk]
        finally:
            if confirmed:
                await connection.execute(_MARK, confirmed)
                _published.inc(len(confirmed))

    async def _keep_house(self, connection: asyncpg.Connection, leading: bool) -> None:
        await self._measure(connection)
        if leading:
            await connection.execute(_FORGET_OUTBOX)
            await connection.execute(_FORGET_INBOX)

    async def _measure(self, connection: asyncpg.Connection) -> None:
        ((count, age),) = await connection.fetch(_MEASURE)
        _pending.set(count)
        _oldest.set(age)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, but not longer than that."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def chunks(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Split so that no chunk holds two events of one subject, and each subject keeps its order over the chunks.

    Inside a chunk all are sent at once and any may fail; the next chunk is sent only when all were confirmed.
    So the second event of a subject is never in the broker without its first.
    """
    position: dict[str, int] = {}
    result: list[list[Event]] = []
    for event in events:
        index = position.get(event.subject, 0)
        position[event.subject] = index + 1
        if index == len(result):
            result.append([])
        result[index].append(event)
    yield from result


@contextmanager
def _traced(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Open a span for each, and send it along, so that whoever looks at a message knows which publish it was."""
    with ExitStack() as spans:
        outgoing = []
        for event in events:
            spans.enter_context(tracing.span(f"{event.type} publish", kind="producer"))
            headers: dict[str, str] = {}
            tracing.inject(headers)
            outgoing.append(event.model_copy(update={"traceparent": headers.get("traceparent")}))
        yield outgoing
