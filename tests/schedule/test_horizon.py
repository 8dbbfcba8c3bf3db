"""An interview date pulls due times in, so that everything is seen again in time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core import START, zone
from tutor.schedule.horizon import MIN_CAP_DAYS, days_left, due_by, local_day, new_per_day
from tutor.schedule.memory import Memory

TODAY = START.date()


def memory(wait: timedelta, last: datetime = START) -> Memory:
    """A memory that is due after `wait`."""
    return Memory(None, False, 10.0, 5.0, last + wait, last, 1, 0)


@pytest.mark.parametrize(
    ("left", "cap"), [(0, 2), (1, 2), (2, 2), (4, 2), (5, 2), (6, 3), (10, 5), (60, 30)], ids=lambda value: f"{value}"
)
def test_no_wait_is_longer_than_half_of_what_is_left(left: int, cap: int) -> None:
    """The cap is half of the days left, never under two days; today and tomorrow included."""
    due = due_by(memory(timedelta(days=400)), TODAY + timedelta(days=left), START)
    assert due == START + timedelta(days=cap)


@pytest.mark.parametrize("interview", [None, TODAY - timedelta(days=1), date(2020, 1, 1)])
def test_without_an_interview_ahead_the_memory_decides(interview: date | None) -> None:
    """No date, or one that has passed, bends nothing."""
    assert due_by(memory(timedelta(days=400)), interview, START) == START + timedelta(days=400)


@given(st.integers(0, 400), st.floats(0.01, 2000), st.integers(0, 400))
def test_due_times_are_only_ever_pulled_in(left: int, wait: float, ago: int) -> None:
    """Never later than FSRS says, never later than the cap, never before the last review."""
    held = memory(timedelta(days=wait), START - timedelta(days=ago))
    due = due_by(held, TODAY + timedelta(days=left), START)
    assert held.last <= due <= held.due
    assert due - held.last <= timedelta(days=max(MIN_CAP_DAYS, left // 2))


@given(st.floats(0.01, 2000), st.integers(0, 400))
def test_on_the_day_nothing_is_older_than_two_days_without_being_due(wait: float, ago: int) -> None:
    """On the day of the interview a question is due, or was seen within the last two days."""
    held = memory(timedelta(days=wait), START - timedelta(days=ago))
    assert due_by(held, TODAY, START) <= START or ago < MIN_CAP_DAYS


@pytest.mark.parametrize("interview", [None, TODAY + timedelta(days=9)])
def test_what_was_last_seen_in_the_future_is_due_now(interview: date | None) -> None:
    """More than a day ahead, the clock was wrong, so nobody knows how old the memory is; less is left alone."""
    assert due_by(memory(timedelta(days=3), START + timedelta(days=400)), interview, START) == START
    near = START + timedelta(hours=23)
    assert due_by(memory(timedelta(days=3), near), interview, START) == near + timedelta(days=3)


@given(st.integers(0, 5000), st.integers(0, 400))
def test_daily_portions_add_up(unseen: int, left: int) -> None:
    """Meeting that many a day meets all of them before the interview, and one less a day would not."""
    interview = TODAY + timedelta(days=left)
    daily, days = new_per_day(unseen, interview, TODAY), max(1, left)
    assert daily * days >= unseen
    assert daily == 0 or (daily - 1) * days < unseen


def test_days_left_is_never_negative() -> None:
    """A date that has passed leaves no days."""
    assert days_left(TODAY - timedelta(days=3), TODAY) == 0


@pytest.mark.parametrize(("name", "day"), [("Pacific/Auckland", 3), ("America/Los_Angeles", 2), ("UTC", 2)])
def test_days_are_those_of_the_learners_calendar(name: str, day: int) -> None:
    """Noon in Greenwich is already tomorrow in Auckland, and an interview there is that much nearer."""
    with zone(name):
        assert local_day(datetime(2026, 3, 2, 12, tzinfo=UTC)) == date(2026, 3, day)
        bent = due_by(memory(timedelta(days=400)), date(2026, 3, 2), START)
    assert bent == START + timedelta(days=400 if day == 3 else 2)
