"""A Mermaid diagram, drawn with characters. Refuses to cut one off: what is too wide scrolls sideways."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import ScrollableContainer
from textual.events import Resize
from textual.widgets import Static

from tutor.tui.glyphs import ascii_only

WIDEST = 400
"""Columns that a drawing may take when it has to scroll sideways."""


class Diagram(ScrollableContainer):
    """One diagram, as airy as the width allows."""

    DEFAULT_CSS = """
    Diagram { height: auto; width: 1fr; overflow-x: auto; overflow-y: hidden; scrollbar-size-horizontal: 1; }
    Diagram > Static { width: auto; height: auto; color: $secondary; }
    """
    can_focus = False

    def __init__(self, source: str) -> None:
        super().__init__()
        self._source = source
        self._drawn_for = -1

    def compose(self) -> ComposeResult:
        """The drawing, made once the width is known."""
        yield Static(markup=False)

    def on_resize(self, event: Resize) -> None:
        """Draw for the width there is."""
        width = event.container_size.width if event.container_size else event.size.width
        if width != self._drawn_for:
            self._drawn_for = width
            self.query_one(Static).update(drawing(self._source, width) or self._source)


def drawing(source: str, width: int) -> str:
    """The diagram as text of at most `width` columns; where that cannot be had, wider; empty when it is no diagram."""
    from tutor.drawing import draw

    return draw(source, width, ascii_only=ascii_only()) or draw(source, WIDEST, ascii_only=ascii_only())
