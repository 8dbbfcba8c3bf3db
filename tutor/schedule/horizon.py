"""Bends the schedule towards an interview date: nothing may wait past it. Refuses to touch memories: only due times.

Without this, a well-known question might next be due weeks after the interview. The cap is half of the days left,
but never under two days, so that the last week does not ask everything every day.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import ceil

from tutor.schedule.memory import Memory

MIN_CAP_DAYS = 2


def days_left(interview: date, today: date) -> int:
    """Whole days from `today` to the interview, never negative."""
    return max(0, (interview - today).days)


def due_by(memory: Memory, interview: date | None, now: datetime) -> datetime:
    """When the question is due, given the interview. After the interview, or without one, FSRS alone decides."""
    if interview is None or interview < now.date():
        return memory.due
    cap = max(MIN_CAP_DAYS, days_left(interview, now.date()) // 2)
    return min(memory.due, memory.last + timedelta(days=cap))


def new_per_day(unseen: int, interview: date, today: date) -> int:
    """How many unseen questions to meet each day so that all are seen the day before the interview."""
    return ceil(unseen / max(1, days_left(interview, today)))
