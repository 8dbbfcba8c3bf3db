"""A Mermaid diagram, drawn with characters. Refuses to cut one off: what is too wide scrolls sideways."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import ScrollableContainer
from textual.events import Resize
from textual.widgets import Static

from tutor.tui.glyphs import ascii_only

LOOSE_TO_TIGHT = ((2, 1, 4), (2, 0, 2), (1, 0, 2))
"""Padding across, padding down and gap, from the airiest drawing to the smallest."""


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
            self.query_one(Static).update(drawing(self._source, width))


def drawing(source: str, width: int) -> str:
    """The diagram as text, at most `width` columns wide when that can be had."""
    from termaid import render

    text = ""
    for across, down, gap in LOOSE_TO_TIGHT:
        text = render(source, use_ascii=ascii_only(), padding_x=across, padding_y=down, gap=gap).rstrip()
        if max(map(len, text.splitlines()), default=0) <= width:
            break
    return text
