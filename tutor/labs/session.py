"""The verbs of one lab, as a face calls them. Long ones are generators of news, and clean up when they are closed.
Refuses to hold any logic of its own, and to know what is recorded about the learner: the caller does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tutor.labs import applying, checking, hinting, showing, starting, stopping, tracing, viewing, watching
from tutor.labs.console import Console
from tutor.labs.endpoints import endpoints
from tutor.labs.engine.base import LogLine
from tutor.labs.news import Endpoint, News
from tutor.labs.queues import Queue, queues
from tutor.labs.run import Entry
from tutor.labs.showing import Status
from tutor.labs.site import PATIENCE, Site
from tutor.labs.spans import Trace
from tutor.labs.traffic import Sample, sample


class Session:
    """One lab on this machine. Every verb may raise UsageError, ContentError or MachineError with a sentence."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def start(self, engine: str = "", workspace: Path | None = None, instead: Session | None = None) -> Iterator[News]:
        """Start it, or find it again; ends with `Briefed`. `instead` is stopped, and hands its system over."""
        return starting.start(self.site, engine, workspace, instead.site if instead else None)

    def others(self) -> list[str]:
        """The other labs of this learner that are in progress."""
        return showing.others(self.site)

    def apply(self) -> Iterator[News]:
        """Show the system what was edited; ends with `Applied`, and `Died` for each part that it killed."""
        return applying.apply(self.site)

    def check(self, step: str = "", every: bool = False) -> Iterator[News]:
        """Look at the checks of a step, or of all; `Checked` for each step, `StepPassed` when one is done by it."""
        return checking.check(self.site, step, every)

    def watch(self) -> Iterator[News]:
        """Apply and check on every change, until the lab is done."""
        return watching.watch(self.site)

    def hint(self, step: str = "") -> Iterator[News]:
        """The next hint; ends with `Hinted`."""
        return hinting.hint(self.site, step)

    def solution(self, step: str = "") -> Iterator[News]:
        """The solution of a step; ends with `SolutionShown`."""
        return hinting.solution(self.site, step)

    def skip(self, step: str = "") -> Iterator[News]:
        """Do a step in the learner's place, telling each action."""
        return hinting.skip(self.site, step)

    def find(self, check: str, answer: str) -> Iterator[News]:
        """Take a finding; ends with the report of its check."""
        return hinting.find(self.site, check, answer)

    def reset(self) -> Iterator[News]:
        """Bring back the start; ends with `ResetDone`."""
        return starting.reset(self.site)

    def stop(self) -> Iterator[News]:
        """Remove everything that runs; ends with `Stopped`."""
        return stopping.stop(self.site)

    def status(self) -> Status:
        """How it stands."""
        return showing.status(self.site)

    def step(self, wanted: str = "") -> str:
        """The step that is meant, also of a lab that is not in progress: the one named, or the first not done."""
        return self.site.step(self.site.kept()[0], wanted)

    def logs(self, parts: Sequence[str] = (), lines: int = 100, follow: bool = False) -> Iterator[LogLine]:
        """Lines of these parts, or of all."""
        return showing.logs(self.site, parts, lines, follow)

    def lines(self, parts: Sequence[str] = (), words: str = "", limit: int = 200) -> list[LogLine]:
        """The newest lines that hold these words: a correlation id, a trace id, or a piece of text."""
        return viewing.lines(self.site, parts, words, limit)

    def traces(self, services: Sequence[str] = (), limit: int = 20) -> list[Trace]:
        """The newest traces in which one of these services took part, or any."""
        return tracing.newest(self.site.reach(*self.site.run()), services, limit)

    def trace(self, id_: str) -> Trace | None:
        """One trace, as far as it has arrived."""
        return tracing.one(self.site.reach(*self.site.run()), id_)

    def traffic(self) -> Sample:
        """What every service has counted by now."""
        return sample(self.site)

    def queues(self) -> list[Queue]:
        """What waits where."""
        return queues(self.site)

    def console(self) -> Console:
        """What sends the learner's own requests."""
        return Console(self.site)

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where everything is."""
        return endpoints(*self.site.run())

    def fault_on(self, fault: str) -> Iterator[News]:
        """Put a fault of the lab in force, until it is undone."""
        with self.site.busy("fault", PATIENCE):
            _, running = self.site.run()
            yield from self.site.faults(running).inject([fault], by="learner")

    def fault_off(self, fault: str = "") -> Iterator[News]:
        """Undo a fault, or all of them, whoever has put it in force."""
        with self.site.busy("fault", PATIENCE):
            _, running = self.site.run()
            yield from self.site.faults(running).undo(by=None, faults=[fault] if fault else None)

    def faults(self) -> tuple[Entry, ...]:
        """The faults that are in force."""
        return self.site.run()[0].faults
