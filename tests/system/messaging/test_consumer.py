"""The consumer on a real database: each event has its effect once, and only what has committed is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import context, tracing
from chassis.consumer import Consumer, Permanent
from chassis.database import Database
from chassis.events.contracts import InventoryReleased
from chassis.events.envelope import Event
from processes.postgres import Postgres
from tests.system.messaging.databases import opened, rows
from tests.system.messaging.events import SAGA, released
from tests.system.messaging.recording import RecordingBus
from tests.system.messaging.waiting import until


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A database with an inbox and a table of effects."""
    async with opened(postgres_url, pool=8) as database:
        yield database


class Effects:
    """A handler whose effect is a row; it does first what a test wants done."""

    def __init__(self) -> None:
        self.calls: list[Event] = []
        self.failures: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.seen: list[tuple[str, str]] = []

    async def __call__(self, data: InventoryReleased, event: Event, connection: AsyncConnection) -> None:
        """Write, wait at the gate, fail if that is due."""
        assert isinstance(data.order_id, UUID)
        self.calls.append(event)
        self.seen.append((context.correlation_id(), tracing.ids()[0]))
        await connection.execute(
            text("INSERT INTO effects (event_id, subject) VALUES (:id, :subject)"),
            {"id": event.id, "subject": event.subject},
        )
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)


@pytest.fixture
def effects() -> Effects:
    """The handler."""
    return Effects()


def consumer(database: Database, effects: Effects, timeout: float = 10) -> Consumer:
    """A consumer without a broker: the test delivers."""
    return Consumer(database, RecordingBus(), SAGA, {InventoryReleased: effects}, timeout=timeout)


def _handled(outcome: str, kind: str = "inventory.released") -> float:
    labels = {"subscription": SAGA, "type": kind, "outcome": outcome}
    return REGISTRY.get_sample_value("events_handled_total", labels) or 0


async def _effects(database: Database) -> list[UUID]:
    return await rows(database, "SELECT event_id FROM effects ORDER BY id")


async def test_a_duplicate_has_no_second_effect(database: Database, effects: Effects) -> None:
    """The same event delivered three times: handled once, acknowledged every time, and counted as what it was."""
    event, before = released(), _handled("duplicate")
    consuming = consumer(database, effects)
    for _ in range(3):
        await consuming.handle(event)
    assert await _effects(database) == [event.id]
    assert _handled("duplicate") == before + 2


async def test_duplicates_at_once_have_one_effect(database: Database, effects: Effects, postgres_url: str) -> None:
    """Two instances get the same event in the same moment: the second waits for the first one's end and sees it."""
    event = released()
    effects.gate.clear()
    async with opened(postgres_url) as other:
        one = asyncio.create_task(consumer(database, effects).handle(event))
        two = asyncio.create_task(consumer(other, effects).handle(event))
        await until(lambda: effects.calls)
        await until(lambda: _waiting_for_a_lock(database))
        assert len(effects.calls) == 1
        effects.gate.set()
        await asyncio.gather(one, two)
    assert await _effects(database) == [event.id]


async def test_a_duplicate_of_what_rolled_back_is_handled(database: Database, effects: Effects) -> None:
    """The first of two at once fails: the second, which waited for it, has the effect."""
    event = released()
    effects.gate.clear()
    effects.failures = [ValueError("no")]
    consuming = consumer(database, effects)
    one = asyncio.create_task(consuming.handle(event))
    await until(lambda: effects.calls)
    two = asyncio.create_task(consuming.handle(event))
    await until(lambda: _waiting_for_a_lock(database))
    effects.gate.set()
    with pytest.raises(ValueError, match="no"):
        await one
    await two
    assert await _effects(database) == [event.id]
    assert len(effects.calls) == 2


async def test_two_subscriptions_handle_the_same_event(database: Database, effects: Effects) -> None:
    """The inbox is per subscription: what one has handled is news to the other."""
    event = released()
    await consumer(database, effects).handle(event)
    await Consumer(database, RecordingBus(), "payments.orders", {InventoryReleased: effects}).handle(event)
    assert await _effects(database) == [event.id, event.id]


async def test_a_failed_handler_leaves_nothing_behind(database: Database, effects: Effects) -> None:
    """Its own rows, the inbox row and the answer all say that it did not happen; the next attempt does it."""
    event = released()
    effects.failures = [ValueError("no")]
    consuming = consumer(database, effects)
    with pytest.raises(ValueError, match="no"):
        await consuming.handle(event)
    assert await _effects(database) == []
    await consuming.handle(event)
    assert await _effects(database) == [event.id]


async def test_a_failed_commit_is_a_failed_attempt(database: Database, effects: Effects) -> None:
    """The handler returned, but its transaction did not commit: that must never be acknowledged."""
    await _fail_next_commits(database, 1)
    event = released()
    consuming = consumer(database, effects)
    with pytest.raises(Exception, match="not this time"):
        await consuming.handle(event)
    assert await _effects(database) == []
    await rows(database, "UPDATE trouble SET left_over = 0 RETURNING 1")
    await consuming.handle(event)
    assert await _effects(database) == [event.id]


async def test_a_handler_has_a_time_limit(database: Database, effects: Effects) -> None:
    """What hangs is cut, rolled back, and counts as an attempt."""
    effects.gate.clear()
    before = _handled("failed")
    with pytest.raises(TimeoutError):
        await consumer(database, effects, timeout=0.1).handle(released())
    assert await _effects(database) == []
    assert _handled("failed") == before + 1


async def test_a_slow_statement_has_the_same_time_limit(database: Database) -> None:
    """Cut in the middle of a statement it is a failure as well, and no outage of the database to be waited out."""

    async def sleep(_data: object, _event: Event, connection: AsyncConnection) -> None:
        await connection.execute(text("SELECT pg_sleep(40)"))

    slow = Consumer(database, RecordingBus(), SAGA, {InventoryReleased: sleep}, timeout=0.2)
    async with asyncio.timeout(20):
        with pytest.raises(TimeoutError):
            await slow.handle(released())


async def test_an_event_waits_for_its_database(
    database: Database, effects: Effects, postgres: Postgres, postgres_url: str
) -> None:
    """The database is closed in the middle of a handler and opened later: no attempt is spent, nothing is doubled."""
    event, name = released(), postgres_url.rsplit("/", 1)[1]
    effects.gate.clear()
    handling = asyncio.create_task(consumer(database, effects).handle(event))
    await until(lambda: effects.calls)
    await asyncio.to_thread(postgres.close, name)
    effects.gate.set()
    await asyncio.sleep(0.3)
    assert not handling.done()
    await asyncio.to_thread(postgres.open, name)
    await handling
    assert await _effects(database) == [event.id]


async def test_consumers_leave_connections_to_the_requests(database: Database, effects: Effects) -> None:
    """A burst of events takes half of the pool; a request still gets a connection."""
    effects.gate.clear()
    handling = [asyncio.create_task(consumer(database, effects).handle(released())) for _ in range(20)]
    await until(lambda: len(effects.calls) == 4)
    assert await rows(database, "SELECT 1") == [1]
    assert len(effects.calls) == 4
    effects.gate.set()
    await asyncio.gather(*handling)
    assert len(await _effects(database)) == 20


async def test_an_event_that_contradicts_its_contract_is_refused_for_good(database: Database, effects: Effects) -> None:
    """Another attempt would read the same: permanent, with where it is wrong, without what was there."""
    event = released().model_copy(update={"data": {"order_id": "password=hunter2"}})
    with pytest.raises(Permanent, match=r"^inventory.released v1: order_id: uuid_parsing$"):
        await consumer(database, effects).handle(event)
    assert effects.calls == []


async def test_unknown_fields_are_ignored(database: Database, effects: Effects) -> None:
    """A producer may add a field without asking anybody."""
    event = released()
    await consumer(database, effects).handle(event.model_copy(update={"data": {**event.data, "new": 1}}))
    assert await _effects(database) == [event.id]


async def test_types_without_a_handler_are_acknowledged(database: Database, effects: Effects) -> None:
    """A subscription hears more than it needs; whatever a stranger calls his events is one label of the metric."""
    before = _handled("ignored", "order.confirmed"), _handled("ignored", "unknown")
    consuming = consumer(database, effects)
    await consuming.handle(released().model_copy(update={"type": "order.confirmed"}))
    for number in range(3):
        await consuming.handle(released().model_copy(update={"type": "made.up_" + "x" * number}))
    assert effects.calls == []
    assert (_handled("ignored", "order.confirmed"), _handled("ignored", "unknown")) == (before[0] + 1, before[1] + 3)


async def test_the_handler_runs_in_the_events_context(database: Database, effects: Effects) -> None:
    """Its log lines, calls and events carry the correlation id and the trace of the request that began it all."""
    trace = uuid4().hex
    event = released().model_copy(update={"correlation_id": "corr-7", "traceparent": f"00-{trace}-{'1' * 16}-01"})
    await consumer(database, effects).handle(event)
    assert effects.seen == [("corr-7", trace)]
    assert context.correlation_id() == ""


async def _waiting_for_a_lock(database: Database) -> bool:
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return (await rows(database, statement)) == [1]


async def _fail_next_commits(database: Database, times: int) -> None:
    """A constraint that is checked at COMMIT, after the handler has returned."""
    for statement in (
        "CREATE TABLE trouble (left_over int NOT NULL)",
        f"INSERT INTO trouble VALUES ({times})",
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN
               IF (SELECT left_over FROM trouble) > 0 THEN RAISE EXCEPTION 'not this time'; END IF;
               RETURN NULL;
           END $$""",
        """CREATE CONSTRAINT TRIGGER late AFTER INSERT ON effects DEFERRABLE INITIALLY DEFERRED
           FOR EACH ROW EXECUTE FUNCTION refuse()""",
    ):
        async with database.transaction() as connection:
            await connection.execute(text(statement))
