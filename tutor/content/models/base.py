"""What every model shares: strictness, kinds of text, sources, code, key points. Refuses anything kind-specific."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

M = TypeVar("M", bound="Strict")

_ONE_LINE, _WORDS, _HTTPS = r"^[^\n]+$", r"^[a-z0-9]+(?:-[a-z0-9]+)*$", r"^https://[^\s]+$"
PATTERNS = {
    _ONE_LINE: "text on a single line",
    _WORDS: "lower-case words joined by hyphens, such as circuit-breaker",
    _HTTPS: "a link that starts with https://",
}
"""What each pattern asks for, in words."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400, pattern=_ONE_LINE)]
Slug = Annotated[str, StringConstraints(pattern=_WORDS, max_length=60)]
Whole = Annotated[int, Field(strict=True)]
"""A number as YAML writes it: `true` is not 1, and neither is "1"."""

Url = Annotated[str, StringConstraints(pattern=_HTTPS, max_length=300)]


class Level(StrEnum):
    """How far into a career an interviewer expects the answer."""

    JUNIOR = "junior"
    MID = "mid"
    SENIOR = "senior"


class Strict(BaseModel):
    """Base of every model: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Source(Strict):
    """Where a claim can be checked. `as_of` dates a fact that ages, such as a product default."""

    title: Line
    url: Url
    kind: Literal["rfc", "standard", "docs", "paper", "book", "article"]
    as_of: date | None = None

    @property
    def authoritative(self) -> bool:
        """True for anything but an article or a blog post."""
        return self.kind != "article"


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


def unique(model: M, values: list[str], noun: str) -> M:
    """Return `model` when all `values` differ.

    Raises: ValueError naming the value that appears twice.
    """
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{noun} {value!r} appears twice; each must differ")
        seen.add(value)
    return model
