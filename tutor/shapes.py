"""What the models of all files share: strictness, kinds of text, levels, sources. Refuses to know one kind of file."""

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
