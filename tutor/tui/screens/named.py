"""Ids in words that a person knows: a question by how it begins, a topic by its title. Refuses to show an id first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.errors import TutorError
from tutor.tui.screens.base import headline

if TYPE_CHECKING:
    from tutor.coach.coach import Coach


def prompt_of(coach: Coach, id_: str, width: int = 90) -> str:
    """How a question begins, cut at `width` characters; its id when the pack has lost it."""
    try:
        return headline(coach.library.question(id_).prompt, width)
    except TutorError:
        return id_


def topic_of(coach: Coach, id_: str) -> str:
    """The day and title of a question's topic: `Day 44, API gateway`; empty when the pack has lost it."""
    topic = next((entry.topic for entry in coach.index.entries if entry.id == id_), "")
    known = next((one for one in coach.index.topics if one.id == topic), None)
    if known is None:
        return ""
    return f"Day {known.day}, {known.title}" if known.day else known.title


def place_of(coach: Coach, id_: str) -> str:
    """Where the recap explains a question: `topic/section` when a section links to it, else its topic; may be empty."""
    topic = next((entry.topic for entry in coach.index.entries if entry.id == id_), "")
    if not any(known.id == topic and known.recap for known in coach.index.topics):
        return ""
    try:
        sections = coach.library.recap(topic).sections
    except TutorError:
        return ""
    return next((f"{topic}/{section.id}" for section in sections if id_ in section.questions), topic)
