"""Starts a sitting, and finds the one that was left open. Refuses to drive it: that is `quiz`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tutor.coach.quiz import Quiz
from tutor.errors import NothingToAsk
from tutor.study.queue import build
from tutor.study.session import Session

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.event import Event
    from tutor.study.queue import Filter

RESUME_WITHIN = timedelta(hours=24)


def start(coach: Coach, wanted: Filter) -> Quiz:
    """Start a sitting with what passes `wanted`.

    Raises: NothingToAsk when nothing does.
    """
    pending = build(coach.index.entries, coach.history, wanted, coach.now())
    if not pending:
        raise NothingToAsk("There is nothing to ask.", _why_nothing(coach, wanted))
    raw = asdict(wanted)
    options = {key: sorted(value) if isinstance(value, frozenset) else value for key, value in raw.items()}
    event = coach.record(("session-started", {"queue": pending, "options": options}))[0]
    return Quiz(coach, Session(event.id, list(pending), cram=wanted.cram, side=on_the_side(options)))


def resume(coach: Coach) -> Quiz | None:
    """The sitting to go on with: the newest main one, unless one on the side left an answer unrated.

    Starting a main sitting ends the main ones before it, a sitting on the side ends none.
    """
    main_seen = False
    for started in reversed([event for event in coach.events if event.kind == "session-started"]):
        side = on_the_side(started.body["options"])
        if side or not main_seen:
            quiz = _opened(coach, started)
            if quiz and (quiz.reveal or not side):
                return quiz
        main_seen = main_seen or not side
    return None


def take_up(coach: Coach, session: str) -> Quiz | None:
    """The sitting of this id, or None when it is over."""
    started = next((event for event in coach.events if event.id == session and event.kind == "session-started"), None)
    return _opened(coach, started) if started else None


def on_the_side(options: Mapping[str, Any]) -> bool:
    """True for a few questions asked in between: those of a section or of a checklist item, those just missed."""
    return bool(options.get("questions") or options.get("missed"))


def _opened(coach: Coach, started: Event) -> Quiz | None:
    """A sitting as it was left, unless it was ended, is over, or was started too long ago."""
    if coach.now() - started.at > RESUME_WITHIN:
        return None
    own = [event for event in coach.events if _belongs(event, started.id)]
    if any(event.kind == "session-ended" for event in own):
        return None
    known = {entry.id for entry in coach.index.entries}
    pending = [question for question in started.body["queue"] if question in known]
    options = started.body["options"]
    quiz = Quiz(coach, Session(started.id, pending, cram=options["cram"], side=on_the_side(options)))
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
