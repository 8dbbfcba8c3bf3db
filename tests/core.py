"""What tests of the core share: a clock that is set by hand, the small pack, and a learner's desk."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings

from tutor.coach.coach import Coach
from tutor.coach.quiz import Quiz
from tutor.content.library import Library
from tutor.content.models.question import Question, QuestionBody
from tutor.event import Event
from tutor.schedule.memory import Rating
from tutor.store.log import Log
from tutor.study.queue import Filter

settings.register_profile("core", deadline=None)  # a deadline would assert a wall clock
settings.load_profile("core")

PACK = Path(__file__).with_name("packs") / "core_small"
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
RIGHT: dict[str, Any] = {
    "q-single": [0],
    "q-multi": [0, 1],
    "q-order": [0, 2, 1, 3, 4],
    "q-open": "It decouples in time, buffers peaks, and asks for idempotent consumers.",
    "q-match": ["Stop calling what fails", "Keep one failure from using everything up", "Bound the wait"],
    "q-cloze": ["1,500 s", "at least once"],
    "q-spot": [2, 5],
    "q-predict": [1],
}
WRONG: dict[str, Any] = {
    "q-single": [1],
    "q-multi": [2],
    "q-order": [4, 3, 2, 1, 0],
    "q-open": "No idea.",
    "q-match": ["", "", ""],
    "q-cloze": ["2", "at most once"],
    "q-spot": [1],
    "q-predict": [0],
}


class Clock:
    """Time as the test says."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """The time, which moves a second with each look, as time does."""
        self.at += timedelta(seconds=1)
        return self.at

    def pass_(self, **span: float) -> None:
        """Let time pass, or run backwards."""
        self.at += timedelta(**span)


class Desk:
    """One learner's folder: a pack that may be edited, a store, a clock."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.pack = folder / "pack"
        shutil.copytree(PACK, self.pack)
        self.cache = cache
        self.clock = Clock()
        self._open: list[Log] = []

    def coach(self, store: str = "progress.db") -> Coach:
        """A tutor started anew on what is on disk."""
        log = Log(self.folder / store, self.clock)
        self._open.append(log)
        return Coach(Library(self.pack, self.cache), log, self.clock)

    def edit(self, file: str, old: str, new: str) -> None:
        """Change the pack on disk."""
        path = self.pack / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def close(self) -> None:
        """Close every store that was opened."""
        for log in self._open:
            log.close()


def do(quiz: Quiz, right: bool = True, rating: Rating | None = None) -> str:
    """Answer and rate the current question; returns its id."""
    assert quiz.ask
    question = quiz.ask.question.id
    reveal = quiz.answer((RIGHT if right else WRONG)[question], 70, 5.0)
    quiz.rate(rating or reveal.rating)
    return question


def only(*questions: str, **options: Any) -> Filter:
    """A main sitting on these questions, told by their kinds: the small pack has one question of each."""
    return Filter(kinds=frozenset(question.removeprefix("q-") for question in questions), **options)


def aside(*questions: str) -> Filter:
    """A sitting on the side, on these questions."""
    return Filter(questions=frozenset(questions))


def question(id_: str, folder: Path) -> Question:
    """A question of the small pack."""
    return Library(PACK, folder).question(id_)


def made(**raw: Any) -> Question:
    """A question from raw data, with what every question needs filled in."""
    source = {"title": "RFC 9110", "url": "https://www.rfc-editor.org/rfc/rfc9110", "kind": "rfc"}
    common = {"id": "q", "topic": "t", "level": "mid", "prompt": "P?", "why": "W.", "sources": [source]}
    return QuestionBody.model_validate({"question": {**common, **raw}}).question


_COUNT = iter(range(1, 10**9))


def event(kind: str, at: datetime = START, **body: Any) -> Event:
    """An event made by hand, with ids that grow."""
    return Event(f"{next(_COUNT):026d}", at, kind, "core-small", body)


def reviewed(question: str, rating: int, at: datetime = START, **more: Any) -> Event:
    """A review made by hand."""
    body = {"session": "s", "answer": "a", "score": 1.0, "correct": rating > 1, "confidence": 70, "seconds": 5.0}
    return event("reviewed", at, **{**body, "question": question, "rating": rating, "cram": False, **more})


@contextmanager
def zone(name: str) -> Iterator[None]:
    """The machine's time zone, for as long as the block runs."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


@contextmanager
def unprivileged() -> Iterator[None]:
    """Run the block as somebody whom file permissions bind, also when the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
