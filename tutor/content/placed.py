"""Content together with where it stands, so that whatever is found can be said with file and line. Refuses to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from tutor.content.models.pack import ChecklistItem, Pack, Tip
from tutor.content.models.question import Question
from tutor.content.models.recap import RecapFile
from tutor.content.models.scenario import Scenario
from tutor.errors import Problem
from tutor.shapes import Strict
from tutor.yamlfile import Document, Place

S = TypeVar("S", bound=Strict)


@dataclass(frozen=True, slots=True)
class Placed(Generic[S]):
    """A piece of content together with the document and the place it came from."""

    content: S
    document: Document
    place: Place

    def problem(self, what: str, *within: str | int) -> Problem:
        """A problem at this piece, or at a key inside it."""
        return Problem(self.document.path, self.document.line((*self.place, *within)), what)


@dataclass(frozen=True, slots=True)
class PackSource:
    """A whole pack as its authors wrote it."""

    pack: Placed[Pack]
    recaps: tuple[Placed[RecapFile], ...]
    questions: tuple[Placed[Question], ...]
    scenarios: tuple[Placed[Scenario], ...]
    checklist: tuple[Placed[ChecklistItem], ...]
    tips: tuple[Placed[Tip], ...]
