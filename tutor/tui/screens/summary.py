"""The end of a sitting: what stuck, what did not, what is next. Refuses to congratulate without a number."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.tui.messages import AskQuestions, Go
from tutor.tui.screens.hinted import HintedScreen
from tutor.tui.screens.named import place_of, prompt_of, topic_of
from tutor.tui.screens.quiz_keys import SUMMARY
from tutor.tui.widgets.hint import HintLine
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.rows import Row, Rows
from tutor.tui.widgets.top_bar import TopBar
from tutor.tui.widgets.wording import bar, clock, counted, in_words

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.quiz import Summary


class SummaryScreen(HintedScreen):
    """A sitting in numbers, with the missed questions to go on from."""

    CSS_PATH = "quiz.tcss"
    BINDINGS: ClassVar[list[BindingType]] = SUMMARY

    def __init__(self, coach: Coach, summary: Summary) -> None:
        super().__init__(coach)
        self.summary = summary

    def compose(self) -> ComposeResult:
        """Numbers first, then what was missed, then what is next."""
        summary = self.summary
        yield TopBar("Quiz summary", self.coach.index.title)
        with VerticalScroll(id="body", can_focus=False):
            yield Static(_numbers(summary), id="numbers")
            if summary.missed:
                yield Static("Missed: Enter reads about it, m asks it again", classes="heading")
                yield Rows(self._rows(summary.missed), cursor=0, id="missed")
            if summary.leeches:
                yield Static("Leeches: missed again and again; read these before the next quiz", classes="heading")
                yield Static(Content("\n").join([self._titled(id_) for id_ in summary.leeches]))
            yield Static("Next", classes="heading")
            yield Static(_next(summary, self.coach.now()), id="next")
        yield HintLine()
        yield KeyBar()

    def on_mount(self) -> None:
        """The first missed question has the cursor."""
        for rows in self.query("#missed"):
            rows.focus(scroll_visible=False)

    def action_read(self) -> None:
        """Open the recap where it explains the question pointed at; Home when nothing was missed."""
        if not self.summary.missed:
            self.action_back()
            return
        missed = self.summary.missed[max(0, self.query_one("#missed", Rows).cursor)]
        if place := place_of(self.coach, missed):
            self.post_message(Go("recap", place))
        else:
            self.hint("There is no recap of this topic.")

    def action_missed(self) -> None:
        """Ask again what was missed."""
        from tutor.study.queue import Filter

        self.post_message(AskQuestions(Filter(missed=True, questions=frozenset(self.summary.missed))))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what was missed can be read about and asked again."""
        return bool(self.summary.missed) if action == "missed" else True

    def _rows(self, ids: tuple[str, ...]) -> list[Row]:
        return [Row(self._titled(id_)) for id_ in ids]

    def _titled(self, id_: str) -> Content:
        again = " (came back)" if id_ in self.summary.came_back else ""
        where = topic_of(self.coach, id_)
        return Content.assemble(prompt_of(self.coach, id_), (again, "$foreground 70%"), (f"  {where}", "$primary"))


def _numbers(summary: Summary) -> Content:
    share = summary.retention
    line = Content.assemble(
        (f"{share:.0%} ", "bold $primary"), (bar(share, 24), "$primary"), "  recalled at the first try"
    )
    facts = [
        f"{counted(summary.questions, 'question')}, {counted(summary.asked, 'answer')} in {clock(summary.seconds)}",
        f"{counted(len(summary.missed), 'question')} missed, {len(summary.came_back)} came back in this sitting",
    ]
    if summary.cram:
        facts.append("Cram: the schedule stays as it was")
    return Content("\n").join([line, Content(""), *map(Content, facts)])


def _next(summary: Summary, now: datetime) -> Content:
    if summary.due_now:
        return Content(f"{counted(summary.due_now, 'question')} due now.")
    if summary.next_due is None:
        return Content("Nothing is scheduled yet.")
    wait = max(summary.next_due - now, timedelta(0))
    return Content(f"Nothing is due now. The next question is due in {in_words(wait)}.")
