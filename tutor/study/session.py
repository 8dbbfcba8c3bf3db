"""One sitting: what is asked next, what comes back, how options are arranged. Refuses clocks and storage.

The same calls in the same order always lead to the same state, so a sitting that was cut off is resumed by replaying
its events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from tutor.schedule.memory import Rating

if TYPE_CHECKING:
    from tutor.content.models.question import OrderQuestion, Question

COME_BACK_AFTER = 4
MAX_RETURNS = 3


@dataclass(frozen=True, slots=True)
class Ask:
    """A question as it is put: `arrangement` is the order in which options, entries or right sides are shown.

    `position` counts from 1; `total` grows when a missed question comes back.
    """

    question: Question
    arrangement: tuple[int, ...]
    position: int
    total: int
    returning: bool


@dataclass(slots=True)
class Session:
    """What is left to ask, and what was answered, in one sitting. One on the `side` leaves the main one open."""

    id: str
    pending: list[str]
    cram: bool = False
    side: bool = False
    rated: dict[str, list[Rating]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    _past: list[tuple[str, list[str]]] = field(default_factory=list)

    @property
    def current(self) -> str | None:
        """The question to ask now, or None when the sitting is over."""
        return self.pending[0] if self.pending else None

    @property
    def asked(self) -> int:
        """How many answers were rated."""
        return len(self._past)

    @property
    def total(self) -> int:
        """How many answers the sitting will have, as far as is known."""
        return len(self._past) + len(self.pending)

    @property
    def coming_again(self) -> int:
        """How many questions were missed and will return."""
        return sum(question in self.rated for question in self.pending)

    def rate(self, question: str, rating: Rating) -> None:
        """Take in a rating of the current question; a miss comes back a few questions later, at most three times.

        Raises: ValueError when another question is current.
        """
        if question != self.current:
            raise ValueError(f"{question} is not the current question")
        self._past.append((question, list(self.pending)))
        self.pending.pop(0)
        ratings = self.rated.setdefault(question, [])
        ratings.append(rating)
        returns = ratings.count(Rating.AGAIN) <= MAX_RETURNS and question not in self.skipped
        if rating is Rating.AGAIN and returns:
            self.pending.insert(min(COME_BACK_AFTER, len(self.pending)), question)

    def bring_forward(self, question: str) -> bool:
        """Make a pending question the current one; False when it is not pending.

        A log replayed on a changed pack, or written by two tutors at once, may rate in another order than ours.
        """
        if question in self.pending:
            self.pending.remove(question)
            self.pending.insert(0, question)
        return question == self.current

    def leave_out(self, question: str) -> None:
        """Do not ask a question again in this sitting (skipped or suspended), but for taking its own rating back."""
        self.pending = [other for other in self.pending if other != question]
        if question not in self.skipped:
            self.skipped.append(question)

    def undo(self) -> str | None:
        """Go back to before the last rating; returns the question that is current again, None at the start."""
        if not self._past:
            return None
        question, pending = self._past.pop()
        self.pending = [other for other in pending if other == question or other not in self.skipped]
        self.rated[question].pop()
        if not self.rated[question]:
            del self.rated[question]
        return question

    def arrange(self, question: Question) -> tuple[int, ...]:
        """The order in which to show what is to be chosen from; stable for one asking of one question."""
        times = len(self.rated.get(question.id, ()))
        return arrange(question, f"{self.id}/{question.id}/{times}")


def arrange(question: Question, seed: str) -> tuple[int, ...]:
    """A shuffled order of a question's options, entries or right sides; their own order where order means something.

    An `order` question is never shown in its right order.
    """
    count = _count(question)
    places = list(range(count))
    if getattr(question, "keep_order", False):
        return tuple(places)
    random = Random(seed)
    random.shuffle(places)
    if question.kind == "order" and _in_order(question, places):
        places.append(places.pop(0))
    return tuple(places)


def _in_order(question: OrderQuestion, places: list[int]) -> bool:
    """True for a right order; entries of one rank may stand in any."""
    sizes = (1 if isinstance(rank, str) else len(rank) for rank in question.sequence)
    ranks = [rank for rank, size in enumerate(sizes) for _ in range(size)]
    shown = [ranks[place] for place in places]
    return shown == sorted(shown)


def _count(question: Question) -> int:
    if question.kind == "order":
        return len(question.entries)
    if question.kind == "match":
        return len(question.pairs) + len(question.decoys)
    return len(getattr(question, "options", ()))
