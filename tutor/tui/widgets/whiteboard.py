"""A whiteboard: Mermaid text, drawn live beside it. Refuses to complain loudly while a line is half typed."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import ScrollableContainer, Vertical
from textual.message import Message
from textual.widgets import Label, Static, TextArea

from tutor.tui.widgets.diagram import drawing

EXAMPLE = """Nothing is drawn yet. An example:

graph LR
  client --> gateway
  gateway --> orders
  orders --> db[(orders db)]
"""
DRAW_AFTER = 0.25
"""Seconds without typing before it is drawn again."""


class Whiteboard(Vertical):
    """Text on one side, the drawing on the other; `text` is what was typed."""

    DEFAULT_CSS = """
    Whiteboard { height: 1fr; min-height: 8; layout: grid; grid-size: 2 2; grid-rows: 1fr 1; grid-columns: 1fr 2fr; }
    Whiteboard TextArea { height: 1fr; min-height: 4; border: round $border-blurred; padding: 0; }
    Whiteboard .text-area--placeholder { color: $foreground 60%; text-style: italic; }
    Whiteboard TextArea:focus { border: round $accent; }
    Whiteboard ScrollableContainer { height: 1fr; min-height: 4; border: round $border-blurred; }
    Whiteboard .drawing { width: auto; height: auto; color: $secondary; }
    Whiteboard .state { height: 1; color: $foreground 70%; padding: 0 1; column-span: 2; }
    """

    class Changed(Message):
        """Something was typed."""

    def __init__(self, text: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._editor = TextArea(text, placeholder=EXAMPLE, highlight_cursor_line=False, id="board-text")
        self._around = ScrollableContainer(can_focus=False)
        self._drawing = Static(markup=False, classes="drawing")
        self._state = Label("", classes="state", markup=False)
        self._pending = 0

    @property
    def text(self) -> str:
        """The Mermaid text, empty when there is none."""
        return self._editor.text.strip()

    def compose(self) -> ComposeResult:
        """The text, the drawing, and one quiet line about it."""
        yield self._editor
        with self._around:
            yield self._drawing
        yield self._state

    def start(self) -> None:
        """Go to the text, cursor at the end."""
        self._editor.focus(scroll_visible=False)
        self._editor.move_cursor(self._editor.document.end)

    def on_resize(self) -> None:
        """Draw for the room there is now."""
        self.call_after_refresh(self._draw)

    def on_mount(self) -> None:
        """Draw what was there before."""
        self._draw()

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Draw again once the typing rests."""
        event.stop()
        self.post_message(self.Changed())
        self._pending += 1
        turn = self._pending
        self.set_timer(DRAW_AFTER, lambda: self._draw_if_last(turn))

    def _draw_if_last(self, turn: int) -> None:
        if turn == self._pending:
            self._draw()

    def _draw(self) -> None:
        text = self.text
        if not text:
            self._say("Start with graph LR or sequenceDiagram: it is drawn as you type.")
            self._drawing.update("")
            return
        picture = drawing(text, self._around.content_size.width or 60)
        if picture:
            self._drawing.update(picture)
        self._say("" if picture else "Not a diagram yet; the last good drawing stays.")

    def _say(self, what: str) -> None:
        self._state.update(what)
