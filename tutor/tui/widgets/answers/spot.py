"""Mark the faulty lines of a piece of code. Refuses an empty answer: that is what "I do not know" is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from tutor.tui.widgets.answers.base import AnswerArea
from tutor.tui.widgets.figure import code_lines
from tutor.tui.widgets.rows import Row, Rows

if TYPE_CHECKING:
    from tutor.content.models.base import Code


class SpotAnswer(Rows, AnswerArea):
    """Numbered lines; Space marks, Enter gives."""

    DEFAULT_CSS = "SpotAnswer { background: $surface; }"
    help = "Up and Down to a line, Space marks it, Enter to answer"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", "Mark", id="answer.toggle"),
        Binding("enter", "give", "Answer", id="answer.give"),
    ]

    def __init__(self, code: Code) -> None:
        self._lines = code_lines(code)
        self._marked: set[int] = set()
        super().__init__(self._rows(), cursor=0)

    def action_tick(self) -> None:
        """Mark the line pointed at, or take the mark away."""
        self._marked ^= {self.cursor + 1}
        self.rows = tuple(self._rows())

    def action_give(self) -> None:
        """Give the marked lines."""
        if self._marked:
            self.give(sorted(self._marked))
        else:
            self.want("Mark at least one line with Space.")

    def _rows(self) -> list[Row]:
        width = len(str(len(self._lines)))
        return [self._row(number, line, width) for number, line in enumerate(self._lines, 1)]

    def _row(self, number: int, line: Content, width: int) -> Row:
        marked = number in self._marked
        return Row(line, f"{'!' if marked else ' '}{number:{width}}", style="on $warning 25%" if marked else "")
