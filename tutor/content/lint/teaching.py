"""Which texts a learner is meant to believe. Refuses wrong options, traps, red flags, notes and weak examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from tutor.content.lint.walk import At, sections
from tutor.content.models.base import KeyPoint
from tutor.content.models.question import ClozeQuestion, MatchQuestion, OpenQuestion, PredictQuestion
from tutor.content.models.recap import Section
from tutor.content.models.scenario import Scenario
from tutor.content.placed import PackSource
from tutor.yamlfile import Place

Texts = Iterator[tuple[Place, str]]


def taught(source: PackSource) -> Iterator[tuple[At, str]]:
    """Every text that teaches, with its place."""
    pieces = chain(
        ((At(placed), _question(placed.content)) for placed in source.questions),
        ((at, _section(section)) for at, section in sections(source)),
        ((At(placed), _scenario(placed.content)) for placed in source.scenarios),
        ((At(placed), _keys(placed.content, "text", "good", "why")) for placed in source.tips),
        ((At(placed), _keys(placed.content, "means")) for placed in source.checklist),
    )
    for at, texts in pieces:
        for within, text in texts:
            yield At(at.placed, (*at.within, *within)), text


def filled(question: ClozeQuestion) -> str:
    """The text of a cloze question with the first accepted answer in each gap."""
    text = question.text
    for number, blank in enumerate(question.blanks, start=1):
        text = text.replace(f"{{{{{number}}}}}", blank.accept[0])
    return text


def _keys(model: Any, *keys: str) -> Texts:
    for key in keys:
        yield (key,), getattr(model, key)


def _question(question: Any) -> Texts:
    yield from _keys(question, "why")
    for number, followup in enumerate(question.followups):
        yield ("followups", number, "listen_for"), followup.listen_for
    if own := _BY_KIND.get(question.kind):
        yield from own(question)


def _right_options(question: Any) -> Texts:
    for number, option in enumerate(question.options):
        if option.correct:
            yield ("options", number, "text"), option.text
            yield ("options", number, "why"), option.why


def _predict(question: PredictQuestion) -> Texts:
    yield from _right_options(question)
    for key in ("immediate", "later", "operator_sees"):
        yield ("unfolds", key), getattr(question.unfolds, key)


def _open(question: OpenQuestion) -> Texts:
    yield from _keys(question, "model_answer")
    yield from _point_texts(question.key_points)


def _match(question: MatchQuestion) -> Texts:
    for number, pair in enumerate(question.pairs):
        yield ("pairs", number, "right"), f"{pair.left}: {pair.right}. {pair.why or ''}"


def _cloze(question: ClozeQuestion) -> Texts:
    yield ("text",), filled(question)


_BY_KIND: dict[str, Callable[[Any], Texts]] = {
    "single": _right_options,
    "multi": _right_options,
    "predict": _predict,
    "open": _open,
    "match": _match,
    "cloze": _cloze,
}


def _section(section: Section) -> Texts:
    yield from _keys(section, "what", "why", "hurts")
    for number, followup in enumerate(section.asked_next):
        yield ("asked_next", number, "listen_for"), followup.listen_for


def _scenario(scenario: Scenario) -> Texts:
    yield from _keys(scenario, "closing")
    for number, stage in enumerate(scenario.stages):
        here: Place = ("stages", number)
        yield (*here, "strong_answer"), stage.strong_answer
        for within, text in _point_texts(stage.key_points):
            yield (*here, *within), text
        for position, followup in enumerate(stage.followups):
            yield (*here, "followups", position, "strong"), followup.strong


def _point_texts(points: tuple[KeyPoint, ...]) -> Texts:
    for number, point in enumerate(points):
        yield ("key_points", number, "text"), point.text
