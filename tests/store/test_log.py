"""The log keeps what it was given, in order, and never changes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core import START, Clock
from tutor.errors import StoreError
from tutor.event import Event
from tutor.store.log import Log

Open = Callable[..., Log]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens stores by name, and closes them after the test."""
    logs: list[Log] = []

    def open_(name: str = "progress.db", now: Callable[[], datetime] | None = None) -> Log:
        logs.append(Log(tmp_path / name, now or Clock()))
        return logs[-1]

    yield open_
    for log in logs:
        log.close()


def test_what_was_appended_is_read_back(opened: Open) -> None:
    """Events come back as they were handed out, from this and from another connection."""
    log = opened()
    written = log.append(("one", "p", {"text": "naïve 🙂\n\x00", "list": (1, 2), "n": None}), ("two", "other", {}))
    assert log.events() == opened().events() == written
    assert log.events("p") == written[:1]
    assert written[0].body == {"text": "naïve 🙂\n\x00", "list": [1, 2], "n": None}


def test_only_foreign_writes_are_told(opened: Open) -> None:
    """Own writes do not count; an event or a draft of another connection does, once."""
    log, other = opened(), opened()
    before = log.foreign_writes()
    log.append(("k", "p", {}))
    assert log.foreign_writes() == before
    other.append(("k", "p", {}))
    after = log.foreign_writes()
    assert after != before
    assert log.foreign_writes() == after


def test_half_characters_do_not_stop_an_answer(opened: Open) -> None:
    """A lone surrogate, as terminals with a wrong encoding send, is kept as a question mark."""
    log = opened()
    assert log.append(("k", "p", {"text": "a\ud800b"}))[0].body == {"text": "a?b"}
    log.keep_draft("d", "x\udcff")
    assert log.draft("d") == "x?"


def test_what_is_not_json_is_refused_whole(opened: Open) -> None:
    """A body that JSON cannot say raises, and nothing of the batch is written."""
    log = opened()
    with pytest.raises(ValueError, match="JSON"):
        log.append(("fine", "p", {}), ("bad", "p", {"n": float("nan")}))
    assert log.events() == []


def test_events_are_never_changed_or_removed(opened: Open) -> None:
    """Not even by another program that writes SQL."""
    log = opened()
    log.append(("k", "p", {}))
    with closing(sqlite3.connect(log.path)) as db:
        for sql in ("UPDATE events SET kind = 'x'", "DELETE FROM events", "REPLACE INTO events SELECT * FROM events"):
            if sql.startswith("REPLACE"):
                db.execute("PRAGMA recursive_triggers = ON")
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(sql)
    assert len(log.events()) == 1


def test_ids_sort_as_events_happened(opened: Open) -> None:
    """Within one tick of the clock, in one batch and over many, from two connections, order is kept."""
    one, two = opened(now=lambda: START), opened(now=lambda: START)
    written = [event for _ in range(20) for log in (one, two) for event in log.append(("a", "p", {}), ("b", "p", {}))]
    assert [event.id for event in written] == sorted({event.id for event in written})
    assert one.events() == written


def test_a_clock_set_back_a_little_keeps_the_order(opened: Open) -> None:
    """After a correction of minutes the next event still comes last; after one of days it tells its own time."""
    clock = Clock()
    log = opened(now=clock)
    first = log.append(("k", "p", {}))[0]
    clock.pass_(minutes=-30)
    second = log.append(("k", "p", {}))[0]
    assert log.events() == [first, second]
    assert second.at == first.at
    clock.pass_(days=-3)
    third = log.append(("k", "p", {}))[0]
    assert third.at < first.at
    assert log.events() == [third, first, second]


def test_times_are_kept_in_utc(opened: Open) -> None:
    """Whatever zone the clock tells, events are in UTC."""
    eastern = timezone(timedelta(hours=-5))
    event = opened(now=lambda: START.astimezone(eastern)).append(("k", "p", {}))[0]
    assert (event.at, event.at.tzinfo) == (START, UTC)


def test_drafts_are_kept_replaced_and_forgotten(opened: Open) -> None:
    """A draft survives a restart, the last one counts, an empty one is none; no draft is an event."""
    log = opened()
    assert log.draft("a") == ""
    log.keep_draft("a", "one")
    log.keep_draft("a", "two")
    log.keep_draft("b", "other")
    assert opened().draft("a") == "two"
    log.keep_draft("a", "")
    assert (log.draft("a"), log.draft("b"), log.events()) == ("", "other", [])


@pytest.mark.parametrize(
    ("at", "body"), [("2026-03-02T12:00:00+00:00", "{not json"), ("2026-03-02T12:00:00+00:00", "[1]"), ("never", "{}")]
)
def test_an_event_that_another_program_broke_is_named(at: str, body: str, opened: Open) -> None:
    """A row that is no event any more is a store error that names it."""
    log = opened()
    with closing(sqlite3.connect(log.path)) as db, db:
        db.execute("INSERT INTO events VALUES ('01BROKEN', ?, 'k', 'p', ?)", (at, body))
    with pytest.raises(StoreError, match="01BROKEN"):
        log.events()


def _events(numbers: set[int]) -> list[Event]:
    return [Event(f"{n:026d}", START + timedelta(hours=-n % 7), "k", "p", {"n": n}) for n in sorted(numbers)]


NUMBERS = st.sets(st.integers(0, 30), max_size=12)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_merging_is_a_set_union(one: set[int], two: set[int], three: set[int]) -> None:
    """Commutative, associative, idempotent; the count says what was new."""

    def merged(*parts: set[int]) -> list[Event]:
        log = Log(Path(":memory:"), Clock())
        known: set[int] = set()
        for part in parts:
            assert log.merge(_events(part)) == len(part - known)
            known |= part
        events = log.events()
        log.close()
        return events

    assert merged(one, two, three) == merged(three, one, two) == merged(one | two, three) == merged(one, two | three)
    assert merged(one, one) == merged(one)
    assert {event.body["n"] for event in merged(one, two, three)} == one | two | three


def test_an_event_that_contradicts_the_one_here_stops_the_merge(opened: Open) -> None:
    """The same id with another body means that somebody edited an export: nothing of it is taken."""
    log = opened()
    log.merge(_events({1}))
    forged = Event(_events({1})[0].id, START, "k", "p", {"n": 99})
    with pytest.raises(StoreError, match="differs"):
        log.merge([*_events({2, 3}), forged])
    assert log.events() == _events({1})
