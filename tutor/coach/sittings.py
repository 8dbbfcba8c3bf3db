"""Starts a sitting, and finds the one that was left open. Refuses to drive it: that is `quiz`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from tutor.coach.quiz import Quiz
from tutor.errors import UsageError
from tutor.study.queue import build
from tutor.study.session import Session

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.event import Event
    from tutor.study.queue import Filter

RESUME_WITHIN = timedelta(hours=24)


def start(coach: Coach, wanted: Filter) -> Quiz:
    """Start a sitting with what passes `wanted`.

    Raises: UsageError when nothing does.
    """
    pending = build(coach.index.entries, coach.history, wanted, coach.now())
    if not pending:
        raise UsageError("There is nothing to ask.", _why_nothing(coach, wanted))
    raw = asdict(wanted)
    options = {key: sorted(value) if isinstance(value, frozenset) else value for key, value in raw.items()}
    event = coach.record(("session-started", {"queue": pending, "options": options}))[0]
    return Quiz(coach, Session(event.id, list(pending), cram=wanted.cram))


def resume(coach: Coach) -> Quiz | None:
    """The last sitting, unless it was ended, is over, or was started too long ago."""
    started = next((event for event in reversed(coach.events) if event.kind == "session-started"), None)
    if started is None or coach.now() - started.at > RESUME_WITHIN:
        return None
    own = [event for event in coach.events if _belongs(event, started.id)]
    if any(event.kind == "session-ended" for event in own):
        return None
    known = {entry.id for entry in coach.index.entries}
    pending = [question for question in started.body["queue"] if question in known]
    quiz = Quiz(coach, Session(started.id, pending, cram=started.body["options"]["cram"]))
    quiz.replay([event for event in own if event.body.get("question") in known])
    return quiz if quiz.ask else None


def _belongs(event: Event, session: str) -> bool:
    return event.kind != "session-started" and event.body.get("session") == session


def _why_nothing(coach: Coach, wanted: Filter) -> str:
    if wanted.missed:
        return "Nothing was missed the last time it was asked. See what is due: tutor progress"
    passing = [entry.id for entry in coach.index.entries if wanted.admits(entry)]
    if not passing:
        return "No question of this pack fits these options. See what there is: tutor quiz --help"
    if coach.history.suspended.issuperset(passing):
        return "Every question that fits these options is suspended. See which: tutor progress"
    next_due = coach.standing().next_due
    when = f" The next one is due {next_due.astimezone():%A %d %B at %H:%M}." if next_due else ""
    return f"All caught up.{when} To go on without touching the schedule: tutor quiz --cram"
