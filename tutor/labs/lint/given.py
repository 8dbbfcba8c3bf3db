"""What whoever knows the pack gives to lint. Refuses to find it out by itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Links:
    """What a lab may link to: ids of the pack that it belongs to."""

    topics: frozenset[str]
    questions: frozenset[str]
    checklist: frozenset[str]
