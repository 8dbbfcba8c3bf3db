"""The first run: the loop in three lines, its keys, and straight into the first question. Refuses to ask anything."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tutor.tui import keys
from tutor.tui.messages import AskQuestions
from tutor.tui.screens.base import TutorScreen
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.top_bar import TopBar

LOOP = (
    ("Answer", "first, say how sure you are, then see why it is right."),
    ("Come back", "when a question is due: your ratings decide when."),
    ("Prove it", "in a mock interview; what you miss becomes due again."),
)
FIRST_KEYS = (
    ("Enter", "answer"),
    ("1-5", "say how sure"),
    ("1-4", "rate"),
    ("u", "undo"),
    ("?", "help"),
    ("q", "quit"),
)


class WelcomeScreen(TutorScreen):
    """Shown once, before anything was answered."""

    BINDINGS: ClassVar[list[BindingType]] = keys.WELCOME
    CSS_PATH = "welcome.tcss"

    def compose(self) -> ComposeResult:
        """One screen of 80 x 24."""
        index = self.coach.index
        yield TopBar("Welcome", index.title)
        with Vertical(id="welcome"):
            yield Static("Ready for the interview, with numbers to show for it", id="promise")
            yield Static(_loop(), id="loop")
            yield Static(_keys(), id="keys")
            yield Static(
                Content.assemble((" Enter ", "bold $background on $accent"), ("  Your first ten questions", "bold")),
                id="start",
            )
            yield Static("From every topic, about ten minutes. Leave at any time: all is kept.", classes="muted after")
        yield KeyBar()

    def action_start(self) -> None:
        """Into the first question, with Home underneath."""
        from tutor.tui.screens.home_view import first_questions

        self.app.post_message(AskQuestions(first_questions()))
        self.dismiss()

    def on_click(self) -> None:
        """A click on the start starts."""
        if self.query_one("#start").is_mouse_over:
            self.action_start()


def _loop() -> Content:
    lines = [
        Content.assemble((f"{number}  ", "bold $accent"), (f"{name:11}", "bold"), text)
        for number, (name, text) in enumerate(LOOP, 1)
    ]
    return Content("\n\n").join(lines)


def _keys() -> Content:
    drawn = [Content.assemble((key, "bold $accent"), f" {does}") for key, does in FIRST_KEYS]
    return Content.styled(" · ", "$foreground 40%").join(drawn)
