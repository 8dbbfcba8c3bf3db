"""Suggests which key points a typed answer makes. Refuses to decide: the learner does, with the words in view."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tutor.phrases import reveal, words_of

if TYPE_CHECKING:
    from tutor.content.models.base import KeyPoint


def suggest_points(points: Iterable[KeyPoint], text: str) -> dict[str, str]:
    """For each point that `text` seems to make: its id and the learner's own words that reveal it."""
    words = words_of(text)
    found = ((point.id, reveal(point.phrases, words)) for point in points)
    return {id_: evidence for id_, evidence in found if evidence}
