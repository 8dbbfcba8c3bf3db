"""What Home proposes, as a value. Refuses to draw, to log, and to propose two things at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from tutor.study.queue import Filter

if TYPE_CHECKING:
    from tutor.coach.mock import PastMock
    from tutor.coach.quiz import Quiz
    from tutor.study.standing import Standing

SITTING = 20
FIRST_STEPS = 10
FRESH_MOCK = timedelta(hours=24)
"""An interview left open for less than this comes before anything but an open sitting."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The one thing to do now: `wanted` or `run` says with what."""

    kind: Literal["continue", "due", "new", "mock", "cram"]
    title: str
    detail: str
    wanted: Filter | None = None
    run: str = ""


def first_questions() -> Filter:
    """The first sitting of all: a few questions from every topic."""
    return Filter(limit=FIRST_STEPS, new=FIRST_STEPS)


def fresh_count(standing: Standing) -> int:
    """How many new questions to propose: the day's share of the plan, or a handful."""
    return min(standing.unseen, SITTING, max(5, standing.new_per_day or FIRST_STEPS))


def sitting(left_open: bool, standing: Standing) -> Filter | None:
    """What the quiz key asks: the open sitting (None), what is due and then new ones, or cram when caught up."""
    if left_open:
        return None
    if standing.due_now or standing.unseen:
        return Filter(limit=SITTING, new=fresh_count(standing))
    return Filter(limit=FIRST_STEPS, cram=True)


def proposal(standing: Standing, quiz: Quiz | None, mocks: Sequence[PastMock], now: datetime) -> Proposal:
    """The one thing to do now, given where the learner stands."""
    ask = quiz.ask if quiz else None
    if ask:
        done = ask.position - 1
        detail = f"{_count(ask.total - done, 'question')} to go."
        return Proposal("continue", f"Continue your sitting, {done} of {ask.total} answered", detail)
    opened = next((mock for mock in mocks if mock.open), None)
    if opened and now - opened.touched < FRESH_MOCK:
        return _mock(opened)
    if standing.due_now:
        asked = min(standing.due_now, SITTING)
        later = f" {standing.due_now - asked} more wait behind them." if standing.due_now > asked else ""
        detail = f"You saw them before; now is when answering them helps most.{later}"
        return Proposal("due", f"Answer {_count(asked, 'due question')}", detail, Filter(limit=SITTING, new=0))
    if standing.unseen:
        asked = fresh_count(standing)
        detail = f"Nothing is due. {standing.unseen} of {standing.total} questions are still new to you."
        return Proposal("new", f"Meet {_count(asked, 'new question')}", detail, Filter(limit=asked, new=asked))
    if opened:
        return _mock(opened)
    return Proposal("cram", "All caught up", f"{_next(standing, now)} Enter practices the weakest ten meanwhile.",
                    Filter(limit=FIRST_STEPS, cram=True))  # fmt: skip


def span(wait: timedelta) -> str:
    """A wait in words, such as `3 hours`."""
    minutes = max(1, round(wait.total_seconds() / 60))
    if minutes < 60:
        return _count(minutes, "minute")
    if minutes < 48 * 60:
        return _count(round(minutes / 60), "hour")
    return _count(round(minutes / 1440), "day")


def _mock(mock: PastMock) -> Proposal:
    where = f"stage {mock.stage} of {mock.stages}" if mock.phase != "clarify" else "before the first stage"
    return Proposal("mock", "Go on with your mock interview", f"{mock.title}: {where}.", run=mock.id)


def _next(standing: Standing, now: datetime) -> str:
    if standing.next_due is None:
        return "Nothing is scheduled."
    at = standing.next_due.astimezone()
    day = "today" if at.date() == now.astimezone().date() else f"on {at:%A}"
    return f"The next question is due {day} at {at:%H:%M}, in {span(standing.next_due - now)}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
