"""Clarifying questions with the interviewer's answers, and which were asked. Refuses to tick for the learner."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tutor.tui.screens.mock_tips import example_markdown
from tutor.tui.widgets.marks import ARROW, YES
from tutor.tui.widgets.prose import Prose, inline, muted
from tutor.tui.widgets.rows import Row, Rows

if TYPE_CHECKING:
    from tutor.content.models.pack import Tip
    from tutor.content.models.scenario import Clarification


class AskedPane(VerticalScroll):
    """The script's clarifying questions; the ones that seem to have been asked are marked, all can be ticked."""

    DEFAULT_CSS = """
    AskedPane { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    AskedPane .heading { color: $primary; text-style: bold; }
    AskedPane .own { background: $surface; padding: 0 1; margin: 0 0 1 0; }
    """
    can_focus = False

    class Asked(Message):
        """Numbers of the questions that were asked, from 0."""

        def __init__(self, numbers: list[int]) -> None:
            super().__init__()
            self.numbers = numbers

    def __init__(
        self, text: str, clarifications: Sequence[Clarification], suggested: Collection[int], tip: Tip | None = None
    ) -> None:
        super().__init__()
        self._text = text
        self._tip = tip
        self._rows = AskedRows(clarifications, suggested)

    def compose(self) -> ComposeResult:
        """What was typed, then what could have been asked."""
        yield Static("You asked", classes="heading")
        yield Static(self._text or "(nothing)", markup=False, classes="own")
        yield Static("Worth asking, with the answers. Space ticks what you did ask, Ctrl+S goes on", classes="heading")
        yield self._rows
        if self._tip:
            yield Prose(example_markdown(self._tip), classes="tip")

    def start(self) -> None:
        """Go to the list."""
        self._rows.focus(scroll_visible=False)

    def give(self) -> None:
        """Post what is ticked."""
        self.post_message(self.Asked(sorted(self._rows.ticked)))


class AskedRows(Rows):
    """Clarifying questions with boxes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "tick", "Tick", id="asked.tick")]

    def __init__(self, clarifications: Sequence[Clarification], suggested: Collection[int]) -> None:
        self._clarifications = clarifications
        self._suggested = set(suggested)
        self.ticked = set(suggested)
        super().__init__(self._rows(), cursor=0)

    def clicked(self, index: int) -> None:
        """A click ticks."""
        self.action_tick()

    def action_tick(self) -> None:
        """Tick or untick."""
        self.ticked ^= {self.cursor}
        self.rows = tuple(self._rows())

    def _rows(self) -> list[Row]:
        return [self._row(number, entry) for number, entry in enumerate(self._clarifications)]

    def _row(self, number: int, entry: Clarification) -> Row:
        box = f"[{YES}]" if number in self.ticked else "[ ]"
        hint = Content.styled("  suggested: you asked something like it", "italic $foreground 70%")
        text = inline(entry.ask).stylize("bold") + (hint if number in self._suggested else Content(""))
        return Row(text, box, ((ARROW, inline(entry.answer)), ("", muted(entry.why))), blank=True)
