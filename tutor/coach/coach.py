"""Everything a face needs, in one object: a pack, a learner's log, a clock. Refuses to read the clock by itself.

coach.quiz(Filter(...))          start a sitting          coach.resume_quiz()      take up the open one
coach.mock("payments-down")      start an interview       coach.mocks()            past and open ones
coach.standing()                 what is due, recall      coach.mastery()          the checklist with evidence
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from tutor.errors import UsageError

if TYPE_CHECKING:
    from tutor.coach.mock import Mock, PastMock
    from tutor.coach.quiz import Quiz
    from tutor.content.index import Index
    from tutor.content.library import Library
    from tutor.event import Event
    from tutor.interview.calibration import Calibration
    from tutor.store.log import Log
    from tutor.study.history import History
    from tutor.study.queue import Filter
    from tutor.study.standing import Mastery, Standing


class Coach:
    """One learner on one pack. `now` gives the time in UTC."""

    def __init__(
        self, library: Library, log: Log, now: Callable[[], datetime], labs: Collection[str] = frozenset()
    ) -> None:
        """`labs` are the ids of the labs that there are."""
        self.library = library
        self.lab_ids = labs
        self.log = log
        self.now = now
        self.unreadable: list[str] = []
        """Ids of events that were left out because their bodies are not what a tutor writes."""
        self._events: list[Event] | None = None
        self._history: History | None = None
        self._read_at = 0

    @property
    def index(self) -> Index:
        """What the pack holds."""
        return self.library.index

    @property
    def events(self) -> list[Event]:
        """The learner's events on this pack, in the order they happened.

        Raises: StoreError when they cannot be read.
        """
        if self._events is None:
            from tutor.coach.bodies import readable

            self._read_at = self.log.foreign_writes()  # before reading: what is written meanwhile is seen next time
            logged = self.log.events(self.index.pack)
            self._events = [event for event in logged if readable(event)]
            kept = {event.id for event in self._events}
            self.unreadable = [event.id for event in logged if event.id not in kept]
        return self._events

    @property
    def history(self) -> History:
        """What the events add up to for the quiz."""
        if self._history is None:
            from tutor.schedule.scheduler import Scheduler
            from tutor.study.history import History

            self._history = History(Scheduler(), self.events)
        return self._history

    @property
    def first_time(self) -> bool:
        """True when nothing was ever logged on this pack."""
        return not self.events

    def refresh(self) -> None:
        """See events written by another tutor; costs next to nothing when there are none.

        Raises: StoreError when the store cannot be read.
        """
        if self.log.foreign_writes() != self._read_at:
            self._events = None
            self._history = None

    def record(self, *news: tuple[str, Mapping[str, Any]]) -> list[Event]:
        """Log events given as (kind, body), all or none, and take them in.

        Raises: StoreError when they cannot be written; then nothing has happened.
        """
        history, events = self.history, self.events
        written = self.log.append(*((kind, self.index.pack, body) for kind, body in news))
        for event in written:
            events.append(event)
            history.apply(event)
        return written

    def quiz(self, wanted: Filter) -> Quiz:
        """Start a sitting. Unless it is one on the side (named questions, or missed ones), those left open are ended.

        Raises: NothingToAsk when nothing in the pack passes the filter.
        """
        from tutor.coach.sittings import start

        return start(self, wanted)

    def resume_quiz(self, session: str = "") -> Quiz | None:
        """The open sitting as it was left, or the one of the id `session`; None when there is none to take up."""
        from tutor.coach.sittings import resume, take_up

        return take_up(self, session) if session else resume(self)

    def mock(self, scenario: str) -> Mock:
        """Start an interview.

        Raises: UsageError when there is no such scenario.
        """
        from tutor.coach.mock import start

        return start(self, scenario)

    def resume_mock(self, run: str) -> Mock:
        """Take up the interview whose id starts with `run`.

        Raises: UsageError when there is none, or several.
        """
        from tutor.coach.mock import resume

        return resume(self, run)

    def mocks(self) -> list[PastMock]:
        """Every interview of scenarios that are still in the pack, latest first."""
        from tutor.coach.mock import past

        return past(self)

    def standing(self) -> Standing:
        """What is due, recall per topic, streak, leeches."""
        from tutor.study.standing import standing

        return standing(self.index, self.history, self.now())

    def mastery(self) -> list[Mastery]:
        """The checklist with its evidence."""
        from tutor.coach.labs import finished
        from tutor.study.standing import mastery

        best: dict[str, float] = {}
        for mock in self.mocks():
            if mock.result and mock.ended:
                best[mock.scenario] = max(best.get(mock.scenario, 0.0), mock.result.total)
        labs = {**dict.fromkeys(self.lab_ids, ""), **finished(self)}
        return mastery(self.index, self.history, best, labs, self.now())

    def calibration(self) -> Calibration:
        """How the bets in quizzes turned out."""
        from tutor.interview.calibration import calibrate

        return calibrate(self.history.bets())

    def suspend(self, question: str) -> None:
        """Stop asking a question until it is unsuspended.

        Raises: UsageError when there is no such question, StoreError when it cannot be kept; so do the next two.
        """
        self._known(question)
        self.record(("suspended", {"question": question}))

    def unsuspend(self, question: str) -> None:
        """Ask a question again."""
        self._known(question)
        self.record(("unsuspended", {"question": question}))

    def flag(self, question: str, note: str) -> None:
        """Note that something is wrong with a question."""
        self._known(question)
        self.record(("flagged", {"question": question, "note": note}))

    def plan(self, interview: date | None) -> None:
        """Set the date of the interview, or clear it.

        Raises: UsageError when the date has passed, StoreError when it cannot be kept.
        """
        if interview and interview < self.now().astimezone().date():
            raise UsageError(f"{interview} has passed.", "Give a date from today on: tutor plan --interview 2030-01-31")
        self.record(("planned", {"interview": interview.isoformat() if interview else None}))

    def _known(self, question: str) -> None:
        if all(entry.id != question for entry in self.index.entries):
            self.library.question(question)  # raises with a suggestion
