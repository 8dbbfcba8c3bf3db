"""Suggests which key points a typed answer makes. Refuses to decide: the learner does, with the words in view."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tutor.study.gaps import opposed

if TYPE_CHECKING:
    from tutor.content.models.base import KeyPoint

SIMILARITY = 90
_NOT = ("not", "no", "never", "without", "isn't", "doesn't", "don't", "cannot", "can't", "nor", "non")
_WORD = re.compile(r"[a-z0-9']+(?:[-/.][a-z0-9']+)*")


def suggest_points(points: Iterable[KeyPoint], text: str) -> dict[str, str]:
    """For each point that `text` seems to make: its id and the learner's own words that reveal it."""
    words = _WORD.findall(text.casefold().replace("\u2019", "'"))
    found = ((point.id, _reveal(point.phrases, words)) for point in points)
    return {id_: evidence for id_, evidence in found if evidence}


def _reveal(phrases: Iterable[str], words: list[str]) -> str:
    for phrase in phrases:
        wanted = _WORD.findall(phrase.casefold().replace("\u2019", "'"))
        if wanted and (place := _find(wanted, words)) is not None:
            return " ".join(words[place : place + len(wanted)])
    return ""


def _find(wanted: list[str], words: list[str]) -> int | None:
    """Where `wanted` stands in `words`, each word alike enough, and not right after a negation."""
    negated_phrase = wanted[0] in _NOT
    for start in range(len(words) - len(wanted) + 1):
        if all(_alike(one, two) for one, two in zip(wanted, words[start : start + len(wanted)], strict=True)):
            before = words[max(0, start - 2) : start]
            if negated_phrase or not any(word in _NOT for word in before):
                return start
    return None


def _alike(wanted: str, said: str) -> bool:
    if wanted == said or said.rstrip("s") == wanted.rstrip("s"):
        return True
    if min(len(wanted), len(said)) < 6 or abs(len(wanted) - len(said)) > 3 or opposed(wanted, said):
        return False
    from rapidfuzz import fuzz

    return fuzz.ratio(wanted, said) >= SIMILARITY
