"""One sitting, as a face drives it: ask, answer, reveal, rate. Refuses to show what was not answered yet.

An answer is logged the moment it is given, before anything is revealed; a rating when it is given. A sitting that was
cut off anywhere is taken up exactly there.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tutor.errors import StoreError
from tutor.schedule.memory import Rating
from tutor.study.grading import Given, Grade, grade, grade_points, grade_unknown, suggest
from tutor.study.points import suggest_points
from tutor.study.session import Ask, Session
from tutor.study.wording import reading_seconds, wording

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.content.models.question import Question
    from tutor.event import Event

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

    @property
    def draft(self) -> str:
        """What was typed for the current question and not given yet."""
        return self._coach.log.draft(self._draft_name())

    def keep_draft(self, text: str) -> None:
        """Keep what is being typed; an empty text forgets it."""
        self._coach.log.keep_draft(self._draft_name(), text)

    def answer(self, given: Given, confidence: int, seconds: float) -> Reveal:
        """Lock an answer in and lay the question open. `confidence` is in percent, 0 with `UNKNOWN`.

        Raises: StoreError when the answer cannot be kept; ValueError when it does not fit the kind of question.
        """
        question = self._current().question
        _graded(question, given)
        body = {
            "session": self.session.id,
            "question": question.id,
            "wording": wording(question),
            "given": given,
            "confidence": 0 if given == UNKNOWN else confidence,
            "seconds": round(max(0.0, seconds), 1),
        }
        self._answered = self._coach.record(("answered", body))[0]
        if question.kind == "open":
            with suppress(StoreError):  # the answer is kept; a draft that stays behind is no loss
                self.keep_draft("")
        return self.ticked(None)

    def ticked(self, met: Sequence[str] | None) -> Reveal:
        """The reveal with the key points in `met` ticked; None stands for the suggested ones.

        Raises: ValueError when nothing was answered yet.
        """
        ask, event = self._current(), self._answered
        if event is None:
            raise ValueError("nothing was answered yet")
        question, body = ask.question, event.body
        graded = _graded(question, body["given"], met)
        suggested: dict[str, str] = {}
        if question.kind == "open":
            suggested = suggest_points(question.key_points, body["given"])
        intervals = self._coach.history.preview(question.id, self._coach.now())
        rating = suggest(question.kind, graded, body["confidence"], body["seconds"], reading_seconds(question))
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
        if reveal.ask.question.kind == "open":
            body["met"] = list(reveal.suggested_points) if met is None else list(met)
        self._ratings.extend(self._coach.record(("reviewed", body)))
        self.session.rate(question, rating)
        self._answered = None

    def undo(self) -> bool:
        """Take the last rating back; its question is current again, answered and not rated. False at the start."""
        if not self._ratings:
            return False
        event = self._ratings[-1]
        body = {"session": self.session.id, "event": event.id, "question": event.body["question"]}
        self._coach.record(("undone", body))
        self._ratings.pop()
        self.session.undo()
        self._answered = self._still_fits(event.body["answer"], self._coach.events)
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
        """Take in what was already logged of this sitting, leniently: the pack may have changed since, and another
        tutor may have gone on with the same sitting.
        """
        answer = ""
        for event in events:
            if event.kind == "answered":
                answer = event.id
            elif event.kind == "reviewed" and self.session.bring_forward(event.body["question"]):
                self.session.rate(event.body["question"], Rating(event.body["rating"]))
                self._ratings.append(event)
            elif event.kind == "undone" and self._ratings and self._ratings[-1].id == event.body["event"]:
                self.session.undo()
                answer = self._ratings.pop().body["answer"]
            elif event.kind in ("skipped", "suspended"):
                self._leave_out(event.body["question"])
        for question in self._coach.history.suspended.intersection(self.session.pending):
            self.session.leave_out(question)
        self._answered = self._still_fits(answer, events)

    def _still_fits(self, answer: str, events: Sequence[Event]) -> Event | None:
        """The logged answer, if it was given to the current question as it is worded now and is not rated; its numbers
        would point at other options if the question had been edited.
        """
        if any(rating.body["answer"] == answer for rating in self._ratings):
            return None
        event = next((event for event in events if event.id == answer), None)
        if event is None or event.body["question"] != self.session.current:
            return None
        question = self._current().question
        try:
            _graded(question, event.body["given"])
        except ValueError:
            return None
        return event if event.body.get("wording", "") == wording(question) else None

    def _draft_name(self) -> str:
        return f"quiz/{self.session.id}/{self._current().question.id}"

    def _leave_out(self, question: str) -> None:
        self.session.leave_out(question)
        self._answered = None

    def _current(self) -> Ask:
        ask = self.ask
        if ask is None:
            raise ValueError("the sitting is over")
        return ask


def _graded(question: Question, given: Given, met: Sequence[str] | None = None) -> Grade:
    """Grade what was given; `met` holds the key points ticked in an open answer, None stands for the suggested ones.

    Raises: ValueError when it does not fit the question.
    """
    if question.kind == "open":
        if not isinstance(given, str):
            raise ValueError(f"{question.id} takes a text")
        return grade_points(question, list(suggest_points(question.key_points, given)) if met is None else met)
    return grade_unknown(question) if given == UNKNOWN else grade(question, given)
