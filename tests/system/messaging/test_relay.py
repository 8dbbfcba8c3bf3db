"""The relay on a real PostgreSQL: what commits is published, in order, by one instance, and then marked."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from chassis import outbox, relay
from chassis.database import Database
from chassis.events.bus import BusUnavailable, Unroutable
from chassis.relay import Relay
from tests.system.messaging import leader
from tests.system.messaging.databases import opened, rows, unpublished, write
from tests.system.messaging.events import released
from tests.system.messaging.recording import RecordingBus
from tests.system.messaging.waiting import until

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _no_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """The poll is a safety net: these tests must do without it, and without long pauses after failures."""
    monkeypatch.setattr(relay, "POLL", 3600.0)
    monkeypatch.setattr(relay, "LONGEST_PAUSE", 0.1)
    monkeypatch.setattr("random.uniform", lambda *_: 0.05)


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A database with an outbox."""
    async with opened(postgres_url) as database:
        yield database


@pytest.fixture
def bus() -> RecordingBus:
    """A broker that confirms everything."""
    return RecordingBus()


@asynccontextmanager
async def relaying(database: Database, bus: RecordingBus) -> AsyncIterator[Relay]:
    """A started relay."""
    running = Relay(database, bus)
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


async def test_what_commits_is_published_and_marked(database: Database, bus: RecordingBus) -> None:
    """Events written before and after the relay began, each once, woken by the commit and not by a poll."""
    before, after = released(), released()
    await write(database, before)
    async with relaying(database, bus):
        await until(lambda: bus.published == [before.id])
        await write(database, after)
        await until(lambda: bus.published == [before.id, after.id])
        await until(lambda: _settled(database))


async def test_what_rolls_back_was_never_said(database: Database, bus: RecordingBus) -> None:
    """The event shares the fate of the change it tells of."""
    async with relaying(database, bus):
        with pytest.raises(RuntimeError, match="changed my mind"):
            async with database.transaction() as connection:
                await outbox.add(connection, released())
                raise RuntimeError("changed my mind")
        event = released()
        await write(database, event)
        await until(lambda: bus.published == [event.id])


async def test_events_without_a_contract_are_not_written(database: Database) -> None:
    """What nobody promised cannot be said, and the transaction that tried fails."""
    with pytest.raises(ValueError, match="has no contract"):
        await write(database, released().model_copy(update={"type": "order.mislaid"}))
    assert await unpublished(database) == []


@pytest.mark.parametrize("refusal", [BusUnavailable("down"), Unroutable("no queue")], ids=["down", "unroutable"])
async def test_a_refused_event_waits_and_is_published_later(
    database: Database, bus: RecordingBus, refusal: Exception
) -> None:
    """It is not marked, not dropped, and goes out when the broker takes it."""
    bus.refuse = lambda _: refusal
    event = released()
    async with relaying(database, bus):
        await write(database, event)
        await until(lambda: len(bus.batches) >= 3)
        assert await unpublished(database) == [str(event.id)]
        bus.refuse = lambda _: None
        await until(lambda: bus.published == [event.id])
        await until(lambda: _settled(database))


async def test_each_subject_keeps_its_order_whatever_fails(database: Database, bus: RecordingBus) -> None:
    """Three subjects interleaved, one event refused five times: no event is ever out before its predecessor."""
    events = [released(subject) for _ in range(6) for subject in ("a", "b", "b", "c")]
    bad, failures = events[9], iter(range(5))
    bus.refuse = lambda event: BusUnavailable("") if event.id == bad.id and next(failures, None) is not None else None
    await write(database, *events)
    async with relaying(database, bus):
        await until(lambda: _settled(database))
    for subject in ("a", "b", "c"):
        written = [event.id for event in events if event.subject == subject]
        assert [found for found in dict.fromkeys(bus.published) if found in written] == written


async def test_what_was_confirmed_before_a_failure_is_not_sent_again(database: Database, bus: RecordingBus) -> None:
    """The first chunk is confirmed and marked although the second one fails."""
    one, two = released("a"), released("a")
    await write(database, one, two)
    bus.refuse = lambda event: BusUnavailable("") if event.id == two.id else None
    async with relaying(database, bus):
        await until(lambda: len(bus.batches) > 3)
        assert await unpublished(database) == [str(two.id)]
    assert bus.published == [one.id]


async def test_a_chunk_never_holds_two_events_of_a_subject(database: Database, bus: RecordingBus) -> None:
    """Everything in a chunk is sent at once, so nothing in it may depend on the order."""
    await write(database, *(released(subject) for _ in range(30) for subject in "abcd"))
    async with relaying(database, bus):
        await until(lambda: _settled(database))
    for batch in bus.batches:
        assert len({event.subject for event in batch}) == len(batch)


async def test_a_long_outbox_is_worked_off_without_waiting(
    database: Database, bus: RecordingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a batch: the next one follows at once, oldest first."""
    monkeypatch.setattr(relay, "BATCH", 10)
    events = [released() for _ in range(35)]
    await write(database, *events)
    async with relaying(database, bus):
        await until(lambda: _settled(database))
    assert bus.published == [event.id for event in events]


async def test_a_crash_between_confirm_and_mark_publishes_again(database: Database, bus: RecordingBus) -> None:
    """The session is cut when the broker has the event and the row does not say so yet: at least once, not never."""
    event = released()
    await write(database, event)
    bus.hold.clear()
    async with relaying(database, bus):
        await until(lambda: bus.batches)
        await _terminate_relays(database)
        bus.hold.set()
        await until(lambda: _settled(database))
    assert bus.published == [event.id, event.id]


async def test_one_relay_leads_and_the_other_takes_over(database: Database, postgres_url: str) -> None:
    """Two instances: all goes through one, and through the other when the first has stopped."""
    first, second = RecordingBus(), RecordingBus()
    async with opened(postgres_url) as other, relaying(database, first):
        await write(database, released())
        await until(lambda: first.published)
        async with relaying(other, second):
            await until(lambda: _listening(database, 2))
            await write(database, *(released() for _ in range(5)))
            await until(lambda: len(first.published) == 6)
            assert second.batches == []
            late = released()
            await _terminate_relays(database, but_not_waiting=True)
            await write(database, late)
            await until(lambda: late.id in first.published + second.published)


@pytest.mark.parametrize("end", ["kill", "freeze"])
async def test_the_lead_of_a_process_that_is_gone_is_taken_over(
    database: Database, bus: RecordingBus, postgres_url: str, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """kill -9 gives the lead away at once; a process that is frozen loses it with its idle session."""
    monkeypatch.setattr(relay, "POLL", 0.05)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", leader.__name__, postgres_url, stdout=-1, env=env
    )
    assert process.stdout is not None
    try:
        led = released()
        await write(database, led)
        assert (await process.stdout.readline()).decode().strip() == str(led.id)
        async with relaying(database, bus):
            await until(lambda: _listening(database, 2))
            await until(lambda: _settled(database))
            process.kill() if end == "kill" else process.send_signal(19)
            event = released()
            await write(database, event)
            await until(lambda: event.id in bus.published)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    assert led.id not in bus.published


async def test_a_row_that_cannot_be_read_is_kept_and_said(
    database: Database, bus: RecordingBus, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is dropped and nothing overtakes: the outbox stands still, and its age tells whoever watches."""
    async with database.transaction() as connection:
        await connection.execute(
            text("INSERT INTO outbox (event_id, subject, event) VALUES (gen_random_uuid(), 'x', '{}')")
        )
    event = released()
    await write(database, event)
    async with relaying(database, bus):
        await until(lambda: "the relay failed" in caplog.text)
        assert len(await unpublished(database)) == 2
        await rows(database, "DELETE FROM outbox WHERE subject = 'x' RETURNING 1")
        await until(lambda: bus.published == [event.id])


async def test_backlog_and_age_are_measured(
    database: Database, bus: RecordingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many wait and for how long, by every instance, leading or not; nothing and zero when all is out."""
    monkeypatch.setattr(relay, "HOUSEKEEPING", 0.01)
    monkeypatch.setattr(relay, "POLL", 0.05)
    bus.refuse = lambda _: BusUnavailable("")
    await write(database, released(), released(), released())
    await rows(database, "UPDATE outbox SET created_at = now() - interval '90 seconds' WHERE id = 2 RETURNING 1")
    before = REGISTRY.get_sample_value("outbox_published_total") or 0
    async with relaying(database, bus):
        await until(lambda: REGISTRY.get_sample_value("outbox_pending") == 3)
        assert 90 <= (REGISTRY.get_sample_value("outbox_oldest_seconds") or 0) < 120
        bus.refuse = lambda _: None
        await until(lambda: REGISTRY.get_sample_value("outbox_pending") == 0)
        assert REGISTRY.get_sample_value("outbox_oldest_seconds") == 0
    assert REGISTRY.get_sample_value("outbox_published_total") == before + 3


async def test_only_old_and_published_rows_are_forgotten(
    database: Database, bus: RecordingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that waits is never too old; an inbox row outlives every duplicate that could come."""
    monkeypatch.setattr(relay, "HOUSEKEEPING", 0.01)
    monkeypatch.setattr(relay, "POLL", 0.05)
    waiting, old, young = released(), released(), released()
    bus.refuse = lambda event: BusUnavailable("") if event.id == waiting.id else None
    await write(database, waiting, old, young)
    await rows(database, "UPDATE outbox SET created_at = now() - interval '9 years' RETURNING 1")
    await rows(
        database,
        "UPDATE outbox SET published_at = now() - CASE WHEN event_id = :old THEN interval '25 hours'"
        " ELSE interval '23 hours' END WHERE event_id <> :waiting RETURNING 1",
        old=old.id,
        waiting=waiting.id,
    )
    await rows(
        database,
        "INSERT INTO inbox (subscription, event_id, handled_at) VALUES ('s', :old, now() - interval '31 days'),"
        " ('s', :young, now() - interval '29 days') RETURNING 1",
        old=old.id,
        young=young.id,
    )
    async with relaying(database, bus):
        await until(lambda: _is(database, "SELECT event_id FROM inbox", [young.id]))
        await until(lambda: _is(database, "SELECT event_id FROM outbox ORDER BY id", [waiting.id, young.id]))


async def test_stop_finishes_the_batch_at_hand(database: Database, bus: RecordingBus) -> None:
    """What the broker is confirming is marked before the relay lets go."""
    bus.hold.clear()
    await write(database, released())
    async with relaying(database, bus) as running:
        await until(lambda: bus.batches)
        stopping = asyncio.create_task(running.stop())
        await asyncio.sleep(0.02)
        bus.hold.set()
        await stopping
        assert await unpublished(database) == []


async def test_a_relay_survives_its_database(database: Database, bus: RecordingBus) -> None:
    """Every session of it is cut, several times: it comes back and goes on."""
    async with relaying(database, bus):
        for _ in range(3):
            event = released()
            await until(lambda: _listening(database, 1))
            await _terminate_relays(database)
            await write(database, event)
            await until(lambda expected=event.id: expected in bus.published)  # type: ignore[misc]


async def test_spans_and_headers_of_a_batch_do_not_mix(database: Database, bus: RecordingBus) -> None:
    """Each event goes out as a child of the request that wrote it, not of its neighbour's."""
    traces = ["a" * 32, "b" * 32, ""]
    events = [
        released().model_copy(update={"traceparent": f"00-{trace}-{'1' * 16}-01" if trace else None})
        for trace in traces
    ]
    await write(database, *events)
    async with relaying(database, bus):
        await until(lambda: _settled(database))
    sent = {event.id: str(event.traceparent) for batch in bus.batches for event in batch}
    for event, trace in zip(events, traces, strict=True):
        assert trace in sent[event.id]
    assert sent[events[0].id] != events[0].traceparent


async def _settled(database: Database) -> bool:
    assert await unpublished(database) == []
    return True


async def _is(database: Database, statement: str, expected: list[object]) -> bool:
    assert await rows(database, statement) == expected
    return True


async def _listening(database: Database, relays: int) -> bool:
    """Whether that many relays have a session; theirs are the only ones that the server ends when they are idle."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query ~ 'LISTEN|advisory'"
    assert await rows(database, statement) == [relays]
    return True


async def _terminate_relays(database: Database, *, but_not_waiting: bool = False) -> None:
    """Cut the sessions that hold an advisory lock, or also those that wait for one."""
    held = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
    which = held if but_not_waiting else f"({held} OR query ~ 'LISTEN|advisory')"
    await rows(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE datname = current_database() AND pid <> pg_backend_pid() AND {which}",
    )
