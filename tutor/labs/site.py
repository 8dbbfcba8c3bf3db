"""One lab on this machine, as one process works with it: its folder, what is kept of it, its engine. Refuses to act;
the verbs are in the modules beside it, and all of them start here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from tutor.errors import MachineError, UsageError
from tutor.labs import ending
from tutor.labs.accounts import Accounts
from tutor.labs.engine.base import Engine, Running
from tutor.labs.engine.readiness import ready
from tutor.labs.evaluate import Surroundings
from tutor.labs.faults import Faults
from tutor.labs.judging import Environment
from tutor.labs.library import Found
from tutor.labs.parts import plan
from tutor.labs.pristine import pristine
from tutor.labs.reach import Reach
from tutor.labs.run import Run, RunDamaged, RunFile, lock, project_name, projects_in_use
from tutor.labs.waterfall import trace_text
from tutor.labs.workspace import Workspace, changed

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds that a short verb waits for another one to finish."""

AT_ONCE = 8
"""Labs that one learner can have in progress at once; each is a whole system."""


@dataclass
class Site:
    """A lab, and where its things are.

    `data` is the folder for all labs, `engines` are those that this machine may have, the preferred one first. `now`
    and `sleep` are the clock.
    """

    found: Found
    system: Path
    data: Path
    engines: Mapping[str, Engine]
    now: Callable[[], datetime]
    sleep: Callable[[float], None] = ending.sleep
    answers: Callable[[str, Mapping[str, str]], bool] = ready
    """Whether a part answers at its addresses, as its clients would ask it."""

    @property
    def id(self) -> str:
        """The lab's id."""
        return self.found.lab.id

    @property
    def home(self) -> Path:
        """The lab's own folder in the learner's data."""
        return self.data / self.id

    @property
    def projects(self) -> list[str]:
        """What engines call the systems of this learner, whichever labs have them."""
        return [project_name(self.data, number) for number in range(1, AT_ONCE + 1)]

    def free_projects(self) -> list[str]:
        """Those that no lab in progress has. Ask while holding `naming`: what is free now is taken by who writes it."""
        used = projects_in_use(self.data)
        return [project for project in self.projects if project not in used]

    def naming(self) -> AbstractContextManager[None]:
        """Be the only one who takes a name for a system, or removes what has a name that nobody took."""
        return lock(self.data / "naming.lock", "naming", PATIENCE, self.sleep)

    @cached_property
    def file(self) -> RunFile:
        """What is kept of it."""
        return RunFile(self.home)

    @cached_property
    def pristine(self) -> dict[str, bytes]:
        """What its workspace starts with.

        Raises: ContentError when the lab brings what it may not.
        """
        return pristine(self.found.folder, self.found.lab.edit, self.system)

    def busy(self, verb: str, patience: float = 0.0) -> AbstractContextManager[None]:
        """Be the only one who changes this lab. Raises: Busy when another process does."""
        return lock(self.home.with_name(f"{self.id}.lock"), verb, patience, self.sleep)

    def workspace(self, place: Path | None = None) -> Workspace:
        """The workspace at this place, or where it is by default."""
        return Workspace((place or self.home / "workspace").absolute(), self.id, self.found.lab.edit)

    def engine(self, name: str) -> Engine:
        """The engine of that name.

        Raises: MachineError when this machine has none.
        """
        if name not in self.engines:
            raise MachineError(f"This lab runs on the engine `{name}`, which is not here.", "See: tutor doctor")
        return self.engines[name]

    def run(self) -> tuple[Run, Running]:
        """What is kept of the lab in progress, and of its running system.

        Raises: UsageError when it is not in progress, MachineError when its start was cut off.
        """
        run = self.file.read()
        if run is None:
            raise UsageError(f"The lab `{self.id}` is not running.", f"Start it: tutor lab start {self.id}")
        if run.state != "running" or run.running is None:
            what = "Stopping" if run.state == "stopping" else "Starting"
            verb = "stop" if run.state == "stopping" else "start"
            raise MachineError(f"{what} `{self.id}` was cut off.", f"Do it again: tutor lab {verb} {self.id}")
        return run, run.running

    def kept(self) -> tuple[Run | None, str]:
        """What is kept, if anything, and a sentence about a file that was damaged."""
        try:
            return self.file.read(), ""
        except RunDamaged as damage:
            return None, damage.message

    def faults(self, running: Running) -> Faults:
        """The switch of the lab's faults."""
        return Faults(
            self.found.lab.faults,
            self.engine(running.engine),
            running,
            self.file,
            lambda part: self.answers(part, running.addresses),
            self.sleep,
        )

    def reach(self, run: Run, running: Running) -> Reach:
        """What looks may use, filled with what is known by now."""
        found = {f"input.{check}": answer for check, answer in run.found.items()}
        credentials = running.credentials
        return Reach(
            engine=self.engine(running.engine).inspector(running),
            workspace=run.workspace,
            started=run.started,
            began=self.now(),
            variables={"lab.started": run.started.isoformat(), **run.captured, **found},
            dsns={name.removeprefix("sql."): dsn for name, dsn in credentials.items() if name.startswith("sql.")},
            secrets=credentials,
            trusted=self.found.trusted,
            lab_folder=self.found.folder,
        )

    def around(self, run: Run, running: Running) -> Surroundings:
        """What an evaluation works with."""
        reach, lab = self.reach(run, running), self.found.lab
        environment = Environment(
            reach.engine,
            lab.system.parts,
            plan(lab, run.workspace).mounts,
            run.applied_at,
            lambda part: self.answers(part, running.addresses),
        )
        return Surroundings(
            reach=reach,
            environment=environment,
            applied=run.applied_at,
            switch=self.faults(running),
            doorkeeper=Accounts(self.file, running.credentials),
            baseline=run.baseline,
            passed=frozenset(run.passed),
            traces=trace_text,
        )

    def unapplied(self, run: Run) -> list[str]:
        """The files of the workspace that the running system has not read yet."""
        return changed(run.applied, self.workspace(run.workspace).fingerprints())

    def current(self, run: Run | None) -> str:
        """The first step that is not done yet; the last one when all are."""
        steps = [step.id for step in self.found.lab.steps]
        return next((step for step in steps if run is None or step not in run.steps), steps[-1])

    def step(self, run: Run | None, wanted: str) -> str:
        """The step that is meant: the one that is named, or the current one.

        Raises: UsageError when the lab has no step of that name.
        """
        known = [step.id for step in self.found.lab.steps]
        if wanted and wanted not in known:
            raise UsageError(f"The lab `{self.id}` has no step `{wanted}`.", f"It has: {', '.join(known)}")
        return wanted or self.current(run)


@contextmanager
def closed(stream: Iterator[T]) -> Iterator[Iterator[T]]:
    """Use a generator; afterwards it is closed, however the use of it ended."""
    try:
        yield stream
    finally:
        if isinstance(stream, Generator):
            stream.close()


def drained(stream: Iterator[object]) -> None:
    """Take a generator to its end, whatever it tells: for cleaning up when nobody listens any more."""
    for _ in stream:
        pass
