"""What the command palette offers beside keys. Refuses commands that have no key or screen of their own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand

if TYPE_CHECKING:
    from tutor.tui.app import TutorApp

PLACES = (
    ("Home", "home", "What to do now"),
    ("Quiz", "quiz", "Go on with the open sitting, or answer what is due"),
    ("Mock interviews", "mock", "Start one, take one up, compare"),
    ("Recap", "recap", "Read and search what each day teaches"),
    ("Progress", "progress", "Recall, confidence, streak, interview date"),
    ("Checklist", "checklist", "What you can claim, with the evidence"),
    ("Tips", "tips", "How to answer"),
    ("Labs", "labs", "Hands-on: break a running system, mend it, prove it"),
    ("Help", "help", "Every key of every screen"),
)


def commands(app: TutorApp) -> Iterator[SystemCommand]:
    """Screens first, then days, scenarios, the theme and the way out."""
    for title, name, does in PLACES:
        yield SystemCommand(title, does, partial(app.open_screen, name))
    for topic in app.coach.index.topics:
        if topic.recap:
            title = f"Day {topic.day}: {topic.title}" if topic.day else topic.title
            yield SystemCommand(f"Read {title}", topic.blurb, partial(app.open_screen, "recap", topic.id))
    for scenario in app.coach.index.scenarios:
        does = f"A mock interview, {scenario.level}, about {scenario.minutes} minutes"
        yield SystemCommand(f"Mock: {scenario.title}", does, partial(app.take_mock, scenario.id, ""))
    titles = {lab.id: lab.title for lab in app.coach.index.labs}
    for lab in sorted(app.coach.lab_ids):
        yield SystemCommand(f"Lab: {titles.get(lab, lab)}", "Start it, or go on with it", partial(app.open_lab, lab))
    yield SystemCommand("Theme: light or dark", "Change the colors", app.action_toggle_theme)
    yield SystemCommand("Quit", "Leave; everything answered so far is kept", app.exit)
