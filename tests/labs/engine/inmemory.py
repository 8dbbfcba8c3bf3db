"""An engine that starts nothing but sockets: the same verbs, the same facts, in milliseconds.

`state` outlives an engine object, as a Docker engine outlives the program; give it to another one to find it again.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.labs.engine.shop import Answer, Database, Door, Request, Shop
from tutor.errors import MachineError
from tutor.labs.check import CannotLook
from tutor.labs.engine.base import PORTS, Action, LogLine, Mount, Obstacle, PartFacts, Plan, Progress, Running

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
CODE = "answer.py"
"""The file of a service that says what it answers."""

_CHANGES: dict[str, dict[str, Any]] = {
    "pause": {"state": "paused"},
    "resume": {"state": "running"},
    "disconnect": {"inspect": {"networks": []}},
    "connect": {"inspect": {"networks": ["mesh"]}},
}


@dataclass
class Project:
    """One started system."""

    plan: Plan
    shop: Shop
    facts: dict[str, list[PartFacts]] = field(default_factory=dict)
    lines: list[LogLine] = field(default_factory=list)
    doors: dict[tuple[str, str], Door] = field(default_factory=dict)


@dataclass
class World:
    """Everything that is there, whoever asks."""

    system: Path
    projects: dict[str, Project] = field(default_factory=dict)
    ticks: int = 0
    obstacles: list[Obstacle] = field(default_factory=list)
    broken: str = ""
    """What every verb of the engine says, when it does not work."""
    up_breaks_at: int = 0
    """The part, by its number, at which `up` fails."""
    on_start: Callable[[str], None] = lambda part: None
    """What happens while a part starts."""

    def now(self) -> datetime:
        """Time as this engine tells it: each question is a millisecond later."""
        self.ticks += 1
        return START + timedelta(milliseconds=self.ticks)


class MemoryEngine:
    """One program's hold on the world."""

    name = "docker"

    def __init__(self, world: World) -> None:
        self.world = world

    def obstacles(self, plan: Plan) -> Sequence[Obstacle]:
        """What the test says."""
        self._works()
        return self.world.obstacles

    def fetch(self, plans: Sequence[Plan]) -> Iterator[Progress]:
        """Nothing is needed."""
        for number, plan in enumerate(plans, 1):
            yield Progress("pull", plan.lab, number, len(plans))

    def up(self, plan: Plan, project: str) -> Iterator[Progress | Running]:
        """Open every port; closing the generator, or a failure, undoes all of it."""
        self._works()
        old = self.world.projects.get(project)
        made = Project(plan, Shop(old.shop.database if old else Database()), lines=old.lines if old else [])
        credentials = {"admin.email": "admin@shop.test", "admin.password": "secret-of-admin"}
        made.shop.database.users.setdefault(
            "admin@shop.test",
            {"id": "u0", "email": "admin@shop.test", "password": "secret-of-admin", "roles": ["admin"]},
        )
        if old:
            self._close(project)
        self.world.projects[project] = made
        done = False
        try:
            for number, part in enumerate(plan.parts, 1):
                self.world.on_start(part)
                yield Progress("start", part, number, len(plan.parts))
                if number == self.world.up_breaks_at:
                    raise MachineError(f"{part} does not start.")
                count = plan.replicas.get(part, 1)
                made.facts[part] = [PartFacts(part, f"{part}-{at}", "absent", "none") for at in range(1, count + 1)]
                self._open(made, part)
                self._start(made, part, "")
            addresses = {f"{part}.{port}": f"127.0.0.1:{door.port}" for (part, port), door in made.doors.items()}
            yield Running(self.name, project, plan, self.world.now(), addresses, credentials)
            done = True
        finally:
            if not done:
                self._remove(project)

    def renew(self, plan: Plan, project: str) -> Iterator[Progress | Running]:
        """Nothing is slow to boot here, so nothing goes on running."""
        yield from self.down(project)
        yield from self.up(plan, project)

    def apply(self, running: Running, parts: Sequence[str]) -> Iterator[Progress]:
        """Start these anew."""
        project = self._project(running)
        for number, part in enumerate(parts, 1):
            yield Progress("start", part, number, len(parts))
            self._stop(project, part, "", exit_code=0)
            self._start(project, part, "")

    def inspector(self, running: Running) -> Any:
        """What looks."""
        return MemoryInspector(self.world, running)

    def act(self, running: Running, action: Action) -> None:
        """Change states, and open or close ports accordingly."""
        project = self._project(running)
        if action.part not in project.facts:
            raise MachineError(f"There is no {action.part} here.")
        if action.do in ("stop", "kill"):
            self._stop(project, action.part, action.instance, 137 if action.do == "kill" else 0)
        elif action.do == "restart":
            self._stop(project, action.part, action.instance, 0)
            self._start(project, action.part, action.instance)
        elif action.do == "start":
            self._start(project, action.part, action.instance, only_down=True)
        else:
            self._change(project, action.part, action.instance, **_CHANGES[action.do])
        self._settle(project, action.part)

    def find(self, project: str) -> bool:
        """Whether it is there."""
        self._works()
        return project in self.world.projects

    def down(self, project: str) -> Iterator[Progress]:
        """Close everything."""
        self._works()
        if project in self.world.projects:
            yield Progress("stop", project)
            self._remove(project)

    def _works(self) -> None:
        if self.world.broken:
            raise MachineError(self.world.broken)

    def _project(self, running: Running) -> Project:
        self._works()
        if running.project not in self.world.projects:
            raise MachineError("Nothing of this lab is there any more.")
        return self.world.projects[running.project]

    def _remove(self, project: str) -> None:
        self._close(project)
        del self.world.projects[project]

    def _close(self, project: str) -> None:
        for door in self.world.projects[project].doors.values():
            door.running.set()
            door.close()

    def _open(self, project: Project, part: str) -> None:
        for port in PORTS[part]:
            project.doors[part, port] = Door(_handler(project.shop, part, port))

    def _start(self, project: Project, part: str, instance: str, only_down: bool = False) -> None:
        running = {one.instance for one in project.facts[part] if one.state == "running"}
        names = {one.instance for one in project.facts[part] if instance in ("", one.instance)}
        if only_down:
            names -= running
        error = self._load(project, part) if names else ""
        project.shop.faults.pop(part, None)
        for name in names:
            change: dict[str, Any] = {"state": "running", "health": "healthy", "exit_code": None}
            if error:
                change = {"state": "exited", "health": "none", "exit_code": 1}
            change |= {"started": self.world.now(), "inspect": {"networks": ["mesh"]}}
            self._say(project, part, name, "starting", *error.splitlines())
            self._change(project, part, name, **change)
        self._settle(project, part)

    def _stop(self, project: Project, part: str, instance: str, exit_code: int) -> None:
        self._change(project, part, instance, state="exited", health="none", exit_code=exit_code)
        self._settle(project, part)

    def _change(self, project: Project, part: str, instance: str, **changes: Any) -> None:
        project.facts[part] = [
            replace(one, **changes) if instance in ("", one.instance) else one for one in project.facts[part]
        ]

    def _settle(self, project: Project, part: str) -> None:
        """Open the ports of a part that runs, close those of one that does not, hang for one that is paused."""
        states = {one.state for one in project.facts[part] if one.inspect.get("networks") != []}
        for port in PORTS[part]:
            door = project.doors[part, port]
            (door.open if states & {"running", "paused"} else door.close)()
            (door.running.set if "running" in states or "paused" not in states else door.running.clear)()

    def _load(self, project: Project, part: str) -> str:
        """Read the code of a service as it is now; its own words when that fails."""
        if PORTS[part].keys() != {"http", "ops"}:
            return ""
        path = _source(project.plan.mounts, part, self.world.system)
        found: dict[str, Any] = {}
        try:
            exec(compile(path.read_text() if path.is_file() else "", f"/app/{part}/{CODE}", "exec"), found)
        except (SyntaxError, NameError, TypeError, ValueError, ArithmeticError):
            return traceback.format_exc()
        project.shop.answers[part] = found.get("ANSWER", project.plan.settings.get(part, {}).get("ANSWER"))
        return ""

    def _say(self, project: Project, part: str, instance: str, *texts: str) -> None:
        project.lines += [LogLine(part, instance, self.world.now(), text) for text in texts]


class MemoryInspector:
    """Looks at one project."""

    def __init__(self, world: World, running: Running) -> None:
        self._world, self._running = world, running

    def facts(self, part: str) -> list[PartFacts]:
        """One entry per instance; none of what was removed."""
        project = self._project()
        return project.facts.get(part, []) if project else []

    def logs(self, part: str, since: datetime, limit: int) -> list[LogLine]:
        """The newest lines since then."""
        project = self._project()
        lines = project.lines if project else []
        return [line for line in lines if line.part == part and line.at and line.at >= since][-limit:]

    def address(self, part: str, port: str = "http") -> str:
        """Where it listens."""
        if f"{part}.{port}" not in self._running.addresses:
            raise CannotLook(f"{part} has no {port} here", part)
        return self._running.addresses[f"{part}.{port}"]

    def _project(self) -> Project | None:
        if self._world.broken:
            raise CannotLook(self._world.broken)
        return self._world.projects.get(self._running.project)


def _handler(shop: Shop, part: str, port: str) -> Any:
    def handle(request: Request) -> Answer:
        return shop.ops(part, request) if port == "ops" else shop.business(part, request)

    return handle


def _source(mounts: Sequence[Mount], part: str, system: Path) -> Path:
    mounted = [mount.source for mount in mounts if mount.part == part and mount.name == part]
    return (mounted[0] if mounted else system / "services" / part) / CODE
