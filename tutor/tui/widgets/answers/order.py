"""Put entries in order. Refuses nothing: any order is an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from tutor.tui.widgets.answers.base import AnswerArea
from tutor.tui.widgets.prose import inline
from tutor.tui.widgets.rows import Row, Rows


class OrderAnswer(Rows, AnswerArea):
    """Entries that are moved up and down; `arrangement` is the order in which they start."""

    help = "Shift+Up, Shift+Down (or K, J) move the entry, Enter to answer"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("shift+up,K", "shift(-1)", "Move up", key_display="K", id="answer.raise"),
        Binding("shift+down,J", "shift(1)", "Move down", key_display="J", id="answer.lower"),
        Binding("enter", "give", "Answer", id="answer.give"),
    ]

    def __init__(self, entries: Sequence[str], arrangement: Sequence[int]) -> None:
        self._entries = entries
        self._order = list(arrangement)
        super().__init__(self._rows(), cursor=0)

    def action_shift(self, by: int) -> None:
        """Move the entry pointed at, and the cursor with it."""
        here, there = self.cursor, self.cursor + by
        if 0 <= there < len(self._order):
            self._order[here], self._order[there] = self._order[there], self._order[here]
            self.rows = tuple(self._rows())
            self.cursor = there

    def action_give(self) -> None:
        """Give the order as it stands."""
        self.give(list(self._order))

    def _rows(self) -> list[Row]:
        return [Row(inline(self._entries[number]), f"{place}.") for place, number in enumerate(self._order, 1)]
