"""Join left sides to right sides. Refuses to join one right side twice: the later choice frees the earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content

from tutor.tui.widgets.answers.base import AnswerArea
from tutor.tui.widgets.answers.choices import place_of
from tutor.tui.widgets.marks import ARROW
from tutor.tui.widgets.prose import inline, muted
from tutor.tui.widgets.rows import Row, Rows, letters


class MatchAnswer(Rows, AnswerArea):
    """Left sides to point at; under the one pointed at stand the right sides, so that they are seen while choosing."""

    help = "A letter joins it to the line with the cursor, Left and Right cycle, Enter to answer"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "cycle(-1)", "Previous", show=False),
        Binding("right,space", "cycle(1)", "Next match", key_display="Right", id="answer.cycle"),
        Binding("backspace,delete", "clear", "Clear", show=False),
        Binding("enter", "give", "Answer", id="answer.give"),
    ]

    def __init__(self, lefts: Sequence[str], rights: Sequence[str]) -> None:
        self._lefts = lefts
        self._rights = rights
        self._joined: list[int | None] = [None] * len(lefts)
        self._warned = False
        super().__init__(self._rows(0), cursor=0)

    def on_key(self, event: events.Key) -> None:
        """Join the left side pointed at to the right side of this letter, and go on to the next open one."""
        place = place_of(event, len(self._rights))
        if place < 0:
            return
        event.stop()
        event.prevent_default()
        self.touch()
        self._join(place)
        still = [number for number, right in enumerate(self._joined) if right is None]
        if still:
            self.cursor = next((number for number in still if number > self.cursor), still[0])

    def action_cycle(self, by: int) -> None:
        """Take the next or the previous right side that is free."""
        current = self._joined[self.cursor]
        taken = {right for right in self._joined if right is not None} - {current}
        free = [place for place in range(len(self._rights)) if place not in taken]
        if current is None:
            self._join(free[0 if by > 0 else -1])
        else:
            self._join(free[(free.index(current) + by) % len(free)])

    def action_clear(self) -> None:
        """Take the join of this line away."""
        self._join(None)

    def action_give(self) -> None:
        """Give the joins; the first time, say so when lines are open."""
        still = self._joined.count(None)
        if still and not self._warned:
            self._warned = True
            lines = "1 line is" if still == 1 else f"{still} lines are"
            self.want(f"{lines} not joined yet. Enter again gives it as it is.")
            return
        self.give(["" if right is None else self._rights[right] for right in self._joined])

    def _join(self, place: int | None) -> None:
        self._joined = [None if right == place else right for right in self._joined]
        self._joined[self.cursor] = place
        self._warned = False
        self.rows = tuple(self._rows())

    def watch_cursor(self, index: int) -> None:
        """The right sides follow the cursor."""
        self.rows = tuple(self._rows(index))
        super().watch_cursor(index)

    def _rows(self, cursor: int | None = None) -> list[Row]:
        here = self.cursor if cursor is None else cursor
        labels = letters(len(self._rights))
        rows = []
        for number, (left, right) in enumerate(zip(self._lefts, self._joined, strict=True)):
            joined = muted("not joined") if right is None else inline(self._rights[right])
            lead = ARROW if right is None else f"{ARROW} {labels[right]}"
            choices = [self._choice(place, labels[place]) for place in range(len(labels))] if number == here else []
            rows.append(Row(inline(left).stylize("bold"), notes=((lead, joined), *choices)))
        return rows

    def _choice(self, place: int, letter: str) -> tuple[str, Content]:
        """A right side to choose; one that is joined already stands back and says so."""
        text = self._rights[place]
        return f"  {letter}", muted(text) + Content(" (used)") if place in self._joined else inline(text)
