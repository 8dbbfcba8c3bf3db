"""A page that a lab opens: a solution, the debrief, where everything is. Refuses to change anything of the lab."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll

from tutor.tui import keys
from tutor.tui.screens.base import TutorScreen
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.prose import Prose
from tutor.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from tutor.coach.coach import Coach


class LabPage(TutorScreen):
    """A title and a text."""

    BINDINGS: ClassVar[list[BindingType]] = keys.PLAIN
    CSS_PATH = "help.tcss"

    def __init__(self, coach: Coach, title: str, text: str) -> None:
        super().__init__(coach)
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """The text, to scroll."""
        yield TopBar(self._title, self.coach.index.title)
        with VerticalScroll(classes="page"):
            yield Prose(self._text, open_links=False)
        yield KeyBar()
