"""Help: every key of every screen. Refuses keys of its own: it reads the bindings that the screens have."""

from __future__ import annotations

from collections.abc import Sequence
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
from tutor.tui.wrapped import hanging

MARGIN = 8
"""Columns that padding and the scrollbar take."""


class HelpScreen(TutorScreen):
    """The key tables under each other."""

    BINDINGS: ClassVar[list[BindingType]] = keys.PLAIN
    CSS_PATH = "help.tcss"

    def compose(self) -> ComposeResult:
        """One table per screen."""
        groups = dict(keys.groups())
        width = max(len(line.keys) for lines in groups.values() for line in lines)
        yield TopBar("Help", self.coach.index.title)
        with VerticalScroll(classes="page"):
            for title, lines in groups.items():
                yield Static(title, classes="title group")
                yield Static(_table(lines, width, self.app.size.width - MARGIN))
        yield KeyBar()


def _table(lines: Sequence[keys.KeyLine], width: int, room: int) -> Content:
    drawn = [hanging(Content.styled(f"{line.keys:>{width}}   ", "bold $accent"), line.does, room) for line in lines]
    return Content("\n").join(drawn)
