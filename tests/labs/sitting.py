"""A learner at a small lab: a session whose engine is in memory, and whose clock is a counter."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from tests.labs.engine.inmemory import START, MemoryEngine, Project, World
from tests.labs.making import small_lab, small_system
from tutor.labs.engine.base import Engine
from tutor.labs.news import Checked, News, Said
from tutor.labs.run import Run
from tutor.labs.session import Session
from tutor.labs.site import Site

N = TypeVar("N")
ANSWER = "services/orders/answer.py"


def reachable(part: str, addresses: Mapping[str, str]) -> bool:
    """Whether some port of a part takes connections."""
    for name, address in addresses.items():
        if name.startswith(f"{part}."):
            host, _, port = address.rpartition(":")
            try:
                socket.create_connection((host, int(port)), timeout=2).close()
            except OSError:
                continue
            return True
    return False


@dataclass
class Learner:
    """One data directory, one engine; every session is like a new process."""

    folder: Path
    world: World
    changes: dict[str, Any] = field(default_factory=dict)
    slept: list[float] = field(default_factory=list)
    on_sleep: Callable[[], None] = lambda: None
    seconds: int = 0

    @property
    def data(self) -> Path:
        """Where labs in progress are kept."""
        return self.folder / "data" / "labs"

    @property
    def workspace(self) -> Path:
        """The default workspace."""
        return self.data / "small-lab" / "workspace"

    def site(self) -> Site:
        """As bootstrap would make it."""
        found = small_lab(self.folder, **self.changes)
        engines: dict[str, Engine] = {"docker": MemoryEngine(self.world)}
        return Site(found, self.folder / "system", self.data, engines, self.now, self.sleep, reachable)

    def session(self) -> Session:
        """A new process."""
        return Session(self.site())

    def now(self) -> datetime:
        """A clock that goes on with the world's."""
        self.seconds += 1
        self.world.ticks += 1000
        return START + timedelta(milliseconds=self.world.ticks)

    def sleep(self, seconds: float) -> None:
        """No time passes; what the test wants to happen meanwhile does."""
        self.slept.append(seconds)
        assert len(self.slept) < 2000, "it never ends"
        self.on_sleep()

    @property
    def projects(self) -> dict[str, Project]:
        """What runs, whoever has started it."""
        return self.world.projects

    @property
    def project(self) -> Project:
        """What runs, when it is one."""
        [project] = self.world.projects.values()
        return project

    def run(self) -> Run:
        """What is kept."""
        run = self.site().file.read()
        assert run is not None
        return run

    def edit(self, text: str, name: str = ANSWER) -> None:
        """Save a file of the workspace."""
        (self.workspace / name).write_text(text)

    def verdicts(self, news: Iterator[News]) -> dict[str, str]:
        """What each check came to."""
        return {one.id: str(one.verdict) for told in news if isinstance(told, Checked) for one in told.step.checks}

    def clean_up(self) -> None:
        """Close every port."""
        self.world.broken = ""
        engine = MemoryEngine(self.world)
        for project in list(self.world.projects):
            for _ in engine.down(project):
                pass


def learner(folder: Path, **changes: Any) -> Iterator[Learner]:
    """A learner who has started nothing yet."""
    made = Learner(folder, World(small_system(folder)), changes)
    yield made
    made.clean_up()


def only(kind: type[N], news: Iterator[Any]) -> list[N]:
    """What of it is of this kind."""
    return [one for one in news if isinstance(one, kind)]


def said(news: Iterator[Any]) -> str:
    """What was said, in one text."""
    return "\n".join(one.text for one in news if isinstance(one, Said))
