"""The labs that are announced. Refuses to pretend that any of them can be started."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.tui import keys
from tutor.tui.screens.base import TutorScreen
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.top_bar import TopBar

SOON = (
    "Labs put you in front of a running system, break it, and check how you mend it. They are not in this version. "
    "These are planned:"
)


class LabsScreen(TutorScreen):
    """An honest list."""

    BINDINGS: ClassVar[list[BindingType]] = keys.PLAIN
    CSS_PATH = "help.tcss"

    def compose(self) -> ComposeResult:
        """What is coming, by topic."""
        index = self.coach.index
        topics = {topic.id: topic.title for topic in index.topics}
        yield TopBar("Labs", index.title)
        with VerticalScroll(classes="page"):
            yield Static("Coming, not there yet", classes="title")
            yield Static(SOON, classes="text")
            lines = [
                Content.assemble(("○ ", "$foreground 65%"), lab.title, "\n  ", (topics[lab.topic], "$foreground 65%"))
                for lab in index.labs
            ]
            yield Static(Content("\n").join(lines) if lines else "This pack announces no labs.")
        yield KeyBar()
