"""What somebody said, the whiteboard in it drawn. Refuses to show Mermaid text where a drawing can stand."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tutor.tui.widgets.diagram import Diagram

_FENCE = "```mermaid\n"


class Spoken(Vertical):
    """An answer to read: its words, then its whiteboard. `nothing` stands for an answer without words."""

    DEFAULT_CSS = """
    Spoken { height: auto; }
    """

    def __init__(self, text: str, *, nothing: str = "", classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._words, self._board = split_board(text.strip())
        self._nothing = nothing

    def compose(self) -> ComposeResult:
        """Words, drawing."""
        if self._words or not self._board:
            yield Static(self._words or self._nothing, markup=False)
        if self._board:
            yield Diagram(self._board)


def join_board(text: str, board: str) -> str:
    """An answer with its whiteboard."""
    return f"{text.rstrip()}\n\n{_FENCE}{board}\n```".lstrip() if board else text


def split_board(text: str) -> tuple[str, str]:
    """The answer and the whiteboard back from what `join_board` gave."""
    said, fence, board = text.rpartition(_FENCE)
    return (said.rstrip(), board.removesuffix("```").strip()) if fence else (text, "")
