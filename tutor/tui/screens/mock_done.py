"""The end of an interview: the numbers, what was missed, what is due now. Refuses to add anything up itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.interview.rubric import CAP, FLAG_COST, FLAGS_THAT_CAP
from tutor.tui.widgets.marks import NO, PARTLY
from tutor.tui.widgets.prose import Prose, inline, muted
from tutor.tui.widgets.rows import Listing, Row
from tutor.tui.widgets.wording import bar, clock, counted

if TYPE_CHECKING:
    from tutor.interview.rubric import Missed, Result
    from tutor.interview.run import Run

BAR = 20


class DonePane(VerticalScroll):
    """A finished `run` with its `result`; `before` is the total before.

    `fed` counts the questions that became due, `shown` says how some of them begin.
    """

    DEFAULT_CSS = """
    DonePane { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    DonePane .heading { color: $primary; text-style: bold; margin: 1 0 0 0; }
    DonePane .sides { height: auto; layout: vertical; }
    DonePane .side { height: auto; }
    DonePane .closing { margin: 1 0; }
    """

    def __init__(self, run: Run, result: Result, fed: int, shown: Sequence[str], before: float | None) -> None:
        super().__init__()
        self._run = run
        self._result = result
        self._fed = fed
        self._shown = shown
        self._before = before

    def compose(self) -> ComposeResult:
        """The total first, then where it comes from, then what to do about it."""
        run, result = self._run, self._result
        yield Static(_total(run, result, self._before))
        with Container(classes="sides"):
            with Vertical(classes="side -left"):
                yield Static("Stages", classes="heading")
                titles = {stage.id: stage.title for stage in run.scenario.stages}
                yield Listing(_bars((titles[id_], share) for id_, share in result.stages.items()))
            with Vertical(classes="side"):
                yield Static("Dimensions", classes="heading")
                yield Listing(_bars(result.dimensions.items()))
        yield from self._lessons()
        yield Prose(run.scenario.closing, classes="closing")
        yield Static("From the interviewer's side", classes="heading")
        yield Prose(run.scenario.setting)
        yield Prose(run.scenario.interviewer_note)

    def start(self) -> None:
        """Take the focus, so that arrows scroll."""
        self.focus(scroll_visible=False)

    def _lessons(self) -> ComposeResult:
        run, result = self._run, self._result
        flags = [flag for flag in run.scenario.red_flags if flag.id in run.flags]
        if flags:
            yield Static("Red flags", classes="heading")
            yield Listing([Row(inline(flag.text), NO, (("", inline(flag.why)),)) for flag in flags])
        yield Static("Points missed", classes="heading")
        if result.missed:
            titles = {stage.id: stage.title for stage in run.scenario.stages}
            yield Listing(_by_stage(result.missed, titles))
        else:
            yield Static("None: every key point was made.")
        if self._fed:
            yield Static(f"Due in the quiz now: {counted(self._fed, 'question')}; z answers them", classes="heading")
            more = self._fed - len(self._shown)
            rest = [Row(muted(f"and {more} more"))] if more else []
            yield Listing([*(Row(Content(words), "-") for words in self._shown), *rest])


def _total(run: Run, result: Result, before: float | None) -> Content:
    change = "" if before is None else f"  {result.total - before:+.0f} since the run before"
    minutes = f"{clock(run.seconds)} of {run.scenario.minutes} minutes"
    return Content.assemble(
        (f"{result.band.capitalize()}: {result.total:.0f} %", "bold $primary"), (change, "$foreground 70%"), "\n",
        f"{_sum(run, result)} {minutes}.\n",
        f"You expected {result.expected:.0f} % of the points and made {result.points:.0f} %: {_gap(result.gap)}",
    )  # fmt: skip


def _sum(run: Run, result: Result) -> str:
    """How the total came about."""
    flags = len(run.flags)
    less = f", less {FLAG_COST} for each of {counted(flags, 'red flag')}" if flags else ", no red flags"
    cap = f", and at most {CAP:.0f} % with {FLAGS_THAT_CAP} or more" if flags >= FLAGS_THAT_CAP else ""
    return f"The mean of key points {result.points:.0f} % and rubric {result.rubric:.0f} %{less}{cap}."


def _gap(gap: float) -> str:
    if abs(gap) <= 5:
        return "a fair bet."
    return f"{abs(gap):.0f} points too {'high' if gap > 0 else 'low'}."


def _bars(shares: Iterable[tuple[str, float]]) -> list[Row]:
    return [
        Row(Content(label), f"{bar(share / 100, BAR)} {share:3.0f} %", mark_style="$primary") for label, share in shares
    ]


def _by_stage(missed: Iterable[Missed], titles: Mapping[str, str]) -> list[Row]:
    """The stage's title once, its missed points below it."""
    rows = []
    for stage, points in groupby(missed, key=lambda one: one.stage):
        rows.append(Row(Content.styled(titles[stage], "bold")))
        rows += [_missed(one) for one in points]
    return rows


def _missed(missed: Missed) -> Row:
    part = Content.styled("  said in part" if missed.partly else "", "$foreground 60%")
    return Row(inline(missed.point.text) + part, f"  {PARTLY if missed.partly else NO}")
