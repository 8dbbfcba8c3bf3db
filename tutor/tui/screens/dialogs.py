"""Small windows that ask for one thing: a line of text, or a yes. Refuses to act on the answer."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class AskLine(ModalScreen[str | None]):
    """Asks for a line; gives it back, or None after Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Cancel", id="dialog.cancel")]

    def __init__(self, title: str, explained: str = "", value: str = "", placeholder: str = "") -> None:
        super().__init__()
        self._title = title
        self._explained = explained
        self._value = value
        self._placeholder = placeholder

    def compose(self) -> ComposeResult:
        """Title, explanation, the line."""
        with Vertical(classes="window"):
            yield Static(self._title, classes="window-title", markup=False)
            if self._explained:
                yield Static(self._explained, markup=False)
            yield Input(self._value, placeholder=self._placeholder, select_on_focus=False)
            yield Static("Enter takes it, Esc cancels", classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the line back."""
        event.stop()
        self.dismiss(event.value.strip())

    def action_give_up(self) -> None:
        """Give nothing back."""
        self.dismiss(None)


class AskYes(ModalScreen[bool]):
    """Asks before something that cannot be undone; Enter alone is not a yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="dialog.yes"),
        Binding("n,escape,enter", "answer(False)", "No", id="dialog.no"),
    ]

    def __init__(self, title: str, explained: str) -> None:
        super().__init__()
        self._title = title
        self._explained = explained

    def compose(self) -> ComposeResult:
        """The question and the two keys."""
        with Vertical(classes="window"):
            yield Static(self._title, classes="window-title", markup=False)
            yield Static(self._explained, markup=False)
            yield Static("y yes, n no", classes="hint")

    def action_answer(self, yes: bool) -> None:
        """Give the answer back."""
        self.dismiss(yes)
