"""One sitting on the screen: ask, answer, bet, reveal, rate. Refuses to mount any explanation before the bet."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from tutor.coach.quiz import UNKNOWN
from tutor.schedule.memory import Rating
from tutor.tui.screens.dialogs import AskLine
from tutor.tui.screens.hinted import HintedScreen
from tutor.tui.screens.quiz_head import QuizHead
from tutor.tui.screens.quiz_keys import QUIZ
from tutor.tui.screens.quiz_page import QuizPage
from tutor.tui.screens.quiz_reveal import as_markdown
from tutor.tui.widgets.answers.base import AnswerArea, AnswerData
from tutor.tui.widgets.answers.open_text import OpenAnswer
from tutor.tui.widgets.confidence import Confidence
from tutor.tui.widgets.figure import warm_up
from tutor.tui.widgets.hint import HintLine
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.points import Points
from tutor.tui.widgets.ratings import Ratings

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.quiz import Quiz, Reveal
    from tutor.study.session import Ask

DRAFT_EVERY = 2.0
"""Seconds between two looks at the text being typed."""


class Part(StrEnum):
    """Where in the round of one question the learner is."""

    ANSWERING = "answering"
    BETTING = "betting"
    REVEALED = "revealed"


class QuizScreen(HintedScreen):
    """A sitting. `clock` gives seconds on a clock that never goes back, for the time an answer takes."""

    CSS_PATH = "quiz.tcss"
    BINDINGS: ClassVar[list[BindingType]] = QUIZ

    def __init__(self, coach: Coach, quiz: Quiz) -> None:
        super().__init__(coach)
        self.quiz = quiz
        self.clock: Callable[[], float] = time.monotonic
        self.part = Part.ANSWERING
        self._asked_at = 0.0
        self._given: AnswerData = UNKNOWN
        self._seconds = 0.0
        self._met: tuple[str, ...] | None = None
        self._to_suspend = ""
        self._kept = ""
        self._answer: AnswerArea | None = None

    def compose(self) -> ComposeResult:
        """Where the sitting is, the question, the bet or rating, the keys."""
        yield QuizHead()
        yield QuizPage(id="body")
        yield HintLine()
        yield Confidence()
        yield Ratings()
        yield KeyBar()

    async def on_mount(self) -> None:
        """Put the question, or lay it open when it was answered before the sitting was left."""
        self.run_worker(warm_up, thread=True)
        self.set_interval(DRAFT_EVERY, self._keep_draft)
        with self.saying_errors():
            await self._show()

    async def _show(self) -> None:
        """Show the sitting as it stands."""
        ask = self.quiz.ask
        if ask is None:
            self._finish()
            return
        self._to_suspend, self._met = "", None
        self.query_one(QuizHead).show(ask, self._topic(ask), self.quiz.session.coming_again, self.quiz.last)
        reveal = self.quiz.reveal
        with self.app.batch_update():
            await (self._reveal(reveal) if reveal else self._put(ask))
        self.refresh_bindings()

    async def _put(self, ask: Ask) -> None:
        self._enter(Part.ANSWERING)
        self._answer = None  # until the new one stands, or its text would be kept for this question
        self._kept = self.quiz.draft if ask.question.kind == "open" else ""
        self._answer = await self.query_one(QuizPage).put(ask, self._kept)
        self._asked_at = self.clock()

    async def _reveal(self, reveal: Reveal) -> None:
        self._enter(Part.REVEALED)
        points = await self.query_one(QuizPage).lay_open(reveal)
        self._met = points.met if points else None
        self._rerate(reveal)
        if points and reveal.given:
            points.focus(scroll_visible=False)
        else:
            self.query_one(Ratings).focus()

    def _rerate(self, reveal: Reveal) -> None:
        ratings = self.query_one(Ratings)
        ratings.intervals, ratings.cram = reveal.intervals, self.quiz.session.cram
        ratings.suggested = ratings.pointed = reveal.rating

    def _enter(self, part: Part) -> None:
        self.part = part
        self.hint("")
        self.query_one(Confidence).display = part is Part.BETTING
        self.query_one(Ratings).display = part is Part.REVEALED

    def _topic(self, ask: Ask) -> str:
        topics = {topic.id: topic for topic in self.coach.index.topics}
        topic = topics.get(ask.question.topic)
        return f"day {topic.day}" if topic and topic.day else ask.question.topic

    def on_answer_area_wanting(self, event: AnswerArea.Wanting) -> None:
        """Say what is missing."""
        self.hint(event.what)

    def on_answer_area_given(self, event: AnswerArea.Given) -> None:
        """Hold the answer; ask for the bet."""
        if self.part is not Part.ANSWERING or self._answer is None or event.area is not self._answer:
            return
        self._given, self._seconds = event.given, self.clock() - self._asked_at
        self._keep_draft()
        self._enter(Part.BETTING)
        self._answer.disabled = True
        self.query_one(Confidence).focus()
        self.refresh_bindings()

    def on_confidence_withdrawn(self) -> None:
        """Back to the answer; the time goes on from where it was."""
        if self._answer is None:
            return
        self._answer.disabled = False
        self._enter(Part.ANSWERING)
        self._asked_at = self.clock() - self._seconds
        self._answer.start()
        self.refresh_bindings()

    async def on_confidence_chosen(self, event: Confidence.Chosen) -> None:
        """Lock the answer in and lay the question open."""
        await self._lock_in(self._given, event.percent)

    async def _lock_in(self, given: AnswerData, percent: int) -> None:
        if self.part is Part.REVEALED:
            return
        with self.saying_errors():
            reveal = self.quiz.answer(given, percent, self._seconds)
            self._kept = ""
            with self.app.batch_update():
                await self._reveal(reveal)
        self.refresh_bindings()

    def on_points_changed(self, event: Points.Changed) -> None:
        """Grade anew as points are ticked."""
        self._met = event.met
        reveal = self.quiz.ticked(event.met)
        self.query_one(QuizPage).show_verdict(reveal)
        self._rerate(reveal)

    async def on_ratings_chosen(self, event: Ratings.Chosen) -> None:
        """Log the rating, put the next question."""
        await self._rate(event.rating)

    async def _rate(self, rating: Rating) -> None:
        if self.part is not Part.REVEALED:
            return
        with self.saying_errors():
            self.quiz.rate(rating, self._met)
            await self._show()

    async def action_digit(self, key: int) -> None:
        """A number is a bet or a rating, whichever is asked for."""
        if self.part is Part.BETTING:
            self.query_one(Confidence).action_bet(key)
        elif self.part is Part.REVEALED and key <= len(Rating):
            await self._rate(Rating(key))

    def action_accept(self) -> None:
        """Take the rating pointed at."""
        if self.part is Part.REVEALED:
            self.query_one(Ratings).action_accept()

    async def action_unknown(self) -> None:
        """I do not know: a miss without a bet."""
        if self.part is Part.ANSWERING:
            self._seconds = self.clock() - self._asked_at
            await self._lock_in(UNKNOWN, 0)

    async def action_undo(self) -> None:
        """Take the last rating back."""
        self._keep_draft()
        if self.quiz.undo():
            await self._show()

    async def action_skip(self) -> None:
        """Leave the question out of this sitting."""
        self.quiz.skip()
        await self._show()

    async def action_suspend(self) -> None:
        """Suspend at the second press."""
        ask = self.quiz.ask
        if ask is None:
            return
        if self._to_suspend != ask.question.id:
            self._to_suspend = ask.question.id
            self.hint("Press it again to never be asked this question. Progress can bring it back.")
            return
        self.quiz.suspend()
        await self._show()

    def action_flag(self) -> None:
        """Note what is wrong with the question."""
        window = AskLine("Flag this question", "What is wrong with it? The note is kept with your progress.")
        self.app.push_screen(window, self._flagged)

    def _flagged(self, note: str | None) -> None:
        if note is None:
            return
        with self.saying_errors():
            self.quiz.flag(note)
            self.hint("Noted. Thank you.")

    def action_copy(self) -> None:
        """Copy the explained question."""
        if self.part is Part.REVEALED and (reveal := self.quiz.reveal):
            self.app.copy_to_clipboard(as_markdown(reveal))
            self.hint("Copied as Markdown.")

    def action_scroll_body(self, lines: int) -> None:
        """Scroll what is being read."""
        self.query_one(QuizPage).scroll_relative(y=lines, animate=False)

    def action_back(self) -> None:
        """Leave; the sitting stays open."""
        self._keep_draft()
        if not self.quiz.session.side:
            self.notify("This sitting is kept: take it up again from Home within 24 hours.", timeout=4)
        self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what makes sense now."""
        if action == "unknown":
            return self.part is Part.ANSWERING
        if action == "undo":
            return self.quiz.last is not None
        if action in ("accept", "copy"):
            return self.part is Part.REVEALED
        return True

    def _keep_draft(self) -> None:
        """Keep the half-typed answer, so that nothing kills it."""
        answer = self._answer
        if self.part is Part.ANSWERING and isinstance(answer, OpenAnswer) and answer.text != self._kept:
            with self.saying_errors():
                self._kept = answer.text
                self.quiz.keep_draft(self._kept)

    def _finish(self) -> None:
        from tutor.tui.screens.summary import SummaryScreen

        with self.saying_errors():
            self.quiz.end()
        self.app.switch_screen(SummaryScreen(self.coach, self.quiz.summary()))
