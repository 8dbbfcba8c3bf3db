"""The traces of a running lab: the newest, and one as a waterfall. Refuses to draw spans that have not arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tutor.tui.lab_keys import TRACES
from tutor.tui.widgets.lab.asks import LogsOf
from tutor.tui.widgets.lab.live import LivePane
from tutor.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from tutor.labs.session import Session
    from tutor.labs.spans import Trace

NOTHING = "No trace has arrived yet. Send a request through the gateway (7), and wait a second or two."
ENTRANCE = "gateway"
"""Whose traces are shown at first: services that look for work by themselves make a trace each time they look."""


class TracesPane(LivePane):
    """A list, or one trace; spans that come later are added as they arrive."""

    BINDINGS: ClassVar[list[BindingType]] = TRACES
    EVERY = 2.0

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._one = ""
        self._all = False
        self._traces: list[Trace] = []
        self._trace: Trace | None = None

    def compose(self) -> ComposeResult:
        """Two pages that take turns."""
        yield Static("", classes="about", markup=False)
        with VerticalScroll(classes="list", can_focus=False):
            yield Rows()
        with VerticalScroll(classes="fall"):
            yield Static("", classes="drawing", markup=False)

    def on_mount(self) -> None:
        """Begin with the list."""
        self._turn()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what does something now."""
        if action in ("open", "all") and self._one:
            return False
        if action == "open":
            return bool(self._traces)
        return bool(self._pointed()) if action == "logs" else action != "close" or bool(self._one)

    def open(self, trace: str) -> None:
        """Show one trace, as far as it has arrived."""
        self._one, self._trace = trace, None
        self.query_one(".drawing", Static).update(f"No span of trace {trace} has arrived yet.")
        self._turn()
        self.look(asked=True)

    def action_open(self) -> None:
        """Show the trace pointed at."""
        if trace := self._pointed():
            self.open(trace)

    def action_close(self) -> None:
        """Back to the list."""
        self._one = ""
        self._turn()
        self.look(asked=True)

    def action_all(self) -> None:
        """The traces of requests alone, or of everything."""
        self._all = not self._all
        self.look(asked=True)

    def action_logs(self) -> None:
        """Show what was logged in this trace."""
        self.post_message(LogsOf(self._pointed()))

    def wanted(self) -> tuple[str, bool]:
        """The trace that is shown, "" for the list; and whether that is to hold everything."""
        return self._one, self._all

    def fetch(self, session: Session, wanted: Any) -> Any:
        """The newest traces, or one."""
        one, everything = wanted
        if one:
            return session.trace(one)
        at = ENTRANCE in session.site.found.lab.system.parts and not everything
        return session.traces([ENTRANCE] if at else (), limit=30)

    def show(self, value: Any) -> None:
        """Draw the list, or the one trace."""
        if self._one:
            self._trace = value
            self._draw()
        else:
            self._list(value)

    def say(self, sentence: str) -> None:
        """A sentence in place of the list."""
        self.query_one(".about", Static).update(sentence)

    def on_resize(self) -> None:
        """Draw the waterfall as wide as it may be now."""
        self._draw()

    def _list(self, traces: list[Trace]) -> None:
        from tutor.tui.widgets.lab.trace_view import trace_rows

        rows, before = self.query_one(Rows), self._pointed()
        self._traces = traces
        which = "The newest traces of everything" if self._all else "The newest requests"
        self.say(f"{which} (g turns):" if traces else NOTHING)
        rows.rows = tuple(trace_rows(traces))
        at = next((number for number, trace in enumerate(traces) if trace.id == before), 0)
        rows.cursor = at if traces else -1
        self.screen.refresh_bindings()

    def _draw(self) -> None:
        from tutor.tui.widgets.lab.trace_view import waterfall

        if self._one and self._trace is not None:
            width = self.query_one(".fall", VerticalScroll).scrollable_content_region.width
            self.query_one(".drawing", Static).update(waterfall(self._trace, width))

    def _turn(self) -> None:
        """Show the page that is wanted, and go there if one was on the other."""
        one, focused = bool(self._one), self.has_focus_within
        self.query_one(".about").display = not one
        self.query_one(".list").display = not one
        self.query_one(".fall").display = one
        if focused:
            self.enter()
        self.screen.refresh_bindings()

    def enter(self) -> None:
        """Take the focus."""
        self.query_one(".fall" if self._one else "Rows").focus()

    def _pointed(self) -> str:
        if self._one:
            return self._one
        cursor = self.query_one(Rows).cursor
        return self._traces[cursor].id if 0 <= cursor < len(self._traces) else ""
