"""Answer in one's own words. Refuses to judge them, and to lose them."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from tutor.tui.widgets.answers.base import AnswerArea


class OpenAnswer(TextArea, AnswerArea):
    """An editor with soft wrap."""

    DEFAULT_CSS = """
    OpenAnswer { height: 1fr; min-height: 7; border: round $primary; padding: 0; }
    OpenAnswer:focus { border: round $accent; }
    """
    help = "Answer as you would aloud; Ctrl+S when done"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter", "give", "Answer", id="answer.give"),
    ]

    def __init__(self, text: str = "", placeholder: str = "Say it as you would to the interviewer.") -> None:
        super().__init__(text, soft_wrap=True, placeholder=placeholder, highlight_cursor_line=False)

    @property
    def typing(self) -> bool:
        """Letters go into the text."""
        return True

    def start(self) -> None:
        """Take the focus, cursor at the end."""
        super().start()
        self.move_cursor(self.document.end)

    def action_give(self) -> None:
        """Give the text."""
        if self.text.strip():
            self.give(self.text.strip())
        else:
            self.want("Write at least a few words, or say that you do not know.")
