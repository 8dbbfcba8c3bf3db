"""Bars and the heatmap, drawn with characters. Refuses numbers of its own: it draws what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tutor.tui.glyphs import either

BAR = ("━─◆", "#.*")
"""Filled, empty, and the mark, in Unicode and in ASCII."""
BETWEEN = 9
"""Columns between label, bar, percent and note, the percent included."""
NARROWEST, WIDEST = 10, 32
HEAT = ("·░▒▓█", ".:+%#")
"""Marks from no answer in a day to `HEAT_STEPS[-1]` and more; the mark tells without any color."""
HEAT_STEPS = (1, 5, 10, 20)


class Bar(NamedTuple):
    """One line: label, share from 0 to 1 (None: nothing known, said as `unknown`), a note, a mark at another share."""

    label: str
    share: float | None
    note: str = ""
    mark: float | None = None
    unknown: str = "-"


class Bars(Widget):
    """Lines of bars under each other; labels and notes are cut to what fits."""

    DEFAULT_CSS = """
    Bars { height: auto; width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    """
    ALLOW_SELECT = False

    bars: reactive[tuple[Bar, ...]] = reactive((), layout=True)

    def __init__(self, *, id: str | None = None, note_width: int = 20) -> None:
        super().__init__(id=id)
        self._note_width = note_width

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """One row per bar."""
        return len(self.bars)

    def render(self) -> Content:
        """All lines."""
        width = self.size.width
        labels = max((len(bar.label) for bar in self.bars), default=0)
        free = width - self._note_width - BETWEEN
        room = max(NARROWEST, min(WIDEST, free - labels))
        label_width = max(NARROWEST, min(labels, free - room))
        return Content("\n").join([_line(bar, label_width, room) for bar in self.bars])


def _line(bar: Bar, label_width: int, room: int) -> Content:
    label = bar.label if len(bar.label) <= label_width else bar.label[: label_width - 1] + "…"
    filled = round((bar.share or 0) * room)
    full, empty, mark = tuple(either(*BAR))
    drawn = Content.styled(full * filled, "$primary") + Content.styled(empty * (room - filled), "$foreground 30%")
    if bar.mark is not None:
        at = min(room - 1, round(bar.mark * room))
        drawn = drawn[:at] + Content.styled(mark, "$accent") + drawn[at + 1 :]
    percent = f"{bar.unknown:>4}" if bar.share is None else f"{bar.share:4.0%}"
    style = "$foreground 65%" if bar.share is None else "bold"
    return Content.assemble(
        label.ljust(label_width), "  ", drawn, " ", Content.styled(percent, style), "  ", (bar.note, "$foreground 70%")
    )


class Heatmap(Widget):
    """Answers per day: a column per week, a row per weekday, today last. The mark grows with the count."""

    DEFAULT_CSS = """
    Heatmap { height: 8; width: 1fr; }
    """
    ALLOW_SELECT = False

    counts: reactive[Mapping[date, int]] = reactive({})
    today: reactive[date | None] = reactive(None)

    def render(self) -> Content:
        """Seven rows and the legend."""
        if self.today is None:
            return Content("")
        weeks = max(4, min(26, (self.size.width - 6) // 2))
        monday = self.today - timedelta(days=self.today.weekday() + 7 * (weeks - 1))
        rows = [self._row(day, monday, weeks) for day in range(7)]
        return Content("\n").join([*rows, Content.styled(_legend(self.size.width), "$foreground 65%")])

    def _row(self, weekday: int, monday: date, weeks: int) -> Content:
        label = ("Mon", "", "Wed", "", "Fri", "", "Sun")[weekday]
        cells = [Content.styled(f"{label:4} ", "$foreground 65%")]
        for week in range(weeks):
            day = monday + timedelta(days=7 * week + weekday)
            if self.today is not None and day <= self.today:
                cells.append(_cell(self.counts.get(day, 0)))
        return Content(" ").join(cells)


def _legend(width: int) -> str:
    """What the marks mean, set as wide as fits."""
    names = ("none", *(f"{step}+" for step in HEAT_STEPS))
    said = [f"{mark} {name}" for mark, name in zip(either(*HEAT), names, strict=True)]
    wide = "  ".join(said)
    return next((legend for legend in (f"     {wide}", wide) if len(legend) <= width), " ".join(said))


def _cell(count: int) -> Content:
    heat = sum(count >= step for step in HEAT_STEPS)
    return Content.styled(either(*HEAT)[heat], "$primary" if heat else "$foreground 35%")
