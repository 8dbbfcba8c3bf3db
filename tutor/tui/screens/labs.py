"""The labs, by day: what there is, how far each is, and what is announced. Refuses to start any of them: the screen of
a lab does, and to offer what does not exist yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tutor.errors import TutorError
from tutor.tui import keys
from tutor.tui.messages import OpenLab
from tutor.tui.screens.base import TutorScreen
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.rows import Row, Rows
from tutor.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.labs import LabRow, Labs
    from tutor.content.index import Index, LabEntry

STATES = {
    "running": ("▶", "running", "bold $accent"),
    "done": ("✓", "done", "bold $success"),
    "begun": ("◐", "begun", "$warning"),
    "new": ("○", "new", "$foreground 65%"),
}
"""A mark, a word and a style for each state of a lab."""

NONE = "This pack announces no labs, and none ships with this version."


TOLD = 2
"""Problems that are told here; a broken file may have many, and the other labs are to be seen."""


class Line(NamedTuple):
    """A row, and the id of the lab that it stands for; none for one that is coming."""

    row: Row
    lab: str = ""


class LabsScreen(TutorScreen):
    """What there is, read when the screen opens and whenever one comes back to it."""

    BINDINGS: ClassVar[list[BindingType]] = keys.LABS
    DEFAULT_CSS = """
    LabsScreen #body { padding: 1 2; scrollbar-size-vertical: 1; }
    LabsScreen #problems { color: $error; display: none; margin-bottom: 1; }
    LabsScreen #about { color: $foreground 70%; }
    """

    class Read(Message):
        """The labs were read; `troubles` says what is wrong with some, or with all of them."""

        def __init__(self, labs: Labs | None, troubles: Sequence[str]) -> None:
            super().__init__()
            self.labs, self.troubles = labs, troubles

    def __init__(self, coach: Coach, labs: Callable[[], Labs] | None = None) -> None:
        super().__init__(coach)
        self._open = labs
        self._lines: list[Line] = []

    def compose(self) -> ComposeResult:
        """One list, below what is wrong with labs, if anything."""
        yield TopBar("Labs", self.coach.index.title)
        with VerticalScroll(id="body", can_focus=False):
            yield Static("Looking for labs...", id="about", markup=False)
            yield Static("", id="problems", markup=False)
            yield Rows(id="lines")
        yield KeyBar()

    def on_screen_resume(self) -> None:
        """Read them anew: one may have been started or finished meanwhile."""
        self.loaded = False
        self._read()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to open only what can be opened."""
        return bool(self._pointed()) if action == "open" else True

    def action_open(self) -> None:
        """Go to the lab pointed at."""
        if lab := self._pointed():
            self.post_message(OpenLab(lab))

    def on_rows_moved(self) -> None:
        """What Enter does may have changed."""
        self.refresh_bindings()

    @work(thread=True, exclusive=True)
    def _read(self) -> None:
        """Read the files of all labs beside the app: they take their time on the first visit."""
        try:
            labs = self._open() if self._open else None
            problems = labs.problems if labs else ()
        except TutorError as error:
            self.post_message(self.Read(None, [str(error)]))
        else:
            self.post_message(self.Read(labs, [str(problem) for problem in problems]))

    @on(Read)
    def _show(self, message: Read) -> None:
        labs, told = message.labs, message.troubles
        with self.saying_errors():
            self.coach.refresh()
            rows = labs.rows() if labs else []
            self._lines = list(_lines(rows, self.coach.index))
        about = "Each puts you in front of a running system that something is wrong with. Mend it, and it is proved."
        self.query_one("#about", Static).update(about if self._lines else NONE)
        wrong = self.query_one("#problems", Static)
        wrong.display = bool(told)
        more = [f"... and {len(told) - TOLD} more: tutor lab list"] if len(told) > TOLD else []
        wrong.update("\n".join([*told[:TOLD], *more]))
        self._list()
        self.loaded = True

    def _list(self) -> None:
        rows = self.query_one("#lines", Rows)
        before = rows.cursor
        rows.rows = tuple(line.row for line in self._lines)
        places = rows.selectable()
        running = [number for number in places if self._lines[number].row.mark == STATES["running"][0]]
        rows.cursor = before if before in places else next(iter((*running, *places)), -1)
        rows.focus()
        self.refresh_bindings()

    def _pointed(self) -> str:
        cursor = self.query_one("#lines", Rows).cursor if self.is_mounted else -1
        return self._lines[cursor].lab if 0 <= cursor < len(self._lines) else ""


def _lines(rows: Sequence[LabRow], index: Index) -> Iterator[Line]:
    """The labs of each topic, in the order of the pack; then those of topics that it does not have; then the rest."""
    topics = {topic.id: f"Day {topic.day}: {topic.title}" if topic.day else topic.title for topic in index.topics}
    names = dict.fromkeys([*topics, *(row.lab.topic for row in rows)])
    for topic in names:
        found = [row for row in rows if row.lab.topic == topic]
        yield from _group(topics.get(topic, topic), [_there(row) for row in found])
    there = {row.lab.id for row in rows}
    coming = [entry for entry in index.labs if entry.id not in there]
    yield from _group("Coming, not there yet", [_coming(entry, topics[entry.topic]) for entry in coming])


def _group(title: str, lines: Sequence[Line]) -> Iterator[Line]:
    if lines:
        yield Line(Row(Content.styled(title, "bold $primary"), heading=True))
        yield from lines
        yield Line(Row(Content(""), heading=True))


def _there(row: LabRow) -> Line:
    lab = row.lab
    mark, word, style = STATES["running" if row.running else row.progress]
    facts = f"{lab.level.value}, {lab.minutes} min, {lab.does}, on {' or '.join(lab.system.engines)}"
    title = Content.assemble((lab.title, "bold"), "  ", (word, style))
    notes = (("", Content.styled(facts, "$foreground 70%")), ("", Content(lab.proves)))
    return Line(Row(title, mark, notes, mark_style=style), lab.id)


def _coming(entry: LabEntry, topic: str) -> Line:
    note = Content.styled(topic, "$foreground 65%")
    return Line(Row(Content(entry.title), "·", (("", note),), heading=True, mark_style="$foreground 65%"))
