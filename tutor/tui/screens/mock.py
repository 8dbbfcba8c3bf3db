"""One mock interview on the screen, part by part. Refuses to show what was expected before the answer is locked in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tutor.coach.mock import Mock
from tutor.interview.run import Phase
from tutor.tui.messages import AskQuestions
from tutor.tui.screens.dialogs import AskYes
from tutor.tui.screens.hinted import HintedScreen
from tutor.tui.screens.mock_clarify import AskedPane
from tutor.tui.screens.mock_done import DonePane
from tutor.tui.screens.mock_grade import GradePane
from tutor.tui.screens.mock_keys import MOCK
from tutor.tui.screens.mock_panes import asked_pane, pane_for
from tutor.tui.screens.mock_report import ask_report
from tutor.tui.screens.mock_rubric import RubricPane
from tutor.tui.screens.mock_say import SayPane
from tutor.tui.widgets.confidence import Confidence
from tutor.tui.widgets.hint import HintLine
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.stopwatch import Stopwatch
from tutor.tui.widgets.wording import counted

if TYPE_CHECKING:
    from tutor.coach.coach import Coach

DRAFT_EVERY = 2.0
"""Seconds between two looks at the text being typed."""

Pane = SayPane | AskedPane | GradePane | RubricPane | DonePane


class MockScreen(HintedScreen):
    """An interview. `clock` gives seconds on a clock that never goes back."""

    CSS_PATH = "mock.tcss"
    BINDINGS: ClassVar[list[BindingType]] = MOCK

    def __init__(self, coach: Coach, mock: Mock) -> None:
        super().__init__(coach)
        self.mock = mock
        self.clock: Callable[[], float] = time.monotonic
        self._watch = Stopwatch(self._time, id="watch")
        self._bar = Confidence("Does it cover what is expected?")
        self._pause = Static("Paused. The clock stands still; Ctrl+T goes on.", id="paused")
        self._pane: Pane | None = None
        self._said = ""
        self._kept = ""
        self._before = 0.0

    def compose(self) -> ComposeResult:
        """Where the interview is and the clock, the part, the bet, the keys."""
        with Horizontal(id="head"):
            yield Static(id="place")
            yield self._watch
        yield Container(id="pane")
        yield self._pause
        yield HintLine()
        yield self._bar
        yield KeyBar()

    async def on_mount(self) -> None:
        """Take the interview up where it is."""
        self.set_interval(DRAFT_EVERY, self.keep_typed)
        with self.saying_errors():
            await self._show()

    async def _show(self) -> None:
        """Show the interview as it stands."""
        self._pane = None  # until the new one stands, or what the old one holds would be kept for this part
        self._said, self._kept = "", self.mock.draft if self.mock.phase is not Phase.DONE else ""
        with self.app.batch_update():
            await self._put(pane_for(self.coach, self.mock))
            self._head()
        self._wind()

    async def _put(self, pane: Pane) -> None:
        holder = self.query_one("#pane", Container)
        self._pane = None
        self.hint("")
        self._pause.display = False
        self._bet(False)
        holder.display = True
        await holder.remove_children()
        await holder.mount(pane)
        self._pane = pane
        pane.start()
        self.refresh_bindings()

    def _head(self) -> None:
        self.query_one("#place", Static).update(_place(self.mock))

    def _wind(self) -> None:
        """Set the clock for this part: a stage shows its limit, over its follow-ups too."""
        watch, mock = self._watch, self.mock
        self._before = 0.0
        if mock.phase is Phase.CLARIFY:
            watch.begin(0, mock.spent)
        elif mock.stage and mock.phase in (Phase.ANSWER, Phase.FOLLOWUP):
            answer = mock.run.answers.get(mock.stage.id)
            self._before = answer.seconds if answer else 0.0
            watch.begin(mock.stage.minutes, self._before + mock.spent)
        else:
            watch.clear()

    def on_say_pane_wanting(self) -> None:
        """Nothing was typed."""
        self.hint("Nothing is typed. Ctrl+S again passes it over.")

    def on_rubric_pane_wanting(self, event: RubricPane.Wanting) -> None:
        """Criteria are open."""
        noun = "criterion is" if event.count == 1 else "criteria are"
        self.hint(f"{event.count} {noun} not graded yet.")

    async def on_say_pane_said(self, event: SayPane.Said) -> None:
        """What was said: the questions asked, an answer (then comes the bet), or a reply."""
        if event.pane is not self._pane:
            return  # a second Ctrl+S that overtook the first
        self._said = event.text
        self.keep_typed()
        phase = self.mock.phase
        if phase is Phase.CLARIFY:
            self._watch.clear()
            await self._put(asked_pane(self.coach, self.mock, event.text))
        elif phase is Phase.ANSWER:
            self._watch.pause()
            self._bet(True)
        elif phase is Phase.FOLLOWUP:
            await self._log(lambda: self.mock.reply(event.text, self._seconds()))

    async def on_confidence_chosen(self, event: Confidence.Chosen) -> None:
        """Lock the answer in."""
        if self._betting and self.mock.phase is Phase.ANSWER:
            await self._log(lambda: self.mock.answer(self._said, event.percent, self._seconds()))

    def on_confidence_withdrawn(self) -> None:
        """Back to the answer."""
        self._bet(False)
        self._watch.resume()
        if self._pane:
            self._pane.start()
        self.refresh_bindings()

    async def on_asked_pane_asked(self, event: AskedPane.Asked) -> None:
        """Log what was asked."""
        if self.mock.phase is Phase.CLARIFY:
            await self._log(lambda: self.mock.clarify(self._said, event.numbers))

    async def on_grade_pane_graded(self, event: GradePane.Graded) -> None:
        """Log the grades of the stage."""
        if self.mock.phase is Phase.GRADE:
            await self._log(lambda: self.mock.grade(event.met, event.partly))

    async def on_rubric_pane_graded(self, event: RubricPane.Graded) -> None:
        """Log the rubric; the interview is over."""
        if self.mock.phase is Phase.RUBRIC:
            await self._log(lambda: self.mock.finish(event.criteria, event.flags))

    async def _log(self, record: Callable[[], object]) -> None:
        """Record and go on; when it cannot be kept, say so and stay, with everything in place."""
        with self.saying_errors():
            record()
            await self._show()

    def action_done(self) -> None:
        """Give what this part asks for."""
        if self._pane and not isinstance(self._pane, DonePane) and not self._betting and not self._paused:
            self._pane.give()

    def action_pause(self) -> None:
        """Stop the clock and hide the question, or go on."""
        watch, paused = self._watch, self._pause
        if paused.display:
            paused.display, self.query_one("#pane").display = False, True
            watch.resume()
            if self._pane:
                self._pane.start()
        else:
            self.keep_typed()
            watch.pause()
            paused.display, self.query_one("#pane").display = True, False
            self.set_focus(None)
        self.refresh_bindings()

    def action_board(self) -> None:
        """Change between text and whiteboard."""
        if isinstance(self._pane, SayPane):
            self._pane.turn()

    def action_digit(self, key: int) -> None:
        """A number is a bet while one is asked for."""
        if self._betting:
            self._bar.action_bet(key)

    def action_report(self) -> None:
        """Write the report."""
        ask_report(self, self.mock)

    def action_quiz(self) -> None:
        """Answer what became due."""
        from tutor.study.queue import Filter

        self.post_message(AskQuestions(Filter(questions=frozenset(self.mock.fed))))

    def action_scroll_pane(self, lines: int) -> None:
        """Scroll what is being read."""
        asked = self.query("SayPane #asked")
        target: Widget | None = asked.first() if asked else self._pane
        if target:
            target.scroll_relative(y=lines, animate=False)

    def action_abandon(self) -> None:
        """Give up for good, after a question."""
        window = AskYes("Give this interview up?", "It cannot be taken up again. What you said stays in your log.")
        self.app.push_screen(window, self._abandoned)

    def action_back(self) -> None:
        """Leave; an open interview stays open."""
        self.keep_typed(leaving=True)
        if self.mock.phase is not Phase.DONE:
            self.notify("This interview is kept: take it up again under Mock.", timeout=4)
        self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what makes sense now."""
        speaking = isinstance(self._pane, SayPane) and not self._betting
        done = isinstance(self._pane, DonePane)
        offered = {
            "done": not done and not self._betting and not self._paused,
            "pause": speaking,
            "board": speaking and not self._paused and self.mock.phase is Phase.ANSWER,
            "report": done,
            "quiz": done and bool(self.mock.fed),
            "abandon": not done,
        }
        return offered.get(action, True)

    @property
    def _betting(self) -> bool:
        return bool(self._bar.display)

    @property
    def _paused(self) -> bool:
        return bool(self._pause.display)

    def _bet(self, asked: bool) -> None:
        bet = self._bar
        bet.display = asked
        if self._pane:
            self._pane.disabled = asked
        if asked:
            bet.focus()
        self.refresh_bindings()

    def _time(self) -> float:
        return self.clock()

    def _seconds(self) -> float:
        return max(0.0, self._watch.seconds - self._before)

    def keep_typed(self, leaving: bool = False) -> None:
        """Keep the half-typed text, so that nothing kills it."""
        pane = self._pane
        if isinstance(pane, SayPane) and (leaving or pane.said != self._kept):
            with self.saying_errors():
                self._kept = pane.said
                self.mock.keep_draft(self._kept, self._seconds())

    def _abandoned(self, yes: bool | None) -> None:
        if yes:
            with self.saying_errors():
                self.mock.abandon()
                self.dismiss()


def _place(mock: Mock) -> Content:
    """Title, stage and part."""
    stages = mock.scenario.stages
    parts = [counted(mock.scenario.minutes, "minute")]
    if mock.stage and mock.phase is not Phase.DONE:
        number = next(number for number, stage in enumerate(stages, 1) if stage.id == mock.stage.id)
        parts = [f"stage {number}/{len(stages)}"]
    parts.append(mock.phase.value)
    return Content.assemble((mock.scenario.title, "bold $primary"), "".join(f" · {part}" for part in parts))
