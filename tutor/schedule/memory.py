"""Where a question stands in a learner's memory. Refuses to be stored: it is always a fold over reviews."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class Rating(IntEnum):
    """How well an answer was recalled."""

    AGAIN = 1
    HARD = 2
    GOOD = 3
    EASY = 4

    @property
    def label(self) -> str:
        """The word on the button."""
        return self.name.capitalize()


@dataclass(frozen=True, slots=True)
class Memory:
    """FSRS state after the last review. `stability` is in days, `difficulty` runs from 1 to 10, times are UTC.

    `step` is the learning step, or None once the question is out of learning. `lapses` counts how often it was
    forgotten after it had been recalled at least once.
    """

    step: int | None
    relearning: bool
    stability: float
    difficulty: float
    due: datetime
    last: datetime
    reviews: int
    lapses: int

    @property
    def learning(self) -> bool:
        """True while the question still waits for its first long interval."""
        return self.step is not None


LEECH_LAPSES = 4
"""Lapses after which a question is called a leech. Anki's default is 8 over years; before an interview, 4 is late."""


def is_leech(memory: Memory) -> bool:
    """True when repetition alone does not help any more and the recap should be read again."""
    return memory.lapses >= LEECH_LAPSES
