"""Where things stand in a pack: sections, diagrams, code and key points. Refuses to judge any of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tutor.content.models.question import MultiQuestion, OpenQuestion, PredictQuestion, SingleQuestion, SpotQuestion

if TYPE_CHECKING:
    from tutor.content.models.base import Code, KeyPoint
    from tutor.content.models.recap import Section
    from tutor.content.placed import PackSource, Placed
    from tutor.errors import Problem
    from tutor.yamlfile import Place

CHOICES = (SingleQuestion, MultiQuestion, PredictQuestion)


@dataclass(frozen=True, slots=True)
class At:
    """A place inside a piece of content."""

    placed: Placed[Any]
    within: Place = ()

    def problem(self, what: str, *within: str | int) -> Problem:
        """A problem here, or at a key inside."""
        return self.placed.problem(what, *self.within, *within)


@dataclass(frozen=True, slots=True)
class Asked:
    """Key points together with what is asked and the answer that is shown for it."""

    at: At
    points: tuple[KeyPoint, ...]
    prompt: str
    answer: str
    answer_key: str


def sections(source: PackSource) -> Iterator[tuple[At, Section]]:
    """Every section of every recap."""
    for recap in source.recaps:
        for number, section in enumerate(recap.content.sections):
            yield At(recap, ("sections", number)), section


def diagrams(source: PackSource) -> Iterator[tuple[At, str]]:
    """Every diagram."""
    for question in source.questions:
        if question.content.diagram:
            yield At(question, ("diagram",)), question.content.diagram
    for at, section in sections(source):
        if section.diagram:
            yield At(at.placed, (*at.within, "diagram")), section.diagram
    for scenario in source.scenarios:
        for number, stage in enumerate(scenario.content.stages):
            if stage.diagram:
                yield At(scenario, ("stages", number, "diagram")), stage.diagram


def codes(source: PackSource) -> Iterator[tuple[At, Code]]:
    """Every snippet."""
    for placed in source.questions:
        question = placed.content
        if question.code:
            yield At(placed, ("code", "text")), question.code
        if isinstance(question, SpotQuestion):
            yield At(placed, ("fixed", "text")), question.fixed
    for at, section in sections(source):
        if section.code:
            yield At(at.placed, (*at.within, "code", "text")), section.code


def asked(source: PackSource) -> Iterator[Asked]:
    """Everything that is answered freely and graded by key points."""
    for placed in source.questions:
        question = placed.content
        if isinstance(question, OpenQuestion):
            yield Asked(At(placed), question.key_points, question.prompt, question.model_answer, "model_answer")
    for scenario in source.scenarios:
        for number, stage in enumerate(scenario.content.stages):
            at = At(scenario, ("stages", number))
            yield Asked(at, stage.key_points, stage.ask, stage.strong_answer, "strong_answer")
