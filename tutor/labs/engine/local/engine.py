"""Labs as processes of this machine. One supervisor per lab owns them all, and goes on when the tutor ends.

Refuses to leave a half-started system, as every engine does; and to cut a part off from its network: processes of one
machine share it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tutor.errors import MachineError
from tutor.labs import ending
from tutor.labs.engine.access import Access
from tutor.labs.engine.base import Action, Obstacle, PartFacts, Plan, Progress, Running
from tutor.labs.engine.local.dependencies import Dependencies
from tutor.labs.engine.local.hold import Gone, Hold
from tutor.labs.engine.local.inspector import LocalInspector
from tutor.labs.engine.local.obstacles import carrier, obstacles
from tutor.labs.engine.local.settling import settle

START_SECONDS = 300.0
APPLY_SECONDS = 60.0
ACT_SECONDS = 60.0
ATTEMPTS = 3
"""How often a start is tried when somebody takes a port between our look and our start."""

POLL = 0.1
LAST_LINES = 8


class NotReady(MachineError):
    """A part was started and does not answer; `said` is the end of its log."""

    def __init__(self, part: str, said: str) -> None:
        full = "No space left" in said
        what = f"{part} does not get ready. Its log ends:\n{said}"
        super().__init__(what, "Make room on the disk." if full else "See: tutor lab logs")
        self.part, self.said = part, said

    @property
    def port_taken(self) -> bool:
        """Whether somebody else listens where it should."""
        return "ddress already in use" in self.said


class LocalEngine:
    """Processes. `home` is where it keeps what it has to remember, `system` is `labs/system`."""

    name = "local"

    def __init__(self, home: Path, system: Path, dependencies: Dependencies) -> None:
        self._home, self._system, self._dependencies = home, system, dependencies

    def obstacles(self, plan: Plan) -> Sequence[Obstacle]:
        """What stands in the way of this plan here."""
        return list(obstacles(plan, self._dependencies))

    def fetch(self, plans: Sequence[Plan]) -> Iterator[Progress]:
        """Prepare the Python that services run with; it is the same for all plans."""
        yield from self._dependencies.prepare()

    def up(self, plan: Plan, project: str) -> Iterator[Progress | Running]:
        """Start, wait until all parts answer, yield the `Running` last."""
        yield Progress("check", "processes on this machine")
        yield from self._dependencies.prepare()
        hold, finished = self._hold(project), False
        try:
            yield from self._started(hold, plan)
            where = hold.ask("where")
            addresses, secrets = where["addresses"], where["secrets"]
            settle(plan.parts, addresses, secrets.get("rabbitmq", ""))
            finished = True  # before the last word: who has heard it may stop listening
            yield Running(self.name, project, plan, datetime.now(UTC), addresses, _credentials(addresses, secrets))
        finally:
            if not finished:
                hold.end()

    def renew(self, plan: Plan, project: str) -> Iterator[Progress | Running]:
        """Start anew: nothing is slow to boot here."""
        yield from self.down(project)
        yield from self.up(plan, project)

    def apply(self, running: Running, parts: Sequence[str]) -> Iterator[Progress]:
        """Restart these parts."""
        for part in parts:
            yield Progress("start", f"{part} restarts", 0, len(parts))
        with ThreadPoolExecutor(max(1, len(parts))) as pool:
            list(pool.map(lambda part: self.act(running, Action("restart", part)), parts))
        try:
            yield from self._wait(self._hold(running.project), parts, APPLY_SECONDS)
        except NotReady as failure:  # what the learner wrote does not run: its log and the checks say so
            yield Progress("wait", f"{failure.part} does not start: {failure.said.splitlines()[-1][:200]}")

    def inspector(self, running: Running) -> LocalInspector:
        """What looks at it."""
        return LocalInspector(self._hold(running.project), running.addresses)

    def act(self, running: Running, action: Action) -> None:
        """Do one thing to one part."""
        if action.do == "disconnect":
            raise MachineError(
                f"{action.part} cannot be cut off without Docker: processes of one machine share its network.",
                "Stop or pause it instead, or start the lab in Docker.",
            )
        if action.do == "connect":
            return  # it is: nothing here can be cut off
        self._hold(running.project).ask("act", ACT_SECONDS, do=action.do, part=action.part, instance=action.instance)

    def find(self, project: str) -> bool:
        """Whether anything of this project runs; its data lives no longer than its supervisor."""
        return self._hold(project).alive()

    def down(self, project: str) -> Iterator[Progress]:
        """End everything, remove every file."""
        hold = self._hold(project)
        with suppress(MachineError):  # one that is gone, or hangs, is ended all the same
            count = len(hold.ask("facts"))
            yield Progress("stop", f"{count} processes", 0, count)
        hold.end()
        yield Progress("stop", "nothing is left", 1, 1)

    def _hold(self, project: str) -> Hold:
        return Hold(self._home, project)

    def _started(self, hold: Hold, plan: Plan) -> Iterator[Progress]:
        """Have a supervisor, and all parts answer."""
        if hold.alive():
            hold.ask("start", START_SECONDS)
            yield from self._wait(hold, plan.parts, START_SECONDS)
            return
        for attempt in range(1, ATTEMPTS + 1):
            hold.end()  # what an earlier one, that was killed, has left
            yield Progress("start", f"{len(plan.parts)} parts", 0, len(plan.parts))
            hold.spawn(self._order(hold, plan), self._python(), self._system)
            try:
                yield from self._wait(hold, plan.parts, START_SECONDS)
                return
            except NotReady as failure:
                if not failure.port_taken or attempt == ATTEMPTS:
                    raise
                yield Progress("start", "somebody took a port meanwhile; once more, with others")

    def _python(self) -> Path:
        python = self._dependencies.python()
        if python is None:
            raise MachineError("The packages of the services are gone again.", "Start the lab once more.")
        return python

    def _order(self, hold: Hold, plan: Plan) -> dict[str, Any]:
        mounts = [
            {"part": one.part, "source": str(one.source), "target": one.target, "name": one.name} for one in plan.mounts
        ]
        return {
            "project": hold.project,
            "record": str(hold.record),
            "logs": str(hold.logs),
            "parts": list(plan.parts),
            "replicas": dict(plan.replicas),
            "settings": {part: dict(chosen) for part, chosen in plan.settings.items()},
            "replacements": mounts,
            "transport": carrier(plan),
        }

    def _wait(self, hold: Hold, parts: Sequence[str], patience: float) -> Iterator[Progress]:
        """Until each process of these parts answers.

        Raises: NotReady for one that does not in time, or has ended, with the end of its log.
        """
        inspector = LocalInspector(hold, {})
        waiting, deadline = list(parts), time.monotonic() + patience
        with ThreadPoolExecutor(max(1, len(waiting))) as pool:
            while waiting:
                looks = list(pool.map(inspector.facts, waiting))
                found = dict(zip(waiting, looks, strict=True))
                for part in [part for part in waiting if _answers(found[part])]:
                    waiting.remove(part)
                    yield Progress("wait", f"{part} answers", len(parts) - len(waiting), len(parts))
                ended = [part for part in waiting if any(one.state == "exited" for one in found[part])]
                if ended or (waiting and time.monotonic() > deadline):
                    raise _not_ready(inspector, (ended or waiting)[0])
                if waiting:
                    ending.listen()
                    time.sleep(POLL)


def _answers(facts: Sequence[PartFacts]) -> bool:
    return bool(facts) and all(one.state == "running" and one.health == "healthy" for one in facts)


def _not_ready(inspector: LocalInspector, part: str) -> MachineError:
    if not inspector.facts():
        return Gone(part)
    lines = inspector.logs(part, datetime.now(UTC) - timedelta(hours=1), LAST_LINES)
    return NotReady(part, "\n".join(line.text for line in lines) or "it wrote nothing")


def _credentials(addresses: dict[str, str], secrets: dict[str, str]) -> dict[str, str]:
    """What the learner and the checks log in with, under the names that all engines use."""
    access = Access(
        admin=secrets["admin"],
        identity=secrets["identity"],
        reader=secrets.get("reader", ""),
        rabbitmq=secrets.get("rabbitmq", ""),
    )
    given = access.credentials(addresses)
    if "rabbitmq" not in secrets:
        given = {name: value for name, value in given.items() if not name.startswith("rabbitmq.")}
    if "broker" in secrets:
        given["rabbitmq.password"] = secrets["broker"]
        given["events.url"] = f"redis://:{secrets['broker']}@{addresses['rabbitmq.redis']}/0"
    if "redis" in secrets:
        given["redis.password"] = secrets["redis"]
    return given
