"""What several models of content share: code, follow-ups, key points. Refuses anything kind-specific."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from tutor.shapes import Line, Slug, Strict, Text, Whole


class Code(Strict):
    """A snippet to show. Python is parsed by lint."""

    language: Literal["python", "yaml", "http", "sql", "json", "promql", "text", "dockerfile", "sh"]
    text: Annotated[str, StringConstraints(min_length=1, max_length=4_000)]

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)


class Followup(Strict):
    """What an interviewer asks next, and what a good reply contains."""

    ask: Text
    listen_for: Text


class KeyPoint(Strict):
    """One point of a good open answer. `phrases` are words that reveal it in a learner's own text.

    `feeds` names questions that become due when the point was missed in a mock interview.
    """

    id: Slug
    text: Text
    weight: Annotated[Whole, Field(ge=1, le=3)] = 1
    phrases: Annotated[tuple[Line, ...], Field(min_length=1)]
    feeds: tuple[Slug, ...] = ()
