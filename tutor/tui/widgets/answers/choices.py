"""Options with letters, as `single`, `predict` and `multi` show them. Refuses to say how many are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events

from tutor.tui.widgets.answers.base import AnswerArea
from tutor.tui.widgets.prose import inline
from tutor.tui.widgets.rows import Row, Rows, letters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tutor.content.models.question import Option


class Choices(Rows, AnswerArea):
    """Options in the order in which they are shown; `arrangement` maps places on the screen to their numbers."""

    def __init__(self, options: Sequence[Option], arrangement: Sequence[int]) -> None:
        self._options = options
        self._arrangement = arrangement
        super().__init__(self._rows())

    def on_key(self, event: events.Key) -> None:
        """Point at an option by its letter or number."""
        place = place_of(event, len(self._arrangement))
        if place >= 0:
            event.stop()
            event.prevent_default()
            self.touch()
            self.cursor = place
            self.chosen(place)

    def clicked(self, index: int) -> None:
        """A click does what the letter does."""
        self.chosen(index)

    def chosen(self, place: int) -> None:
        """What a letter does beyond pointing."""

    def mark(self, place: int) -> str:
        """What stands before the option shown at `place`."""
        return letters(len(self._arrangement))[place]

    def _rows(self) -> list[Row]:
        return [
            Row(inline(self._options[number].text), self.mark(place)) for place, number in enumerate(self._arrangement)
        ]


def place_of(event: events.Key, count: int) -> int:
    """The place that a letter or digit key names, -1 for other keys."""
    key = event.character or ""
    labels = letters(count)
    if key and key in labels:
        return labels.index(key)
    if key.isdecimal() and 1 <= int(key) <= count:
        return int(key) - 1
    return -1
