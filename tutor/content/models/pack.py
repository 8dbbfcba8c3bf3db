"""The pack itself, its checklist and its tips. Refuses knowledge of where files lie."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tutor.shapes import Line, Slug, Strict, Text, Whole


class ChecklistItem(Strict):
    """One claim a learner wants to make of themselves, and what counts as evidence for it."""

    id: Slug
    text: Line
    means: Text
    questions: tuple[Slug, ...] = ()
    scenarios: tuple[Slug, ...] = ()
    labs: tuple[Slug, ...] = ()

    @model_validator(mode="after")
    def _has_evidence(self) -> Self:
        if not (self.questions or self.scenarios):
            raise ValueError("name at least one question or scenario as evidence")
        return self


class ChecklistFile(Strict):
    """`checklist.yaml`."""

    checklist: Annotated[tuple[ChecklistItem, ...], Field(min_length=1)]


class Tip(Strict):
    """One interview tip with a weak and a good example, and the moment of a mock at which it helps."""

    id: Slug
    title: Line
    text: Text
    weak: Text
    good: Text
    why: Text
    moment: Literal["opening", "clarify", "design", "deep-dive", "failure", "wrap-up"]


class TipsFile(Strict):
    """`tips.yaml`."""

    tips: Annotated[tuple[Tip, ...], Field(min_length=1)]


class Topic(Strict):
    """One day of the week, or a cross-cutting theme when `day` is absent."""

    id: Slug
    title: Line
    day: Annotated[Whole, Field(ge=1, le=366)] | None = None
    blurb: Line


class PlannedLab(Strict):
    """A lab that is announced but not there yet."""

    id: Slug
    title: Line
    topic: Slug


def _really_one(value: object) -> object:
    if value == 1 and type(value) is not int:  # `true` and 1.0 equal 1 to Python
        raise ValueError("`format_version` must be the number 1")
    return value


class Pack(Strict):
    """`pack.yaml`: what the pack is, its topics, and the labs that are coming."""

    format_version: Annotated[Literal[1], BeforeValidator(_really_one)]
    id: Slug
    title: Line
    description: Text
    topics: Annotated[tuple[Topic, ...], Field(min_length=1)]
    planned_labs: tuple[PlannedLab, ...] = ()
