"""Finds recap sections by words, for both faces. Refuses to look at anything but what a section says.

A section counts as found when every word of the query occurs in it; words in the title weigh most.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tutor.content.models.recap import RecapFile, Section

SNIPPET = 70
"""Characters shown around the first match."""


class Hit(NamedTuple):
    """A section that was found, with the words around the first match."""

    topic: str
    section: str
    title: str
    snippet: str


def search(recaps: Iterable[RecapFile], query: str) -> list[Hit]:
    """Sections that contain every word of `query`, best first; none for a query without words."""
    words = query.casefold().split()
    if not words:
        return []
    scored = []
    for recap in recaps:
        for section in recap.sections:
            body = " ".join(_prose(section).split())
            folded = f"{section.title} {body}".casefold()
            if all(word in folded for word in words):
                score = sum(10 * (word in section.title.casefold()) + folded.count(word) for word in words)
                scored.append((-score, Hit(recap.topic, section.id, section.title, _snippet(body, words))))
    return [hit for _, hit in sorted(scored, key=lambda pair: pair[0])]


def _prose(section: Section) -> str:
    code = section.code.text if section.code else ""
    asked = (f"{next_.ask} {next_.listen_for}" for next_ in section.asked_next)
    text = " ".join((section.recall, section.what, section.why, section.hurts, *section.traps, *asked, code))
    return text.replace("**", "").replace("`", "")


def _snippet(body: str, words: list[str]) -> str:
    folded = body.casefold()
    found = [at for word in words if (at := folded.find(word)) >= 0]
    start = max(0, min(found, default=0) - SNIPPET // 3)
    start = body.rfind(" ", 0, start) + 1
    cut = body[start : start + SNIPPET].rsplit(" ", 1)[0]
    return f"{'…' if start else ''}{cut}…"
