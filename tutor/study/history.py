"""What all events add up to, question by question. Refuses to store anything: it can be folded again at any time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tutor.event import Event
from tutor.schedule.horizon import due_by
from tutor.schedule.memory import Memory, Rating, is_leech
from tutor.schedule.scheduler import Scheduler


@dataclass(frozen=True, slots=True)
class Review:
    """One graded answer. `score` runs from 0 to 1; `confidence` is the bet in percent."""

    event: str
    at: datetime
    question: str
    rating: Rating
    score: float
    correct: bool
    confidence: int
    cram: bool
    session: str


class History:
    """All reviews of one learner on one pack, and what follows from them."""

    def __init__(self, scheduler: Scheduler, events: Iterable[Event] = ()) -> None:
        self.scheduler = scheduler
        self.reviews: list[Review] = []
        self.suspended: set[str] = set()
        self.flagged: dict[str, list[str]] = {}
        self.interview: date | None = None
        self._by_question: dict[str, list[Review]] = {}
        self._memories: dict[str, Memory | None] = {}
        self._feeds: dict[str, tuple[datetime, str]] = {}
        self._gone: set[str] = set()
        for event in events:
            self.apply(event)

    def apply(self, event: Event) -> None:
        """Take in one more event; kinds that say nothing about questions are ignored."""
        handler = _HANDLERS.get(event.kind)
        if handler:
            handler(self, event)

    def memory(self, question: str) -> Memory | None:
        """Where a question stands, or None when it was never reviewed outside cram."""
        if question not in self._memories:
            reviews = (review for review in self._by_question.get(question, ()) if not review.cram)
            self._memories[question] = self.scheduler.fold((review.rating, review.at) for review in reviews)
        return self._memories[question]

    def of(self, question: str) -> list[Review]:
        """All reviews of one question, oldest first."""
        return self._by_question.get(question, [])

    def due(self, question: str, now: datetime) -> datetime | None:
        """When a question is due, bent towards the interview; None when it was never seen."""
        memory = self.memory(question)
        due = due_by(memory, self.interview, now) if memory else None
        fed = self._fed_at(question)
        return min((time for time in (due, fed) if time), default=None)

    def preview(self, question: str, now: datetime) -> dict[Rating, timedelta]:
        """How long until the next time, for each rating that could be given now, bent towards the interview."""
        memory = self.memory(question)
        afterwards = {rating: self.scheduler.after(memory, rating, now) for rating in Rating}
        return {rating: due_by(after, self.interview, now) - now for rating, after in afterwards.items()}

    @property
    def fed(self) -> dict[str, datetime]:
        """Questions that a mock interview made due and that were not reviewed since, with the time of that."""
        return {question: at for question in self._feeds if (at := self._fed_at(question))}

    def leech(self, question: str) -> bool:
        """True when the question keeps being forgotten."""
        memory = self.memory(question)
        return memory is not None and is_leech(memory)

    def missed(self, question: str) -> bool:
        """True when the last review of the question was a miss."""
        reviews = self.of(question)
        return bool(reviews) and reviews[-1].rating is Rating.AGAIN

    def days(self) -> Counter[date]:
        """Reviews per day, in the local calendar."""
        return Counter(review.at.astimezone().date() for review in self.reviews)

    def bets(self) -> list[tuple[int, float]]:
        """Each confidence in percent with the score it met; cram counts too, "I do not know" does not.

        Only the first bet on a question in a sitting counts: when it comes back, its answer was just shown.
        """
        firsts: dict[tuple[str, str], Review] = {}
        for review in self.reviews:
            firsts.setdefault((review.session, review.question), review)
        return [(review.confidence, review.score) for review in firsts.values() if review.confidence]

    def _fed_at(self, question: str) -> datetime | None:
        fed = self._feeds.get(question)
        last = next((review for review in reversed(self.of(question)) if not review.cram), None)
        return fed[0] if fed and (last is None or last.event < fed[1]) else None

    def _reviewed(self, event: Event) -> None:
        if event.id in self._gone:
            return
        body = event.body
        review = Review(
            event=event.id,
            at=event.at,
            question=body["question"],
            rating=Rating(body["rating"]),
            score=body["score"],
            correct=body["correct"],
            confidence=body["confidence"],
            cram=body["cram"],
            session=body["session"],
        )
        self.reviews.append(review)
        self._by_question.setdefault(review.question, []).append(review)
        self._memories.pop(review.question, None)

    def _undone(self, event: Event) -> None:
        gone = event.body["event"]
        self._gone.add(gone)  # merged logs of machines whose clocks differ may tell of the undo first
        for reviews in (self.reviews, self._by_question.get(event.body["question"], [])):
            reviews[:] = [review for review in reviews if review.event != gone]
        self._memories.pop(event.body["question"], None)

    def _suspended(self, event: Event) -> None:
        self.suspended.add(event.body["question"])

    def _unsuspended(self, event: Event) -> None:
        self.suspended.discard(event.body["question"])

    def _flagged(self, event: Event) -> None:
        self.flagged.setdefault(event.body["question"], []).append(event.body["note"])

    def _fed(self, event: Event) -> None:
        for question in event.body["questions"]:
            self._feeds[question] = (event.at, event.id)

    def _planned(self, event: Event) -> None:
        chosen = event.body["interview"]
        self.interview = date.fromisoformat(chosen) if chosen else None


_HANDLERS = {
    "reviewed": History._reviewed,
    "undone": History._undone,
    "suspended": History._suspended,
    "unsuspended": History._unsuspended,
    "flagged": History._flagged,
    "fed": History._fed,
    "planned": History._planned,
}
