"""The script of a mock interview. Refuses runs and grades: those belong to `interview`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tutor.content.models.base import KeyPoint
from tutor.shapes import Level, Line, Slug, Source, Strict, Text, Whole, unique


class Clarification(Strict):
    """A question the candidate should ask, the interviewer's answer, and why it was worth asking."""

    ask: Text
    answer: Text
    why: Text


class StageFollowup(Strict):
    """A follow-up in a stage: goes deeper, or brings a failure. `strong` is what a strong reply contains."""

    ask: Text
    turn: Literal["deeper", "failure"]
    strong: Text


class Stage(Strict):
    """One part of an interview: what is asked, the points expected, follow-ups, a worked strong answer.

    `tip` names the interview tip to show when the stage opens. `minutes` is the time a candidate should take.
    """

    id: Slug
    title: Line
    minutes: Annotated[Whole, Field(ge=1, le=30)]
    ask: Text
    tip: Slug
    key_points: Annotated[tuple[KeyPoint, ...], Field(min_length=2, max_length=9)]
    followups: Annotated[tuple[StageFollowup, ...], Field(min_length=1)]
    strong_answer: Text
    diagram: Text | None = None

    @model_validator(mode="after")
    def _point_ids_differ(self) -> Self:
        return unique(self, [point.id for point in self.key_points], "key point id")


class Criterion(Strict):
    """One line of a rubric: `levels` says what each grade from 1 to 4 looks like."""

    id: Slug
    text: Text
    weight: Annotated[Whole, Field(ge=1, le=40)]
    dimension: Literal["scope", "design", "consistency", "failure", "security", "operations", "communication"]
    levels: Annotated[tuple[Text, Text, Text, Text], Field()]


class RedFlag(Strict):
    """A statement that costs a candidate the round, and why."""

    id: Slug
    text: Text
    why: Text
    phrases: tuple[Line, ...] = ()


class Scenario(Strict):
    """The script of one mock interview; rubric weights add up to 100."""

    id: Slug
    title: Line
    topic: Slug
    level: Level
    prompt: Text
    setting: Text
    clarifications: Annotated[tuple[Clarification, ...], Field(min_length=3)]
    stages: Annotated[tuple[Stage, ...], Field(min_length=3, max_length=5)]
    rubric: Annotated[tuple[Criterion, ...], Field(min_length=4)]
    red_flags: Annotated[tuple[RedFlag, ...], Field(min_length=3)]
    closing: Text
    interviewer_note: Text
    labs: tuple[Slug, ...] = ()
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]

    @property
    def minutes(self) -> int:
        """How long the whole interview should take, in minutes."""
        return sum(stage.minutes for stage in self.stages)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        total = sum(criterion.weight for criterion in self.rubric)
        if total != 100:
            raise ValueError(f"rubric weights add up to {total}; make it 100")
        unique(self, [stage.id for stage in self.stages], "stage id")
        unique(self, [flag.id for flag in self.red_flags], "red flag id")
        return unique(self, [criterion.id for criterion in self.rubric], "criterion id")


class ScenarioFile(Strict):
    """One file below `scenarios/`."""

    scenario: Scenario
