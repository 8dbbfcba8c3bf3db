"""A window that asks for the date of the interview. Refuses anything that is not a date, in words."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class Chosen:
    """What was chosen: a date, or None to clear it."""

    def __init__(self, interview: date | None) -> None:
        self.interview = interview


class DateScreen(ModalScreen[Chosen | None]):
    """Closes with what was chosen, or with None when nothing was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="date.cancel"),
        Binding("ctrl+q", "app.quit", "Quit", id="date.quit", priority=True),
    ]

    def __init__(self, current: date | None) -> None:
        super().__init__()
        self._current = current

    def compose(self) -> ComposeResult:
        """The question, the field, and what is wrong with what was typed."""
        with Vertical(classes="window"):
            yield Static("When is your interview?", classes="window-title")
            yield Static("The schedule then brings everything back in time and predicts your recall on that day.")
            value = self._current.isoformat() if self._current else ""
            yield Input(value, placeholder="2030-01-31", id="date", max_length=10)
            yield Static("Enter keeps it; an empty field clears it; Esc leaves it as it was.", id="date-says")

    def action_leave(self) -> None:
        """Leave the date as it was."""
        self.dismiss(None)

    @on(Input.Submitted)
    def _chosen(self, event: Input.Submitted) -> None:
        typed = event.value.strip()
        try:
            self.dismiss(Chosen(date.fromisoformat(typed) if typed else None))
        except ValueError:
            says = self.query_one("#date-says", Static)
            says.update("That is no date. Write it as year-month-day, such as 2030-01-31.")
            says.add_class("-wrong")
