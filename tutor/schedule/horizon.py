"""Bends the schedule towards an interview date. Refuses to touch memories: only due times.

Without this, a well-known question might next be due weeks after the interview. The cap is half of the days left,
but never under two days, so that the last week does not ask everything every day. So on the day of the interview
each question that was ever seen is due, or was seen within the last two days.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import ceil

from tutor.schedule.memory import Memory

MIN_CAP_DAYS = 2
CLOCK_LEAD = timedelta(days=1)
"""How far a review may lie in the future before its time is not believed."""


def local_day(now: datetime) -> date:
    """The day on the learner's own calendar, on which interviews happen and streaks are kept."""
    return now.astimezone().date()


def days_left(interview: date, today: date) -> int:
    """Whole days from `today` to the interview, never negative."""
    return max(0, (interview - today).days)


def due_by(memory: Memory, interview: date | None, now: datetime) -> datetime:
    """When the question is due, given the interview. After the interview, or without one, FSRS alone decides.

    A memory that was last seen in the future was dated by a clock that was ahead: nobody knows how old it is, so it
    is due now.
    """
    if memory.last > now + CLOCK_LEAD:
        return now
    today = local_day(now)
    if interview is None or interview < today:
        return memory.due
    cap = max(MIN_CAP_DAYS, days_left(interview, today) // 2)
    return min(memory.due, memory.last + timedelta(days=cap))


def new_per_day(unseen: int, interview: date, today: date) -> int:
    """How many unseen questions to meet each day so that all are seen the day before the interview."""
    return ceil(unseen / max(1, days_left(interview, today)))
