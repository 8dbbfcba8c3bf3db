"""The page of a question: first with a place to answer, then laid open. Refuses to know the sitting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from tutor.tui.screens.quiz_reveal import RevealView
from tutor.tui.widgets.answers.base import AnswerArea
from tutor.tui.widgets.answers.kinds import answer_area
from tutor.tui.widgets.answers.open_text import OpenAnswer
from tutor.tui.widgets.figure import Snippet
from tutor.tui.widgets.points import Points
from tutor.tui.widgets.prose import Prose

if TYPE_CHECKING:
    from tutor.coach.quiz import Reveal
    from tutor.study.session import Ask


class QuizPage(VerticalScroll):
    """One question at a time; the prompt stays, what is below it changes."""

    can_focus = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._view: RevealView | None = None

    def compose(self) -> ComposeResult:
        """The prompt, and room for the rest."""
        yield Prose(id="prompt")
        yield Container(id="area")

    async def put(self, ask: Ask, draft: str) -> AnswerArea:
        """Show a question with the place to answer it, which gets the focus."""
        question, answer = ask.question, answer_area(ask)
        if isinstance(answer, OpenAnswer):
            answer.text = draft
        area = await self._cleared(ask)
        area.set_class(question.kind == "open", "-open")
        code = question.code if question.kind not in ("spot", "open") else None
        await area.mount(*([Snippet(code)] if code else []), answer, Static(answer.help, classes="hint"))
        self.scroll_home(animate=False)
        answer.start()
        return answer

    async def lay_open(self, reveal: Reveal) -> Points | None:
        """Show an answered question with everything about it; returns the points to tick of an open one."""
        question = reveal.ask.question
        area = await self._cleared(reveal.ask)
        area.remove_class("-open")
        self._view = view = RevealView(reveal)
        code = question.code if question.kind != "open" else None
        await area.mount(*([Snippet(code, numbers=question.kind == "spot")] if code else []), view)
        self.call_after_refresh(self._turn_to, view)
        points = view.query(Points)
        return points.first() if points else None

    def show_verdict(self, reveal: Reveal) -> None:
        """Say the verdict again after points were ticked."""
        if self._view:
            self._view.show(reveal)

    async def _cleared(self, ask: Ask) -> Container:
        prompt = self.query_one("#prompt", Prose)
        if prompt.source != ask.question.prompt:
            await prompt.update(ask.question.prompt)
        area = self.query_one("#area", Container)
        for child in area.children:
            child.display = False
        area.remove_children()  # not awaited: what is gone from sight may be taken down after the next paint
        return area

    def _turn_to(self, view: RevealView) -> None:
        """Bring the verdict up, unless the whole question still fits above it."""
        above = view.virtual_region_with_margin.y + self.query_one("#area").virtual_region.y
        self.scroll_to(y=above if above > self.size.height // 3 else 0, animate=False)
