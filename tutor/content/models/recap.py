"""The recap of one topic, section by section. Refuses layout: the faces draw it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from tutor.content.models.base import Code, Followup
from tutor.shapes import Line, Slug, Source, Strict, Text, unique


class Section(Strict):
    """One bullet of a day: `recall` is asked before reading, `questions` and `labs` are links."""

    id: Slug
    title: Line
    recall: Text
    what: Text
    why: Text
    hurts: Text
    diagram: Text | None = None
    code: Code | None = None
    traps: Annotated[tuple[Text, ...], Field(min_length=1)]
    asked_next: Annotated[tuple[Followup, ...], Field(min_length=1)]
    questions: tuple[Slug, ...] = ()
    labs: tuple[Slug, ...] = ()
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


class RecapFile(Strict):
    """One file below `recap/`: one topic, told section by section."""

    topic: Slug
    summary: Text
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _section_ids_differ(self) -> Self:
        return unique(self, [section.id for section in self.sections], "section id")
