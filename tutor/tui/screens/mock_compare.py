"""All graded runs of one scenario side by side. Refuses to rank people: it compares a learner with their past self."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import DataTable

from tutor.tui.keys import PLAIN
from tutor.tui.screens.base import TutorScreen
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.mock import PastMock
    from tutor.interview.rubric import Result


class CompareScreen(TutorScreen):
    """One column for each run, latest first; one row for each number."""

    BINDINGS: ClassVar[list[BindingType]] = PLAIN

    def __init__(self, coach: Coach, runs: Sequence[PastMock]) -> None:
        super().__init__(coach)
        self._runs = [(run, run.result) for run in runs if run.result]

    def compose(self) -> ComposeResult:
        """The table."""
        title = self._runs[0][0].title if self._runs else ""
        yield TopBar(f"Compare: {title}", "")
        yield DataTable(cursor_type="none", fixed_columns=1, zebra_stripes=True)
        yield KeyBar()

    def on_mount(self) -> None:
        """Fill it."""
        table: DataTable[str] = self.query_one(DataTable)
        table.add_column("")
        for run, _ in self._runs:
            table.add_column(f"{run.started.astimezone():%Y-%m-%d %H:%M}")
        for label, cells in _lines([result for _, result in self._runs], [run for run, _ in self._runs]):
            table.add_row(label, *cells)
        table.focus()


def _lines(results: Sequence[Result], runs: Sequence[PastMock]) -> list[tuple[str, list[str]]]:
    lines = [
        ("band", [result.band for result in results]),
        ("total", [_percent(result.total) for result in results]),
        ("key points", [_percent(result.points) for result in results]),
        ("rubric", [_percent(result.rubric) for result in results]),
        ("expected", [_percent(result.expected) for result in results]),
        ("minutes", [f"{run.minutes:.0f}" for run in runs]),
    ]
    for name in _keys([result.stages for result in results]):
        lines.append((f"stage {name}", [_percent(result.stages.get(name)) for result in results]))
    for name in _keys([result.dimensions for result in results]):
        lines.append((name, [_percent(result.dimensions.get(name)) for result in results]))
    return lines


def _keys(groups: Sequence[dict[str, float]]) -> list[str]:
    return list(dict.fromkeys(key for group in groups for key in group))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0f} %"
