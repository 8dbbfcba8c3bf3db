"""An answered question, laid open: verdict, parts, why, and what comes next. Refuses to exist before the bet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Static

from tutor.tui.screens.quiz_parts import part_rows, unknown, verdict
from tutor.tui.widgets.answers.cloze import filled
from tutor.tui.widgets.confidence import bet_in_words
from tutor.tui.widgets.diagram import Diagram
from tutor.tui.widgets.figure import Snippet
from tutor.tui.widgets.points import Points
from tutor.tui.widgets.prose import Prose
from tutor.tui.widgets.rows import Listing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tutor.coach.quiz import Reveal
    from tutor.content.models.base import Followup
    from tutor.shapes import Source


class RevealView(Vertical):
    """All there is to know about an answered question."""

    DEFAULT_CSS = """
    RevealView { height: auto; }
    RevealView .verdict { margin: 0 0 1 0; }
    RevealView .heading { color: $primary; text-style: bold; }
    RevealView .sides { height: auto; layout: vertical; }
    RevealView .own { height: auto; padding: 0 1; margin: 0 0 1 0; background: $surface; }
    RevealView .side { height: auto; }
    RevealView .sources { margin: 0 0 1 0; }
    RevealView Points { margin: 0 0 1 0; }
    """

    def __init__(self, reveal: Reveal) -> None:
        super().__init__()
        self._reveal = reveal

    def compose(self) -> ComposeResult:
        """Verdict first, sources last."""
        question: Any = self._reveal.ask.question
        yield Static(verdict_line(self._reveal), classes="verdict")
        if question.kind == "open":
            yield from self._open(question)
        else:
            if question.kind == "cloze":
                yield Prose(filled(question.text, [blank.accept[0] for blank in question.blanks]))
            yield Listing(part_rows(self._reveal))
        if question.kind == "predict":
            yield from _titled("How it unfolds", _unfolding(question.unfolds))
        yield from _titled("Why", question.why)
        if question.kind == "spot":
            yield Static("The code as it should be", classes="heading")
            yield Snippet(question.fixed, numbers=True)
        yield from self._rest(question)

    def show(self, reveal: Reveal) -> None:
        """Say the verdict again after points were ticked."""
        self.query_one(".verdict", Static).update(verdict_line(reveal))

    def _open(self, question: Any) -> ComposeResult:
        with Container(classes="sides"):
            with Vertical(classes="side -left"):
                yield Static("What you wrote", classes="heading")
                own = "(nothing)" if unknown(self._reveal) else str(self._reveal.given)
                yield Static(own, markup=False, classes="own")
            with Vertical(classes="side"):
                yield Static("Did you say it? Space ticks and unticks", classes="heading")
                yield Points(question.key_points, self._reveal.suggested_points)
        yield from _titled("A strong answer", question.model_answer)
        if question.code:
            yield Snippet(question.code)

    def _rest(self, question: Any) -> ComposeResult:
        if question.diagram:
            yield Diagram(question.diagram)
        if question.interviewer_note:
            yield from _titled("What the interviewer listens for", question.interviewer_note)
        if question.followups:
            yield from _titled("Asked next", _followups(question.followups))
        yield Static("Sources", classes="heading")
        yield Static(_sources(question.sources), classes="sources")


def verdict_line(reveal: Reveal) -> Content:
    """The verdict, and the bet that was made before it."""
    bet = bet_in_words(reveal.confidence)
    return verdict(reveal) + Content.styled(f"  Your bet: {bet}." if bet else "", "$foreground 70%")


def as_markdown(reveal: Reveal) -> str:
    """The question with its explanation, to copy."""
    question: Any = reveal.ask.question
    answer = getattr(question, "model_answer", "")
    sources = "\n".join(f"- {source.title}: {source.url}" for source in question.sources)
    return "\n\n".join(part for part in (question.prompt, answer, question.why, sources) if part)


def _titled(title: str, text: str) -> ComposeResult:
    yield Static(title, classes="heading")
    yield Prose(text)


def _unfolding(unfolds: Any) -> str:
    told = (("At once", unfolds.immediate), ("Later", unfolds.later), ("What an operator sees", unfolds.operator_sees))
    return "\n\n".join(f"**{when}:** {what}" for when, what in told)


def _followups(followups: Iterable[Followup]) -> str:
    return "\n\n".join(f"**{followup.ask.strip()}**\n\n{followup.listen_for}" for followup in followups)


def _sources(sources: Iterable[Source]) -> Content:
    lines = []
    for source in sources:
        dated = f", as of {source.as_of}" if source.as_of else ""
        lines.append(Content.assemble(source.title, (f" ({source.kind}{dated})", "$foreground 70%")))
        lines.append(Content.styled(f"  {source.url}", "$secondary"))
    return Content("\n").join(lines)
