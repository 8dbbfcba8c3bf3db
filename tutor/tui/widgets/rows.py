"""A list of wrapped rows with a cursor: what every choice and every listing here is made of. Refuses to know what a
row stands for: those who extend it do.

All rows are drawn by one widget, so that a new question costs one layout and not one for each line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tutor.tui.widgets.marks import HERE

POINTER = 2
"""Cells before a row's mark, where the cursor is drawn."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `mark` stands before `text`; each of `notes` follows on lines of its own, with a mark of its own.

    A `heading` cannot be chosen. `blank` leaves an empty line after the row.
    """

    text: Content
    mark: str = ""
    notes: tuple[tuple[str, Content], ...] = ()
    heading: bool = False
    blank: bool = False
    style: str = ""
    mark_style: str = ""


class Rows(Widget):
    """Rows of text. `cursor` is the number of the row pointed at, -1 for none."""

    DEFAULT_CSS = """
    Rows { height: auto; width: 1fr; pointer: default; }
    """
    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("home", "jump(0)", "First", show=False),
        Binding("end", "jump(-1)", "Last", show=False),
    ]

    rows: reactive[tuple[Row, ...]] = reactive((), layout=True)
    cursor: reactive[int] = reactive(-1)

    class Moved(Message):
        """The cursor points at another row."""

        def __init__(self, rows: Rows, index: int) -> None:
            super().__init__()
            self.rows = rows
            self.index = index

        @property
        def control(self) -> Rows:
            """The list it happened in."""
            return self.rows

    class Picked(Moved):
        """A row was chosen with Enter or the mouse."""

    def __init__(
        self, rows: Iterable[Row] = (), *, cursor: int = -1, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(Rows.rows, tuple(rows))
        self.set_reactive(Rows.cursor, cursor)
        self._starts: list[int] = []

    def selectable(self) -> list[int]:
        """Numbers of the rows that the cursor can point at."""
        return [number for number, row in enumerate(self.rows) if not row.heading]

    def action_move(self, by: int) -> None:
        """Point at the next or the previous row; at the ends, scroll what lies around into view."""
        places = self.selectable()
        if not places:
            return
        if self.cursor not in places:
            self.cursor = places[0 if by > 0 else -1]
            return
        here = places.index(self.cursor) + by
        if 0 <= here < len(places):
            self.cursor = places[here]
        elif scroller := self._scroller():
            scroller.scroll_relative(y=3 * by, animate=False)

    def action_jump(self, place: int) -> None:
        """Point at the first (0) or last (-1) row."""
        if places := self.selectable():
            self.cursor = places[place]

    def watch_cursor(self, index: int) -> None:
        """Show the row pointed at."""
        self.refresh()
        if index >= 0:
            self.call_after_refresh(self._show_cursor)
            self.post_message(self.Moved(self, index))

    def on_focus(self) -> None:
        """Draw the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Take the cursor away."""
        self.refresh()

    def on_resize(self) -> None:
        """Wrap anew."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Point at the row that was clicked."""
        at = event.get_content_offset(self)
        index = self.row_at(at.y) if at else -1
        if index >= 0:
            self.cursor = index
            self.clicked(index)

    def clicked(self, index: int) -> None:
        """What a click does beyond pointing; nothing unless a kind of rows says so."""

    def row_at(self, y: int) -> int:
        """The number of the row drawn on line `y`, -1 when there is none to choose."""
        found = -1
        for number, start in enumerate(self._starts):
            if start <= y:
                found = number
        return found if found >= 0 and not self.rows[found].heading else -1

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Lines that all rows take when wrapped to `width`."""
        return len(self._draw(width))

    def render(self) -> Content:
        """All rows, wrapped."""
        return Content("\n").join(self._draw(self.content_size.width))

    def pointed(self, index: int) -> bool:
        """True when the cursor is to be drawn on a row."""
        return index == self.cursor and (self.has_focus or self.disabled)

    def _draw(self, width: int) -> list[Content]:
        lines: list[Content] = []
        self._starts = []
        if width <= POINTER:
            return lines
        for index, row in enumerate(self.rows):
            self._starts.append(len(lines))
            lines.extend(_lines(row, width, self.pointed(index), POINTER if self.can_focus else 0))
        return lines

    def _show_cursor(self) -> None:
        scroller = self._scroller()
        if scroller is None or not 0 <= self.cursor < len(self._starts):
            return
        ends = [*self._starts[1:], self.size.height]
        top = 0 if self.cursor == self.selectable()[0] else self._starts[self.cursor]
        height = ends[self.cursor] - top
        y = top + self.gutter.top
        node: Widget = self
        while node is not scroller and isinstance(node.parent, Widget):
            y += node.virtual_region.y
            node = node.parent
        scroller.scroll_to_region(Region(0, y, 1, min(height, scroller.size.height)), animate=False, x_axis=False)

    def _scroller(self) -> ScrollableContainer | None:
        found = (
            node for node in self.ancestors if isinstance(node, ScrollableContainer) and node.allow_vertical_scroll
        )
        return next(found, None)


class Listing(Rows):
    """Rows to read: no cursor, no focus."""

    can_focus = False


def _lines(row: Row, width: int, pointed: bool, gutter: int) -> list[Content]:
    indent = gutter + (len(row.mark) + 1 if row.mark else 0)
    lead = f"{HERE if pointed else ' '} "[:gutter]
    first = Content.assemble(lead, (f"{row.mark} " if row.mark else "", row.mark_style))
    lines = _hang(first, row.text, indent, width)
    for mark, note in row.notes:
        inner = indent + (len(mark) + 1 if mark else 0)
        lines += _hang(Content(f"{' ' * indent}{mark} " if mark else " " * indent), note, inner, width)
    if pointed:
        wide = (line.pad_right(max(0, width - line.cell_length)) for line in lines)
        lines = [line.stylize_before("on $primary 25%") for line in wide]
    elif row.style:
        lines = [line.stylize_before(row.style) for line in lines]
    return [*lines, Content("")] if row.blank else lines


def _hang(first: Content, text: Content, indent: int, width: int) -> list[Content]:
    """`text` wrapped to `width` behind `first`, with the lines after the first indented to match."""
    wrapped = text.wrap(max(8, width - indent)) or [Content("")]
    rest = Content(" " * indent)
    return [Content.assemble(first if not number else rest, line) for number, line in enumerate(wrapped)]


def letters(count: int) -> Sequence[str]:
    """Labels for `count` choices: a, b, c..."""
    return "abcdefghijklmnopqrstuvwxyz"[:count]
