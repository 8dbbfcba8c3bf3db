"""The learner's side of a lab: the incident and the task with its hints, the checks with their verdicts, and what was
told so far. Refuses to act: keys belong to the screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.tui.widgets.lab.view import check_rows, folded, hints, incident, state_lines, task
from tutor.tui.widgets.prose import Prose
from tutor.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from tutor.labs.check import Check
    from tutor.labs.definition import Step
    from tutor.labs.showing import Status
    from tutor.tui.lab_bench import Bench


Texts = tuple[str, str, str]
"""The incident, the task, the hints."""


class TaskPane(VerticalScroll):
    """How the lab stands, what happened, what is to be done, the hints that were given."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="live", can_focus=True)
        self._shown: Texts = ("", "", "")
        self.unfolded: bool | None = None

    def compose(self) -> ComposeResult:
        """From what is most urgent to what helps."""
        yield Static("Opening the lab...", classes="state", markup=False)
        yield Prose("", classes="incident", open_links=False)
        yield Prose("", classes="task", open_links=False)
        yield Prose("", classes="hints", open_links=False)

    def show(self, bench: Bench, status: Status, step: Step) -> None:
        """Show the step; what has not changed is left as it is, and with it where one was reading."""
        self.query_one(".state", Static).update(state_lines(status, bench.verb, bench.trouble))
        lab = bench.session.lab
        state = next((one for one in status.steps if one.id == step.id), None)
        given = hints(step, bench.hints.get(step.id, []), state.hints if state else 0)
        now = (
            incident(lab) if self.is_unfolded(status) else folded(lab),
            task(lab, step, status.steps),
            given,
        )
        if now != self._shown:
            before, self._shown = self._shown, now
            self.call_later(self._tell, now, before)

    async def _tell(self, now: Texts, before: Texts) -> None:
        """Lay the texts out, then go to what is new."""
        for name, text, old in zip(("incident", "task", "hints"), now, before, strict=True):
            if text != old:
                prose = self.query_one(f".{name}", Prose)
                prose.display = bool(text)
                await prose.update(text)
        if now[1] != before[1]:
            self.scroll_home(animate=False)
        elif now[2] != before[2]:
            self.call_after_refresh(self.scroll_end, animate=False)

    def is_unfolded(self, status: Status) -> bool:
        """Whether the incident is told whole: as long as nothing is done, unless the learner says otherwise."""
        return not any(one.done for one in status.steps) if self.unfolded is None else self.unfolded


class ChecksPane(VerticalScroll):
    """The checks of the step; the one pointed at tells everything that is known about it."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="live", can_focus=False)
        self.checks: tuple[Check, ...] = ()
        self._bench: Bench | None = None

    def compose(self) -> ComposeResult:
        """One list."""
        yield Rows()

    def show(self, bench: Bench, step: Step) -> None:
        """Show the checks as they stand."""
        self._bench = bench
        rows = self.query_one(Rows)
        if self.checks != step.checks:
            self.checks = step.checks
            rows.cursor = 0
        self._draw()

    def point_at_trouble(self) -> None:
        """Point at the first check that did not pass, unless the learner already points at one of those."""
        assert self._bench is not None
        reports = [self._bench.reports.get(check.id) for check in self.checks]
        bad = [number for number, report in enumerate(reports) if report and report.verdict.value != "pass"]
        rows = self.query_one(Rows)
        if bad and rows.cursor not in bad:
            rows.cursor = bad[0]

    @property
    def pointed(self) -> str:
        """The id of the check pointed at."""
        cursor = self.query_one(Rows).cursor
        return self.checks[cursor].id if 0 <= cursor < len(self.checks) else ""

    def on_rows_moved(self) -> None:
        """Tell everything about the one pointed at now."""
        self._draw()

    def _draw(self) -> None:
        if bench := self._bench:
            rows = self.query_one(Rows)
            rows.rows = tuple(check_rows(self.checks, bench.reports, bench.earlier, bench.looking, rows.cursor))


class NewsPane(Vertical):
    """Everything that verbs told, the newest last."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="live")

    def compose(self) -> ComposeResult:
        """Lines, to scroll."""
        with VerticalScroll():
            yield Static("Nothing was done yet.", markup=False)

    def show(self, bench: Bench) -> None:
        """Show them."""
        if bench.told:
            self.query_one(Static).update(Content("\n".join(bench.told)))
            self.query_one(VerticalScroll).scroll_end(animate=False)
