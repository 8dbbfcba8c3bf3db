"""A lab at work while the app runs: the verb under way in a thread of its own, and all that it has told. It outlives
the screen that shows it, so one may leave and come back. Refuses a second verb while one is at work, and to drop one
without letting it clean up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from tutor.errors import TutorError
from tutor.labs.ending import Ended, Wish, heeding

if TYPE_CHECKING:
    from textual.app import App

    from tutor.coach.labs import Labs, LabSession
    from tutor.labs.console import Console, Exchange
    from tutor.labs.news import News
    from tutor.labs.showing import Status
    from tutor.labs.verdict import CheckReport

KEPT = 300
"""Lines of news that are kept."""

Make = Callable[[], "Iterator[News]"]


@dataclass
class Job:
    """A verb at work. `last` is what it said last, `share` how far it is, from 0 to 1."""

    verb: str
    wish: Wish = field(default_factory=Wish)
    ending: bool = False
    last: str = ""
    share: float | None = None
    after: Callable[[], None] = lambda: None
    """What is done once it has ended."""


class Listener(Protocol):
    """The screen that shows a lab."""

    def took(self, piece: News) -> None:
        """A verb has told something; it is in the log already."""

    def changed(self) -> None:
        """A verb has begun, is asked to end, or has said something."""

    def ended(self, job: Job, trouble: TutorError | None) -> None:
        """A verb has ended."""


class Bench:
    """One lab. Everything but the verbs themselves happens in the app's own thread."""

    def __init__(self, app: App[None], session: LabSession) -> None:
        self._app = app
        self.session = session
        self.job: Job | None = None
        self.status: Status | None = None
        self.told: list[str] = []
        self.trouble = ""
        """What ended the last verb before its time."""
        self.reports: dict[str, CheckReport] = {}
        self.earlier: dict[str, str] = {}
        """Verdicts of checks of which nothing else is known: they were looked at before the app was started."""
        self.looking: set[str] = set()
        self.hints: dict[str, list[tuple[str, str]]] = {}
        """The hints given here, by step: a title and the text."""
        self.listener: Listener | None = None
        self.sent: list[Exchange] = []
        """The requests sent from here, the newest first."""
        self._console: Console | None = None

    @property
    def running(self) -> bool:
        """Whether its system is up, as far as is known."""
        return self.status is not None and self.status.state == "running"

    @property
    def verb(self) -> str:
        """The verb that is at work."""
        return self.job.verb if self.job else ""

    @property
    def console(self) -> Console:
        """What sends requests; it remembers who is logged in."""
        if self._console is None:
            self._console = self.session.session.console()
        return self._console

    def begin(self, verb: str, make: Make) -> bool:
        """Start a verb; watching gives way to it. False when another one is still at work."""
        if self.job is not None and self.job.verb == "watch":
            self.end(partial(self.begin, verb, make))
            return True
        if self.job is not None:
            return False
        self.job, self.trouble = Job(verb), ""
        self._changed()
        threading.Thread(target=self._run, args=(self.job, make), name=f"lab-{verb}", daemon=True).start()
        return True

    def end(self, after: Callable[[], object] | None = None) -> None:
        """Ask the verb at work to end, and do `after` when it has; at once when none is."""
        if self.job is None:
            if after:
                after()
            return
        if after:
            self.job.after = lambda: (after(), None)[1]
        self.job.ending = True
        self.job.wish.make()
        self._changed()

    def say(self, text: str) -> None:
        """Add to what was told, unless it was said just now."""
        if text and self.told[-1:] != [text]:
            self.told = [*self.told, text][-KEPT:]
            if self.job:
                self.job.last = text.partition("\n")[0]

    def _run(self, job: Job, make: Make) -> None:
        """In the verb's own thread: take what it tells to the app, one piece at a time."""
        trouble: TutorError | None = None
        try:
            with heeding(job.wish):
                self._through(job, make())
        except TutorError as error:
            trouble = error
        except Ended:
            pass
        self._app.call_from_thread(self._ended, job, trouble)

    def _through(self, job: Job, stream: Iterator[News]) -> None:
        try:
            for piece in stream:
                self._app.call_from_thread(self._took, job, piece)
                if job.wish.hear():
                    return
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()

    def _took(self, job: Job, piece: News) -> None:
        from tutor.labs.engine.base import Progress
        from tutor.tui.widgets.lab.view import narration

        self.session.keep(piece)
        if isinstance(piece, Progress):
            job.share = piece.done / piece.of if piece.of else None
        self._keep(piece)
        self.say(narration(piece))
        if self.listener:
            self.listener.took(piece)

    def _keep(self, piece: News) -> None:
        """Keep what is shown longer than it is told."""
        from tutor.labs import news
        from tutor.tui.widgets.lab.view import hint_title

        if isinstance(piece, news.Started):
            self.looking.add(piece.check)
        elif isinstance(piece, news.Hinted):
            given = self.hints.setdefault(piece.step, [])
            more = "" if piece.more else "\n\nThe next help is the solution: `o`"
            if (hint := (hint_title(piece), piece.text + more)) not in given:
                given.append(hint)
        elif isinstance(piece, news.Reported):
            self.looking.discard(piece.report.id)
            self.reports[piece.report.id] = piece.report
        elif isinstance(piece, news.Checked):
            self.reports |= {one.id: one for one in piece.step.checks}
        elif isinstance(piece, news.ResetDone | news.Stopped) or (isinstance(piece, news.Briefed) and piece.fresh):
            self.reports, self.earlier, self.hints = {}, {}, {}

    def _ended(self, job: Job, trouble: TutorError | None) -> None:
        self.job = None
        self.looking.clear()
        self.trouble = str(trouble) if trouble else ""
        if trouble:
            self.say(str(trouble))
        elif job.ending:
            self.say("Watching has ended." if job.verb == "watch" else f"`{job.verb}` was cancelled.")
        if self.listener:
            self.listener.ended(job, trouble)
        else:
            how = str(trouble) or "It is cancelled." if trouble or job.ending else "It is done."
            self._app.notify(how, title=f"`{job.verb}` of {self.session.lab.id}", timeout=8, markup=False)
        job.after()

    def _changed(self) -> None:
        if self.listener:
            self.listener.changed()


class Benches:
    """The labs that were opened since the app was started."""

    def __init__(self, app: App[None], labs: Callable[[], Labs]) -> None:
        self._app, self._labs = app, labs
        self._known: dict[str, Bench] = {}

    def open(self, lab: str) -> Bench:
        """The bench of a lab; it takes its time for the first, which may be had in any thread.

        Raises: UsageError when there is no such lab, ContentError when it is wrong.
        """
        if lab not in self._known:
            self._known[lab] = Bench(self._app, self._labs().open(lab))
        return self._known[lab]

    def verb(self, bench: Bench, name: str) -> tuple[str, Make]:
        """What a key asks for: the verb, and what begins it."""

        def take_over() -> Iterator[News]:
            running = self._labs().only(bench.session.session.others())
            yield from bench.session.session.start(instead=running)

        if name == "take_over":
            return "start", take_over
        return name, getattr(bench.session.session, name)

    def at_work(self) -> list[Bench]:
        """Those with a verb at work that wants its end; watching does not."""
        return [bench for bench in self._known.values() if bench.job and bench.job.verb != "watch"]

    def left_running(self) -> list[str]:
        """The labs whose systems are up."""
        return [lab for lab, bench in self._known.items() if bench.running]
