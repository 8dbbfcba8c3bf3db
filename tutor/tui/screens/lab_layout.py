"""How the screen of a lab is laid out: beside each other where there is room, else one pane at a time behind tabs.
Refuses to know what is shown in the panes.
"""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from tutor.tui.screens.base import TutorScreen
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.lab.console import ConsolePane
from tutor.tui.widgets.lab.live import LivePane
from tutor.tui.widgets.lab.logs import LogsPane
from tutor.tui.widgets.lab.map import MapPane
from tutor.tui.widgets.lab.queues import QueuesPane
from tutor.tui.widgets.lab.tabs import LabTabs
from tutor.tui.widgets.lab.task import ChecksPane, NewsPane, TaskPane
from tutor.tui.widgets.lab.traces import TracesPane
from tutor.tui.widgets.top_bar import TopBar

PANES = ("task", "checks", "map", "logs", "traces", "queues", "requests", "news")
"""Ids of the panes in the order of their tabs; the first two are the learner's side."""

LEFT = 2
WIDE = 100
"""Columns from which both sides are shown."""


class LabLayout(TutorScreen):
    """The frame."""

    tab = 0
    """The tab that was chosen last."""

    _right = LEFT
    """The pane that is shown on the right, where both sides are shown."""

    where = ""

    def compose(self) -> ComposeResult:
        """Tabs, two sides, what is at work, keys."""
        yield TopBar(self.where, self.coach.index.title)
        yield LabTabs([name.capitalize() for name in PANES])
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield TaskPane("task")
                yield ChecksPane("checks")
            with Vertical(id="right"):
                yield MapPane("map")
                yield LogsPane("logs")
                yield TracesPane("traces")
                yield QueuesPane("queues")
                yield ConsolePane("requests")
                yield NewsPane("news")
        yield Static("", id="work", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Name the panes, and show the first."""
        for name in PANES:
            self.query_one(f"#{name}").border_title = name.capitalize()
        self._arrange()

    def on_resize(self, event: events.Resize) -> None:
        """One side or both."""
        self._arrange()

    @on(LabTabs.Chosen)
    def _chosen(self, event: LabTabs.Chosen) -> None:
        self.action_tab(event.tab)

    def action_tab(self, tab: int) -> None:
        """Show a pane, and go there."""
        self.show_tab(tab)
        pane = self.query_one(f"#{PANES[tab]}")
        if isinstance(pane, TracesPane | ConsolePane):
            pane.enter()
            return
        first = next((one for one in pane.walk_children(Widget, with_self=True) if one.focusable), None)
        if first:
            first.focus()

    def show_tab(self, tab: int) -> None:
        """Show a pane, and leave the focus alone unless what had it is hidden by that."""
        self.tab = tab
        if tab >= LEFT:
            self._right = tab
        self._arrange()
        pane = self.query_one(f"#{PANES[tab]}")
        if isinstance(pane, LivePane):
            pane.look(asked=True)

    def _arrange(self) -> None:
        wide = self.app.size.width >= WIDE
        shown = {0, 1, self._right} if wide else {self.tab}
        for number, name in enumerate(PANES):
            self.query_one(f"#{name}").display = number in shown
        self.query_one("#left").display = bool(shown & {0, 1})
        self.query_one("#right").display = bool(shown - {0, 1})
        self.query_one(LabTabs).shown = frozenset(shown)
