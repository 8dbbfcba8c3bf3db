"""Chooses the widget for a question. Refuses to hold any of their behavior."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tutor.tui.widgets.answers.base import AnswerArea
from tutor.tui.widgets.answers.cloze import ClozeAnswer
from tutor.tui.widgets.answers.match import MatchAnswer
from tutor.tui.widgets.answers.multi import MultiAnswer
from tutor.tui.widgets.answers.open_text import OpenAnswer
from tutor.tui.widgets.answers.order import OrderAnswer
from tutor.tui.widgets.answers.single import SingleAnswer
from tutor.tui.widgets.answers.spot import SpotAnswer

if TYPE_CHECKING:
    from tutor.content.models.question import MatchQuestion
    from tutor.study.session import Ask


def answer_area(ask: Ask) -> AnswerArea:
    """The widget in which this question is answered."""
    return _MAKERS[ask.question.kind](ask.question, ask.arrangement)


def _match(question: MatchQuestion, arrangement: tuple[int, ...]) -> AnswerArea:
    rights = [*(pair.right for pair in question.pairs), *question.decoys]
    return MatchAnswer([pair.left for pair in question.pairs], [rights[number] for number in arrangement])


_MAKERS: dict[str, Callable[[Any, tuple[int, ...]], AnswerArea]] = {
    "single": lambda question, arrangement: SingleAnswer(question.options, arrangement),
    "predict": lambda question, arrangement: SingleAnswer(question.options, arrangement),
    "multi": lambda question, arrangement: MultiAnswer(question.options, arrangement),
    "order": lambda question, arrangement: OrderAnswer(question.entries, arrangement),
    "match": _match,
    "cloze": lambda question, arrangement: ClozeAnswer(question.text, [blank.unit or "" for blank in question.blanks]),
    "spot": lambda question, arrangement: SpotAnswer(question.code),
    "open": lambda question, arrangement: OpenAnswer(),
}
