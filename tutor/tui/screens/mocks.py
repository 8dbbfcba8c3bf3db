"""Mock interviews: those left open, what there is, and how earlier ones went. Refuses to start two at one key press."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from tutor.tui.messages import TakeMock
from tutor.tui.screens.base import TutorScreen
from tutor.tui.screens.mock_compare import CompareScreen
from tutor.tui.screens.mock_keys import MOCKS
from tutor.tui.screens.mock_report import ask_report
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.rows import Row, Rows
from tutor.tui.widgets.top_bar import TopBar
from tutor.tui.widgets.wording import counted

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.mock import PastMock
    from tutor.content.index import ScenarioEntry


class Line(NamedTuple):
    """A row and what it stands for: a scenario, and one of its runs unless `run` is None."""

    row: Row
    scenario: str = ""
    run: PastMock | None = None


class MocksScreen(TutorScreen):
    """Open interviews first, then the scenarios, then the past."""

    BINDINGS: ClassVar[list[BindingType]] = MOCKS
    DEFAULT_CSS = """
    MocksScreen #body { padding: 1 2; scrollbar-size-vertical: 1; }
    """

    def __init__(self, coach: Coach) -> None:
        super().__init__(coach)
        self._lines: list[Line] = []

    def compose(self) -> ComposeResult:
        """One list."""
        yield TopBar("Mock interviews", self.coach.index.title)
        with VerticalScroll(id="body", can_focus=False):
            yield Rows(id="lines")
        yield KeyBar()

    def on_screen_resume(self) -> None:
        """Read the runs anew: one may have been finished meanwhile."""
        with self.saying_errors():
            self.coach.refresh()
            self._load()

    def action_open(self) -> None:
        """Start a scenario, go on with an open run, look at a finished one."""
        line = self._line()
        if line is None:
            return
        if line.run and line.run.abandoned:
            self.notify("This one was given up. r writes its report.", timeout=4)
        else:
            self.post_message(TakeMock(line.scenario, line.run.id if line.run else ""))

    def action_report(self) -> None:
        """Write the report of the run pointed at, or of the latest of the scenario."""
        line = self._line()
        run = line.run or self._latest(line.scenario) if line else None
        if run is None:
            self.notify("There is no graded run of it yet.", timeout=4)
            return
        ask_report(self, self.coach.resume_mock(run.id))

    def action_compare(self) -> None:
        """Put the runs of the scenario side by side."""
        line = self._line()
        runs = [run for run in self.coach.mocks() if line and run.scenario == line.scenario and run.result]
        if runs:
            self.app.push_screen(CompareScreen(self.coach, runs))
        else:
            self.notify("There is no graded run of it yet.", timeout=4)

    def _latest(self, scenario: str) -> PastMock | None:
        return next((run for run in self.coach.mocks() if run.scenario == scenario and run.result), None)

    def _line(self) -> Line | None:
        cursor = self.query_one("#lines", Rows).cursor
        return self._lines[cursor] if 0 <= cursor < len(self._lines) else None

    def _load(self) -> None:
        runs = self.coach.mocks()
        still, past = [run for run in runs if run.open], [run for run in runs if not run.open]
        lines = [*_section("To be continued", [_open_line(run) for run in still])]
        lines += _section("Scenarios", [_scenario_line(entry, runs) for entry in self.coach.index.scenarios])
        lines += _section("Past interviews", [_past_line(run, past) for run in past])
        self._lines = lines
        rows = self.query_one("#lines", Rows)
        rows.rows = tuple(line.row for line in lines)
        if rows.cursor not in rows.selectable():
            rows.action_jump(0)
        rows.focus(scroll_visible=False)


def before(run_id: str, runs: Sequence[PastMock]) -> float | None:
    """The total of the finished run of the same scenario before this one; `runs` are latest first."""
    own = next((run for run in runs if run.id == run_id), None)
    if own is None:
        return None
    earlier = runs[runs.index(own) + 1 :]
    totals = (run.result.total for run in earlier if run.scenario == own.scenario and run.ended and run.result)
    return next(totals, None)


def _section(title: str, lines: list[Line]) -> list[Line]:
    if not lines:
        return []
    head = Line(Row(Content.styled(title, "bold $primary"), heading=True))
    return [head, *lines, Line(Row(Content(""), heading=True))]


def _open_line(run: PastMock) -> Line:
    where = f"stage {run.stage} of {run.stages}, {run.phase.value}, {run.minutes:.0f} min so far"
    note = Content.styled(f"{where}, left {run.touched.astimezone():%Y-%m-%d %H:%M}", "$foreground 70%")
    return Line(Row(Content.styled(run.title, "bold"), notes=(("", note),)), run.scenario, run)


def _scenario_line(entry: ScenarioEntry, runs: Sequence[PastMock]) -> Line:
    totals = [run.result for run in runs if run.scenario == entry.id and run.ended and run.result]
    best = max(totals, key=lambda result: result.total, default=None)
    told = f"done {counted(len(totals), 'time')}, best {best.total:.0f} % ({best.band})" if best else "not done yet"
    note = Content.styled(f"{entry.level}, {entry.minutes} min, {told}", "$foreground 70%")
    return Line(Row(Content.styled(entry.title, "bold"), notes=(("", note),)), entry.id)


def _past_line(run: PastMock, past: Sequence[PastMock]) -> Line:
    if run.ended and run.result:
        earlier = before(run.id, past)
        change = "" if earlier is None else f", {run.result.total - earlier:+.0f} to the one before"
        told = f"{run.result.band}, {run.result.total:.0f} %{change}"
    else:
        told = f"given up in stage {run.stage} of {run.stages}"
    when = (f"{run.started.astimezone():%Y-%m-%d %H:%M}  ", "$foreground 70%")
    return Line(Row(Content.assemble(when, run.title), notes=(("", Content(told)),)), run.scenario, run)
