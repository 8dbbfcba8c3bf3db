"""One sitting, as a face drives it: ask, answer, reveal, rate. Refuses to show what was not answered yet.

An answer is logged the moment it is given, before anything is revealed; a rating when it is given. A sitting that was
cut off anywhere is taken up exactly there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tutor.schedule.memory import Rating
from tutor.study.grading import Given, Grade, grade, grade_points, suggest
from tutor.study.points import suggest_points
from tutor.study.session import Ask, Session

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.content.models.question import Question
    from tutor.store.log import Event

READING_WORDS_PER_SECOND = 3.5
UNKNOWN: Given = ""
"""What is given for "I do not know": graded as a miss, with no bet."""


@dataclass(frozen=True, slots=True)
class Reveal:
    """An answered question, laid open. `grade` follows from the points ticked when the question is open.

    `suggested_points` maps key points to the learner's own words that seem to make them; `intervals` says how long
    until the next time for each rating.
    """

    ask: Ask
    given: Given
    confidence: int
    grade: Grade
    suggested_points: dict[str, str]
    rating: Rating
    intervals: dict[Rating, timedelta]


@dataclass(frozen=True, slots=True)
class Summary:
    """A sitting in numbers. `retention` is the share of questions whose first rating was not Again."""

    asked: int
    questions: int
    retention: float
    came_back: tuple[str, ...]
    missed: tuple[str, ...]
    leeches: tuple[str, ...]
    seconds: float
    due_now: int
    next_due: datetime | None
    cram: bool


class Quiz:
    """A sitting in progress."""

    def __init__(self, coach: Coach, session: Session) -> None:
        self._coach = coach
        self.session = session
        self._answered: Event | None = None
        self._ratings: list[Event] = []

    @property
    def ask(self) -> Ask | None:
        """The question to put now, or None when the sitting is over."""
        current = self.session.current
        if current is None:
            return None
        question = self._coach.library.question(current)
        return Ask(
            question=question,
            arrangement=self.session.arrange(question),
            position=self.session.asked + 1,
            total=self.session.total,
            returning=current in self.session.rated,
        )

    @property
    def reveal(self) -> Reveal | None:
        """The current question laid open once it was answered; None before."""
        return self.ticked(None) if self._answered else None

    @property
    def last(self) -> tuple[str, Rating, timedelta] | None:
        """The last rating: question, rating, time until it is asked again."""
        if not self._ratings:
            return None
        body = self._ratings[-1].body
        due = self._coach.history.due(body["question"], self._coach.now())
        wait = due - self._coach.now() if due else timedelta(0)
        return body["question"], Rating(body["rating"]), max(wait, timedelta(0))

    def answer(self, given: Given, confidence: int, seconds: float) -> Reveal:
        """Lock an answer in and lay the question open. `confidence` is in percent, 0 with `UNKNOWN`.

        Raises: StoreError when the answer cannot be kept; ValueError when it does not fit the kind of question.
        """
        ask = self._current()
        if ask.question.kind != "open":
            _grade(ask.question, given)
        body = {"session": self.session.id, "question": ask.question.id, "given": given}
        news = ("answered", {**body, "confidence": confidence, "seconds": round(seconds, 1)})
        self._answered = self._coach.record(news)[0]
        return self.ticked(None)

    def ticked(self, met: Sequence[str] | None) -> Reveal:
        """The reveal with the key points in `met` ticked; None stands for the suggested ones.

        Raises: ValueError when nothing was answered yet.
        """
        ask, event = self._current(), self._answered
        if event is None:
            raise ValueError("nothing was answered yet")
        question, body = ask.question, event.body
        suggested: dict[str, str] = {}
        if question.kind == "open":
            suggested = suggest_points(question.key_points, str(body["given"]))
            graded = grade_points(question, list(suggested) if met is None else met)
        else:
            graded = _grade(question, body["given"])
        history, now = self._coach.history, self._coach.now()
        intervals = history.scheduler.preview(history.memory(question.id), now)
        if not self.session.cram:
            intervals = {rating: _until(self._coach, now, wait) for rating, wait in intervals.items()}
        rating = suggest(question.kind, graded, body["confidence"], body["seconds"], _reading_seconds(question))
        return Reveal(ask, body["given"], body["confidence"], graded, suggested, rating, intervals)

    def rate(self, rating: Rating, met: Sequence[str] | None = None) -> None:
        """Log how well the answer was recalled and go on to the next question.

        Raises: StoreError when the rating cannot be kept; ValueError when nothing was answered yet.
        """
        reveal = self.ticked(met)
        assert self._answered is not None
        question = reveal.ask.question.id
        body = {
            "session": self.session.id,
            "question": question,
            "answer": self._answered.id,
            "rating": int(rating),
            "score": round(reveal.grade.score, 4),
            "correct": reveal.grade.correct,
            "confidence": reveal.confidence,
            "seconds": self._answered.body["seconds"],
            "cram": self.session.cram,
        }
        if met is not None:
            body["met"] = list(met)
        self._ratings.extend(self._coach.record(("reviewed", body)))
        self.session.rate(question, rating)
        self._answered = None

    def undo(self) -> bool:
        """Take the last rating back; its question is current again, answered and not rated. False at the start."""
        if not self._ratings:
            return False
        event = self._ratings.pop()
        self._coach.record(("undone", {"event": event.id, "question": event.body["question"]}))
        self.session.undo()
        answered = (other for other in self._coach.events if other.id == event.body["answer"])
        self._answered = next(answered, None)
        return True

    def skip(self) -> None:
        """Leave the current question out of this sitting."""
        question = self._current().question.id
        self._coach.record(("skipped", {"session": self.session.id, "question": question}))
        self._leave_out(question)

    def suspend(self) -> None:
        """Do not ask the current question any more, in any sitting, until it is unsuspended."""
        question = self._current().question.id
        self._coach.record(("suspended", {"session": self.session.id, "question": question}))
        self._leave_out(question)

    def flag(self, note: str) -> None:
        """Note that something is wrong with the current question."""
        self._coach.flag(self._current().question.id, note)

    def end(self) -> Summary:
        """Close the sitting; it cannot be taken up again."""
        self._coach.record(("session-ended", {"session": self.session.id}))
        return self.summary()

    def summary(self) -> Summary:
        """The sitting so far."""
        rated = self.session.rated
        firsts = [ratings[0] for ratings in rated.values()]
        standing = self._coach.standing()
        return Summary(
            asked=self.session.asked,
            questions=len(rated),
            retention=sum(rating is not Rating.AGAIN for rating in firsts) / len(firsts) if firsts else 0.0,
            came_back=tuple(question for question, ratings in rated.items() if len(ratings) > 1),
            missed=tuple(question for question, ratings in rated.items() if ratings[0] is Rating.AGAIN),
            leeches=tuple(question for question in rated if self._coach.history.leech(question)),
            seconds=sum(event.body["seconds"] for event in self._ratings),
            due_now=standing.due_now,
            next_due=standing.next_due,
            cram=self.session.cram,
        )

    def replay(self, events: Sequence[Event]) -> None:
        """Take in what was already logged of this sitting."""
        ratings = {event.id: event for event in events if event.kind == "reviewed"}
        for event in events:
            question = event.body.get("question", "")
            if event.kind == "answered":
                self._answered = event
            elif event.kind == "reviewed":
                self.session.rate(question, Rating(event.body["rating"]))
                self._ratings.append(event)
                self._answered = None
            elif event.kind == "undone" and event.body["event"] in ratings:
                self.session.undo()
                self._ratings.pop()
                answer = ratings[event.body["event"]].body["answer"]
                self._answered = next((other for other in events if other.id == answer), None)
            elif event.kind in ("skipped", "suspended"):
                self._leave_out(question)

    def _leave_out(self, question: str) -> None:
        self.session.leave_out(question)
        self._answered = None

    def _current(self) -> Ask:
        ask = self.ask
        if ask is None:
            raise ValueError("the sitting is over")
        return ask


def _until(coach: Coach, now: datetime, wait: timedelta) -> timedelta:
    """The wait as the interview date bends it."""
    from tutor.schedule.horizon import MIN_CAP_DAYS, days_left

    interview = coach.history.interview
    if interview is None or interview < now.date():
        return wait
    return min(wait, timedelta(days=max(MIN_CAP_DAYS, days_left(interview, now.date()) // 2)))


def _grade(question: Question, given: Any) -> Grade:
    """Grade what was given; "I do not know" is an empty answer of the right shape."""
    if given != UNKNOWN:
        return grade(question, given)
    if question.kind == "order":
        right_first = list(range(len(question.entries)))
        return Grade(0.0, False, grade(question, right_first[::-1]).parts)
    empty: Given = []
    if question.kind == "match":
        empty = [""] * len(question.pairs)
    elif question.kind == "cloze":
        empty = [""] * len(question.blanks)
    return grade(question, empty)


def _reading_seconds(question: Question) -> float:
    parts = [question.prompt, question.code.text if question.code else "", getattr(question, "text", "")]
    parts += [option.text for option in getattr(question, "options", ())]
    parts += getattr(question, "entries", ())
    parts += [f"{pair.left} {pair.right}" for pair in getattr(question, "pairs", ())]
    return len(" ".join(parts).split()) / READING_WORDS_PER_SECOND
