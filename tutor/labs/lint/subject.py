"""A lab under lint: its definition together with the lines it was written on. Refuses to judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tutor.errors import Problem
from tutor.labs.arguments import VARIABLE
from tutor.labs.check import Check
from tutor.labs.definition import Lab, Step
from tutor.labs.library import FILE, Found
from tutor.labs.lint.given import Links
from tutor.yamlfile import Document, read

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule is given."""

    found: Found
    system: Path
    links: Links | None
    document: Document

    @classmethod
    def of(cls, found: Found, system: Path, links: Links | None) -> Self:
        """The lab, read once more for its lines.

        Raises: ContentError when its file has become unreadable meanwhile.
        """
        return cls(found, system, links, read(found.folder / FILE))

    @property
    def lab(self) -> Lab:
        """The definition."""
        return self.found.lab

    def problem(self, what: str, *place: str | int) -> Problem:
        """A problem at a place of lab.yaml."""
        return Problem(self.found.folder / FILE, self.document.line(place), what)

    def checks(self) -> Iterator[tuple[Step, Check, Place]]:
        """Every check, with its step and its place."""
        for at, step in enumerate(self.lab.steps):
            for number, check in enumerate(step.checks):
                yield step, check, ("steps", at, "checks", number)


Rule = Callable[[Subject], Iterator[Problem]]


def texts(value: Any) -> Iterator[str]:
    """Every text in plain data, values only."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def variables(value: Any) -> set[str]:
    """The names of all `${...}` in plain data."""
    return {found[1] for text in texts(value) for found in VARIABLE.finditer(text)}


def written(check: Check) -> dict[str, Any]:
    """A check as plain data, as far as its author wrote it."""
    return check.model_dump(mode="json", by_alias=True, exclude_unset=True)
