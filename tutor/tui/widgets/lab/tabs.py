"""The line of tabs over the panes of a lab. Refuses to know what is in them."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import RenderResult
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class LabTabs(Widget):
    """Names with their numbers; those that are shown stand out."""

    DEFAULT_CSS = """
    LabTabs { height: 1; background: $surface; padding: 0 1; }
    """
    ALLOW_SELECT = False

    shown: reactive[frozenset[int]] = reactive(frozenset())

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, tab: int) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = tuple(names)
        self._spans: list[tuple[int, int]] = []

    def render(self) -> RenderResult:
        """One line."""
        line, self._spans = Content(""), []
        for number, name in enumerate(self._names):
            start = line.cell_length
            style = "bold reverse $primary" if number in self.shown else "$foreground 75%"
            line = Content.assemble(line, (f" {number + 1} {name} ", style))
            self._spans.append((start, line.cell_length))
        return line

    def on_click(self, event: events.Click) -> None:
        """Choose the tab that was clicked."""
        at = event.get_content_offset(self)
        for number, (start, end) in enumerate(self._spans):
            if at and start <= at.x < end:
                self.post_message(self.Chosen(number))
