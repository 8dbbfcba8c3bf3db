"""Choose all options that are right. Refuses an empty choice: that is what "I do not know" is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from tutor.tui.widgets.answers.choices import Choices

if TYPE_CHECKING:
    from tutor.content.models.question import Option


class MultiAnswer(Choices):
    """Any number of options, toggled with Space or their letters, given with Enter."""

    help = "Space or a letter toggles, Enter to answer"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", "Toggle", id="answer.toggle"),
        Binding("enter", "give", "Answer", id="answer.give"),
    ]

    def __init__(self, options: Sequence[Option], arrangement: Sequence[int]) -> None:
        self._chosen: set[int] = set()
        super().__init__(options, arrangement)
        self.set_reactive(Choices.cursor, 0)

    def mark(self, place: int) -> str:
        """A box and the letter."""
        box = "[x]" if self._arrangement[place] in self._chosen else "[ ]"
        return f"{box} {super().mark(place)}"

    def chosen(self, place: int) -> None:
        """Toggle an option."""
        self._chosen ^= {self._arrangement[place]}
        self.rows = tuple(self._rows())

    def action_tick(self) -> None:
        """Toggle the option pointed at."""
        if self.cursor >= 0:
            self.chosen(self.cursor)

    def action_give(self) -> None:
        """Give what is ticked."""
        if self._chosen:
            self.give(sorted(self._chosen))
        else:
            self.want("Tick at least one option with Space.")
