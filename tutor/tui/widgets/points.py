"""Key points to tick beside one's own text. Refuses to decide: what the program found is marked as a suggestion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from tutor.tui.widgets.marks import PARTLY, YES
from tutor.tui.widgets.prose import inline
from tutor.tui.widgets.rows import Row, Rows

if TYPE_CHECKING:
    from tutor.content.models.base import KeyPoint

MET, PARTLY_MET, MISSED = "met", "partly", "no"
_BOX = {MET: f"[{YES}]", PARTLY_MET: f"[{PARTLY}]", MISSED: "[ ]"}


class Points(Rows):
    """Key points; Space goes through met, (partly,) no. `suggested` maps points to the words that seem to make them."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "turn", "Tick", id="points.tick")]

    class Changed(Message):
        """Points were ticked or unticked; ids of those met, and of those met in part."""

        def __init__(self, met: tuple[str, ...], partly: tuple[str, ...]) -> None:
            super().__init__()
            self.met = met
            self.partly = partly

    def __init__(
        self, points: Sequence[KeyPoint], suggested: Mapping[str, str], *, halves: bool = False, id: str | None = None
    ) -> None:
        self._points = points
        self._suggested = suggested
        self._cycle = (MISSED, MET, PARTLY_MET) if halves else (MISSED, MET)
        self._states = {point.id: MET if point.id in suggested else MISSED for point in points}
        super().__init__(self._rows(), cursor=0, id=id)

    @property
    def met(self) -> tuple[str, ...]:
        """Ids of the points ticked."""
        return self._in(MET)

    @property
    def partly(self) -> tuple[str, ...]:
        """Ids of the points ticked as made in part."""
        return self._in(PARTLY_MET)

    def clicked(self, index: int) -> None:
        """A click ticks."""
        self.action_turn()

    def action_turn(self) -> None:
        """Give the point under the cursor its next state."""
        id_ = self._points[self.cursor].id
        at = self._cycle.index(self._states[id_])
        self._states[id_] = self._cycle[(at + 1) % len(self._cycle)]
        self.rows = tuple(self._rows())
        self.post_message(self.Changed(self.met, self.partly))

    def _in(self, state: str) -> tuple[str, ...]:
        return tuple(point.id for point in self._points if self._states[point.id] == state)

    def _rows(self) -> list[Row]:
        return [self._row(point) for point in self._points]

    def _row(self, point: KeyPoint) -> Row:
        notes: list[tuple[str, Content]] = []
        if words := self._suggested.get(point.id):
            notes.append(("", Content.assemble(("suggested: you wrote ", "$foreground 70%"), (f"“{words}”", "italic"))))
        weight = f" (counts {point.weight}x)" if point.weight > 1 else ""
        text = inline(point.text) + Content.styled(weight, "$foreground 60%")
        return Row(text, _BOX[self._states[point.id]], tuple(notes))
