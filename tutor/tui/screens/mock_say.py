"""Where the candidate speaks: the question, a tip, an editor, a whiteboard. Refuses to show what was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import ContentSwitcher, Static, TextArea

from tutor.tui.screens.mock_tips import tip_markdown
from tutor.tui.widgets.prose import Prose
from tutor.tui.widgets.spoken import Spoken, join_board, split_board
from tutor.tui.widgets.whiteboard import Whiteboard

if TYPE_CHECKING:
    from tutor.content.models.pack import Tip

_PLACEHOLDER = "Say it as you would to the interviewer. Ctrl+S when done."


class SayPane(Vertical):
    """One thing to say. `board` is None where there is no whiteboard; `said` is what was typed so far."""

    DEFAULT_CSS = """
    SayPane { height: 1fr; }
    SayPane #asked { height: auto; max-height: 50%; padding: 0 1; scrollbar-size-vertical: 1; }
    SayPane.-board #asked { max-height: 4; }
    SayPane #asked:focus { background: $surface; }
    SayPane .heading { color: $primary; text-style: bold; }
    SayPane .earlier { color: $foreground 70%; }
    SayPane ContentSwitcher { height: 1fr; min-height: 7; }
    SayPane #said { height: 1fr; border: round $border-blurred; padding: 0; }
    SayPane #said:focus { border: round $accent; }
    """

    class Said(Message):
        """The candidate has spoken; empty when passed over."""

        def __init__(self, pane: SayPane, text: str) -> None:
            super().__init__()
            self.pane = pane
            self.text = text

    class Wanting(Message):
        """Nothing was said yet; a second time passes it over."""

    def __init__(
        self, heading: str, ask: str, *, tip: Tip | None = None, draft: str = "", board: bool = False, earlier: str = ""
    ) -> None:
        super().__init__()
        self._heading = heading
        self._ask = ask
        self._tip = tip
        text, drawn = split_board(draft) if board else (draft, "")
        self._editor = TextArea(text, id="said", soft_wrap=True, highlight_cursor_line=False, placeholder=_PLACEHOLDER)
        self._board = Whiteboard(drawn, id="board") if board else None
        self._switcher = ContentSwitcher(*filter(None, (self._editor, self._board)), initial="said")
        self._earlier = earlier
        self._warned = False

    @property
    def said(self) -> str:
        """All that was typed, the whiteboard as a fenced block at the end."""
        return join_board(self._editor.text, self._board.text if self._board else "")

    def compose(self) -> ComposeResult:
        """What is asked, then where to answer."""
        with VerticalScroll(id="asked"):
            yield Static(self._heading, classes="heading", markup=False)
            yield Prose(self._ask)
            if self._tip:
                yield Prose(tip_markdown(self._tip), classes="tip")
            if self._earlier:
                yield Static("You said before", classes="heading")
                yield Spoken(self._earlier, classes="earlier")
        yield self._switcher

    def start(self) -> None:
        """Go to the editor, cursor at the end."""
        self._editor.focus(scroll_visible=False)
        self._editor.move_cursor(self._editor.document.end)

    def turn(self) -> None:
        """Change between the text and the whiteboard."""
        if self._board is None:
            return
        drawing = self._switcher.current == "said"
        self._switcher.current = "board" if drawing else "said"
        self.set_class(drawing, "-board")
        if drawing:
            self._board.start()
        else:
            self._editor.focus(scroll_visible=False)

    def give(self) -> None:
        """Post what was said; the first time, ask when it is nothing."""
        text = self.said.strip()
        if text or self._warned:
            self.post_message(self.Said(self, text))
        else:
            self._warned = True
            self.post_message(self.Wanting())
