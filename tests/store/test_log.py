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


@pytest.mark.parametrize("back", [{"minutes": -30}, {"days": -3}, {"days": -9000}], ids=str)
def test_what_is_decided_last_comes_last_whatever_the_clock_says(back: dict[str, float], opened: Open) -> None:
    """After the clock was set back, new events come after the old ones, and still tell the clock's own time."""
    clock = Clock()
    log = opened(now=clock)
    written = log.append(("suspended", "p", {}))
    clock.pass_(**back)
    written += [event for _ in range(5) for event in log.append(("unsuspended", "p", {}), ("more", "p", {}))]
    assert log.events() == written
    assert [event.id for event in written] == sorted({event.id for event in written})
    assert written[1].at == written[0].at + timedelta(seconds=1, **back)


def test_two_machines_that_took_in_the_same_future_stay_mergeable(opened: Open) -> None:
    """After importing from a machine with a fast clock, each one's new events come last, under ids of their own."""
    fast, one, two = opened("fast.db", Clock(START + timedelta(days=4000))), opened("one.db"), opened("two.db")
    future = fast.append(("planned", "p", {"interview": "2999-01-31"}))
    for log in (one, two):
        log.merge(future)
        mine = log.append(("planned", "p", {"interview": None, "by": log.path.name}))
        assert log.events() == future + mine
    assert one.merge(two.events()) == 1
    assert two.merge(one.events()) == 1
    assert one.events() == two.events()


@pytest.mark.parametrize("id_", ["zzz", "7" + "Z" * 25, "06JZZZZZZZZZZZZZZZZZZZZZZU", "9" * 26])
def test_a_foreign_last_row_does_not_stop_an_answer(id_: str, opened: Open) -> None:
    """An id that no event can have, a time without a zone: new events are written, after the last real one."""
    log = opened()
    first = log.append(("k", "p", {}))
    _broken(log.path, id_, "2026-03-02T12:00:00", "{}")
    second = log.append(("k", "p", {}))
    assert first[0].id < second[0].id < id_
    assert log.rescue() == (first + second, [id_])


@pytest.mark.parametrize("year", [1, 1969, 2200, 9999])
def test_a_clock_without_sense_is_refused(year: int, opened: Open) -> None:
    """A year that calendars cannot take further is a sentence before anything is written."""
    log = opened(now=lambda: datetime(year, 6, 1, tzinfo=UTC))
    with pytest.raises(StoreError, match="clock"):
        log.append(("k", "p", {}))
    assert log.events() == []


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


def _broken(path: Path, id_: str, at: str, body: str) -> None:
    """A row that another program wrote."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO events VALUES (?, ?, 'k', 'p', ?)", (id_, at, body))


NOON = "2026-03-02T12:00:00+00:00"
BROKEN_ID = "01BR0KEN000000000000000000"


@pytest.mark.parametrize(
    ("at", "body"),
    [
        (NOON, "{not json"),
        (NOON, "[1]"),
        (NOON, "{} {}"),
        (NOON, '{"n": NaN}'),
        (NOON, "[" * 100_000),
        ("never", "{}"),
        ("2026-03-02T12:00:00", "{}"),
        ("0001-01-01T00:00:00+14:00", "{}"),
        ("9999-12-31T23:59:59-12:00", "{}"),
    ],
    ids=range(9),
)
def test_an_event_that_another_program_broke_is_named(at: str, body: str, opened: Open) -> None:
    """A row that is no event any more is a store error that names it and the rescue, which keeps all the others."""
    log = opened()
    good = log.append(("k", "p", {"text": "naïve"}))
    _broken(log.path, BROKEN_ID, at, body)
    with pytest.raises(StoreError, match=f"{BROKEN_ID}[^!]*tutor export json"):
        log.events()
    assert log.rescue() == (good, [BROKEN_ID])
    good += log.append(("k", "p", {}))
    assert log.rescue() == (good, [BROKEN_ID])


def test_bytes_that_are_no_text_are_left_out(opened: Open) -> None:
    """A row that is not UTF-8 stops reading with a sentence, and not the rescue."""
    log = opened()
    good = log.append(("k", "p", {}))
    with closing(sqlite3.connect(log.path)) as db, db:
        db.execute("INSERT INTO events VALUES (?, ?, 'k', 'p', CAST(x'7bff7d' AS TEXT))", (BROKEN_ID, NOON))
    with pytest.raises(StoreError, match=r"tutor export json"):
        log.events()
    assert log.rescue() == (good, [BROKEN_ID])


@pytest.mark.parametrize("when", ["BEFORE", "AFTER"])
def test_a_foreign_trigger_cannot_swallow_an_answer(when: str, opened: Open) -> None:
    """Where another program's trigger drops what is written, nothing is claimed to be kept."""
    log = opened()
    known = log.append(("k", "p", {}))
    with closing(sqlite3.connect(log.path)) as db:
        act = "SELECT RAISE(IGNORE)" if when == "BEFORE" else "UPDATE events SET kind = 'x'"
        db.execute("DROP TRIGGER events_are_never_changed")
        db.execute(f"CREATE TRIGGER theirs {when} INSERT ON events BEGIN {act}; END")
    with pytest.raises(StoreError):
        log.append(("lost", "p", {}))
    with pytest.raises(StoreError):
        log.merge(_events({1}))
    assert log.events() == known


@pytest.mark.parametrize("there", [False, True])
def test_a_store_that_was_moved_away_is_not_written_to(there: bool, opened: Open) -> None:
    """Once the file has gone, or another lies in its place, an answer is refused; put back, it is taken again."""
    log = opened()
    written = log.append(("k", "p", {}))
    away = log.path.rename(log.path.with_name("away.db"))
    if there:
        log.path.touch()
    for act in (lambda: log.append(("k", "p", {})), lambda: log.keep_draft("d", "text")):
        with pytest.raises(StoreError, match="moved or deleted"):
            act()
    away.rename(log.path)
    assert opened().events() == written
    log.append(("k", "p", {}))
    assert len(opened().events()) == 2


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
