"""The labs of one learner: what there is, how each stands, and its verbs, with what happened put into the log.

Refuses to run anything itself: a `Session` does. What a verb tells passes through here unchanged, and is recorded as it
passes, so that a verdict that was seen is one that is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from tutor.errors import Problem, UsageError
from tutor.labs import news

if TYPE_CHECKING:
    from pathlib import Path

    from tutor.coach.coach import Coach
    from tutor.labs.definition import Lab
    from tutor.labs.engine.base import Progress as Progress_
    from tutor.labs.library import Found, Library
    from tutor.labs.report import Row
    from tutor.labs.session import Session
    from tutor.labs.site import Site

Entry = tuple[str, Mapping[str, Any]]
Progress = Literal["new", "begun", "done"]


@dataclass(frozen=True, slots=True)
class LabRow:
    """A lab as a list shows it. `progress` is from the log; `running` says that it is in progress on this machine."""

    lab: Lab
    progress: Progress
    running: bool


class Labs:
    """What a face asks. `site` gives the place of a lab on this machine."""

    def __init__(self, coach: Coach, library: Library, site: Callable[[Found], Site]) -> None:
        self._coach = coach
        self._library = library
        self._site = site

    @cached_property
    def _catalogue(self) -> tuple[tuple[Found, ...], tuple[Problem, ...]]:
        catalogue = self._library.catalogue()
        topics = [topic.id for topic in self._coach.index.topics]
        known = {topic: number for number, topic in enumerate(topics)}
        labs = sorted(catalogue.labs, key=lambda found: known.get(found.lab.topic, len(known)))
        return tuple(labs), catalogue.problems

    @property
    def problems(self) -> Sequence[Problem]:
        """What is wrong with labs that cannot be listed."""
        return self._catalogue[1]

    def rows(self) -> list[LabRow]:
        """Every lab, by topic in the order of the pack."""
        done, begun = finished(self._coach), self._seen()
        return [
            LabRow(
                found.lab,
                "done" if found.lab.id in done else "begun" if found.lab.id in begun else "new",
                self._site(found).file.path.is_file(),
            )
            for found in self._catalogue[0]
        ]

    def running(self) -> list[str]:
        """The ids of labs in progress on this machine."""
        return [row.lab.id for row in self.rows() if row.running]

    def named(self, lab: str) -> str:
        """The lab that is meant: the one named, or the only one in progress.

        Raises: UsageError when none is in progress, or several.
        """
        if lab:
            return lab
        running = self.running()
        if len(running) == 1:
            return running[0]
        if not running:
            raise UsageError("No lab is running.", "See them with: tutor lab list")
        raise UsageError(f"{len(running)} labs are running: {', '.join(running)}.", "Name the one you mean.")

    def open(self, lab: str = "") -> LabSession:
        """One lab.

        Raises: UsageError when there is none of that id, ContentError when it is wrong.
        """
        found = self._library.open(self.named(lab))
        return LabSession(self._coach, found, self._site(found))

    def only(self, running: Sequence[str]) -> Session | None:
        """The session of the one lab among these, if there is one.

        Raises: UsageError when there are several.
        """
        if len(running) > 1:
            raise UsageError(
                f"{len(running)} labs are running: {', '.join(running)}.", "Stop all of them but one first."
            )
        return self.open(running[0]).session if running else None

    def proof(self, lab: str, engine: str) -> Iterator[news.News | Row]:
        """Prove one lab on one engine; the last value is its row. Nothing of it is recorded.

        Raises: UsageError when there is none of that id, ContentError when it is wrong.
        """
        from tutor.labs.proof import prove

        return prove(self._site(self._library.open(lab)), engine)

    def fetch(self, labs: Sequence[str], engine: str = "") -> Iterator[Progress_]:
        """Bring all that these labs need onto this machine; all labs when none is named, and the engine that a start
        would choose.

        Raises: MachineError when it cannot be had.
        """
        from tutor.labs.parts import plan

        chosen = [self._library.open(lab) for lab in labs] or list(self._catalogue[0])
        engine = engine or (_usable(self._site(chosen[0])) if chosen else "")
        sites = [self._site(found) for found in chosen if engine in found.lab.system.engines]
        plans = [plan(site.found.lab, site.workspace().place) for site in sites]
        return sites[0].engine(engine).fetch(plans) if sites else iter(())

    def trust(self, lab: str) -> Path:
        """Let a lab from elsewhere run code of its own, as it is now; its folder.

        Raises: UsageError when there is none of that id.
        """
        return self._library.trust(lab)

    def _seen(self) -> set[str]:
        return {event.body["lab"] for event in self._coach.events if event.kind == "lab-started"}


def _usable(site: Site) -> str:
    """The first engine that nothing stands in the way of; the preferred one when there is none: it says why."""
    from tutor.labs.engine.base import Plan

    names = list(site.engines)
    well = (name for name in names if not any(one.fatal for one in site.engine(name).obstacles(Plan("fetch", ()))))
    return next(well, names[0])


class LabSession:
    """The verbs of one lab, recorded."""

    def __init__(self, coach: Coach, found: Found, site: Site) -> None:
        from tutor.labs.session import Session

        self.found = found
        self.session: Session = Session(site)
        self._coach = coach

    @property
    def lab(self) -> Lab:
        """What the lab is."""
        return self.found.lab

    def told(self, stream: Iterator[news.News]) -> Iterator[news.News]:
        """What a verb tells, as it tells it; each piece is in the log before it is handed on."""
        try:
            for piece in stream:
                self.keep(piece)
                yield piece
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()

    def keep(self, piece: news.News) -> None:
        """Put into the log what a piece of news says about the learner: for a face that runs verbs in a thread of
        their own, where the log must not be written.
        """
        if entries := list(self._entries(piece)):
            self._coach.record(*entries)

    def verdicts(self) -> dict[str, str]:
        """What each check came to when it was last looked at, since the lab was last started."""
        found: dict[str, str] = {}
        for event in self._coach.events:
            if event.kind in ("lab-started", "lab-checked") and event.body["lab"] == self.lab.id:
                found = found | event.body["verdicts"] if event.kind == "lab-checked" else {}
        return found

    def _entries(self, piece: news.News) -> Iterator[Entry]:
        lab = self.lab.id
        if isinstance(piece, news.Briefed) and piece.fresh:
            yield "lab-started", {"lab": lab}
        elif isinstance(piece, news.Checked):
            verdicts = {check.id: check.verdict.value for check in piece.step.checks}
            yield "lab-checked", {"lab": lab, "step": piece.step.step, "verdicts": verdicts}
        elif isinstance(piece, news.StepPassed):
            yield from self._passed(piece)
        elif isinstance(piece, news.Hinted):
            yield "lab-hinted", {"lab": lab, "step": piece.step, "level": piece.level}
        elif isinstance(piece, news.SolutionShown):
            yield "lab-solved", {"lab": lab, "step": piece.step}
        elif isinstance(piece, news.Stopped):
            yield "lab-stopped", {"lab": piece.lab}  # it may be the one that this one is started instead of

    def _passed(self, piece: news.StepPassed) -> Iterator[Entry]:
        lab = self.lab
        yield "lab-step-passed", {"lab": lab.id, "step": piece.step, "skipped": piece.skipped}
        if not piece.next:
            yield "lab-finished", {"lab": lab.id}
            known = {entry.id for entry in self._coach.index.entries}
            questions = [question for question in lab.debrief.questions if question in known]
            if questions:
                yield "fed", {"run": f"lab:{lab.id}", "questions": questions}


def finished(coach: Coach) -> dict[str, str]:
    """Each lab that was finished, and what its evidence is worth: how much of it was done in the learner's place."""
    helped: dict[str, set[str]] = {}
    done: dict[str, str] = {}
    for event in coach.events:
        if event.kind in ("lab-solved", "lab-step-passed") and (event.kind == "lab-solved" or event.body["skipped"]):
            helped.setdefault(event.body["lab"], set()).add(event.body["step"])
        elif event.kind == "lab-started":
            helped.pop(event.body["lab"], None)
        elif event.kind == "lab-finished":
            steps = helped.get(event.body["lab"], set())
            count = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
            note = f"done, with the solution of {count}" if steps else "done"
            if done.get(event.body["lab"]) != "done":
                done[event.body["lab"]] = note
    return done
