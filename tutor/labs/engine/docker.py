"""Labs on a Docker engine. Compose starts (the system's own file and one layer of ours), the SDK looks and acts.

Refuses to leave a half-started system: whatever goes wrong before all parts answer is undone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.errors import MachineError
from tutor.labs import ending
from tutor.labs.engine import images, override
from tutor.labs.engine.access import Access, Kept
from tutor.labs.engine.acting import act
from tutor.labs.engine.base import Action, Obstacle, Plan, Progress, Running
from tutor.labs.engine.command import CommandFailed, lines
from tutor.labs.engine.endpoint import Endpoint, NoEngine, find, located
from tutor.labs.engine.inspector import SERVICE, DockerInspector, containers, facts
from tutor.labs.engine.obstacles import obstacles, start_failed
from tutor.labs.engine.ports import free_ports
from tutor.labs.engine.readers import allow_reading
from tutor.labs.engine.readiness import ready
from tutor.labs.engine.removing import anything, remove
from tutor.labs.engine.renewing import renew

if TYPE_CHECKING:
    import docker

START_SECONDS = 300.0
APPLY_SECONDS = 30.0
DEATHS = 2
POLL, RARELY, LOOK = 0.1, 0.5, 1.0
"""Seconds between two questions: for each part that is waited for, at most, to the engine. Asking takes time from what
is asked: as long as many are not there, it need not be known at once that one is.
"""

RELOADED = {"prometheus": "http://{}/-/reload", "alertmanager": "http://{}/-/reload"}
"""Parts that read their configuration again when asked, without a restart."""

DOORS_FILE = Path(__file__).with_name("doors.py")


class NotReady(MachineError):
    """A part was started and does not answer; `said` is the end of its log."""

    def __init__(self, part: str, said: str) -> None:
        super().__init__(f"{part} does not get ready. Its log ends:\n{said}", "See: tutor lab logs")
        self.part = part
        self.said = said


class DockerEngine:
    """The Docker engine in use. `home` is where the layers of Compose are kept, `system` is `labs/system`."""

    name = "docker"

    def __init__(self, home: Path, system: Path) -> None:
        self._home = home
        self._system = system
        self._kept = Kept(home)

    @cached_property
    def endpoint(self) -> Endpoint:
        """The engine.

        Raises: NoEngine.
        """
        return find()

    @cached_property
    def client(self) -> docker.DockerClient:
        """The SDK's client of it. What runs was started, so the engine is one that labs can use: nobody asks again.

        Raises: NoEngine.
        """
        return located().client()

    def obstacles(self, plan: Plan) -> Sequence[Obstacle]:
        """What stands in the way of this plan here."""
        try:
            needed = self._needed(plan)
            return obstacles(self.client, plan, self._system, needed)
        except NoEngine as reason:
            return [Obstacle(reason.message, reason.hint)]

    def fetch(self, plans: Sequence[Plan]) -> Iterator[Progress]:
        """Pull and build all images that the plans need."""
        parts = tuple(dict.fromkeys(part for plan in plans for part in plan.parts))
        yield from self._fetch(Plan("fetch", parts))

    def up(self, plan: Plan, project: str) -> Iterator[Progress | Running]:
        """Start, wait until all parts answer, yield the `Running` last."""
        yield Progress("check", f"the engine at {self.endpoint.host}")
        yield from self._fetch(plan)
        yield from self._started(plan, project, iter(()))

    def renew(self, plan: Plan, project: str) -> Iterator[Progress | Running]:
        """Empty what runs, keep of it what is slow to boot, and start the plan on that."""
        yield Progress("check", f"the engine at {self.endpoint.host}")
        yield from self._fetch(plan)
        addresses, access = self._kept.get(project) or ({}, Access())
        yield from self._started(plan, project, renew(self.client, project, plan.parts, addresses, access))

    def _started(self, plan: Plan, project: str, emptied: Iterator[Progress]) -> Iterator[Progress | Running]:
        """Start what the plan needs and what was emptied does not run; undone when that does not come to its end."""
        finished = False
        try:
            yield from emptied
            kept, access = self._kept.get(project) or ({}, Access())
            addresses = {name: kept.get(name, address) for name, address in _addresses(plan).items()}
            self._kept.put(project, addresses, access)
            self._write_layer(plan, project, addresses)
            command = self._compose(project, "up", "-d", "--no-build", *plan.parts, override.DOORS)
            yield from self._told(command, self._environment(plan, addresses, access))
            yield from self._wait(project, plan.parts, addresses)
            credentials = access.credentials(addresses)
            allow_reading(access, addresses)
            finished = True  # before the last word: who has heard it may stop listening
            yield Running(self.name, project, plan, datetime.now(UTC), addresses, credentials)
        finally:
            if not finished:
                for _ in self.down(project):
                    pass

    def apply(self, running: Running, parts: Sequence[str]) -> Iterator[Progress]:
        """Restart these parts; those that read their configuration again by themselves are asked to."""
        mounted = {mount.part for mount in running.plan.mounts if mount.target == "code"}
        # The gateway would read its routes again by itself, a moment later, and go on with the old ones when they are
        # wrong: whoever looks right after an edit would see the work of before. One that starts anew says so.
        restarted = [part for part in parts if part in mounted or part not in RELOADED]
        for part in set(parts) & set(RELOADED):
            _reload(RELOADED[part].format(running.addresses[f"{part}.http"]))
        for part in restarted:
            yield Progress("start", f"{part} restarts", 0, len(restarted))
        with ThreadPoolExecutor(max(1, len(restarted))) as pool:
            list(pool.map(lambda part: self.act(running, Action("restart", part)), restarted))
        try:
            yield from self._wait(running.project, restarted, running.addresses, patience=APPLY_SECONDS)
        except NotReady as failure:  # what the learner wrote does not run: its log and the checks say so
            yield Progress("wait", f"{failure.part} does not start: {failure.said.splitlines()[-1][:200]}")

    def inspector(self, running: Running) -> DockerInspector:
        """What looks at it."""
        return DockerInspector(self.client, running.project, running.addresses)

    def act(self, running: Running, action: Action) -> None:
        """Do one thing to one part."""
        act(self.client, running.project, action)

    def find(self, project: str) -> bool:
        """Whether anything of this project is there."""
        return anything(self.client, project)

    def down(self, project: str) -> Iterator[Progress]:
        """Remove everything of the project."""
        yield from remove(self.client, project)
        self._layer(project).unlink(missing_ok=True)
        self._kept.forget(project)

    def _needed(self, plan: Plan) -> tuple[list[str], list[str]]:
        """The images of this plan: official ones, and ours."""
        named = [self._images[part] for part in plan.parts]
        ours = [name for name in named if name.startswith("shop/")]
        return [name for name in named if name not in ours] + [self._env.get("PYTHON_IMAGE", images.BASE)], ours

    @cached_property
    def _images(self) -> dict[str, str]:
        """The image of each part, as Compose sees it."""
        said = "".join(lines(self._compose("tutor-images", "config", "--format", "json"), self._env, 30))
        return {part: str(service["image"]) for part, service in json.loads(said)["services"].items()}

    def _fetch(self, plan: Plan) -> Iterator[Progress]:
        official, ours = self._needed(plan)
        yield from images.pull(self.client, images.missing(self.client, official))
        lacking = images.missing(self.client, ours)
        if lacking:
            built = [name.partition("/")[2].partition(":")[0] for name in lacking]
            yield from images.build(self._compose("tutor-images", "build", *built), self._env, built)

    @cached_property
    def _env(self) -> dict[str, str]:
        return {**self.endpoint.environment(), "SHOP_TAG": images.tag(self._system)}

    def _environment(self, plan: Plan, addresses: Mapping[str, str], access: Access) -> dict[str, str]:
        return {**self._env, **override.variables(plan, addresses), **access.variables()}

    def _layer(self, project: str) -> Path:
        return self._home / f"{project}.compose.json"

    def _write_layer(self, plan: Plan, project: str, addresses: Mapping[str, str]) -> None:
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            content = override.layer(plan, str(self._home), addresses, DOORS_FILE)
            self._layer(project).write_text(json.dumps(content), encoding="utf-8")
        except OSError as error:
            raise MachineError(f"{self._home} cannot be written: {error.strerror}.", "Make room there.") from None

    def _compose(self, project: str, verb: str, *arguments: str) -> list[str]:
        files = ["-f", str(self._system / "compose.yaml")]
        if self._layer(project).is_file():
            files += ["-f", str(self._layer(project))]
        return ["docker", "compose", "-p", project, *files, "--profile", "*", verb, *arguments]

    def _told(self, command: Sequence[str], env: Mapping[str, str]) -> Iterator[Progress]:
        """What Compose says it does, container by container."""
        try:
            for line in lines([*command[:2], "--progress", "plain", *command[2:]], env, START_SECONDS):
                words = line.split()
                if len(words) >= 3 and words[0] == "Container" and words[-1] in ("Started", "Running"):
                    yield Progress("start", words[1])
        except CommandFailed as failure:
            raise start_failed(failure) from None

    def _wait(
        self, project: str, parts: Sequence[str], addresses: Mapping[str, str], patience: float = START_SECONDS
    ) -> Iterator[Progress]:
        """Until each part answers.

        Raises: NotReady for one that does not in time, or has visibly failed, with the end of its log.
        """
        waiting, deadline, look = list(parts), time.monotonic() + patience, time.monotonic() + LOOK
        with ThreadPoolExecutor(max(1, len(waiting))) as pool:
            while waiting:
                answers = list(pool.map(lambda part: ready(part, addresses), waiting))
                done = [part for part, answer in zip(waiting, answers, strict=True) if answer]
                waiting = [part for part in waiting if part not in done]
                for part in done:
                    yield Progress("wait", f"{part} answers", len(parts) - len(waiting), len(parts))
                failed = ""
                if waiting and time.monotonic() > look:
                    failed, look = self._failed(project, waiting), time.monotonic() + LOOK
                if failed or (waiting and time.monotonic() > deadline):
                    raise self._not_ready(project, failed or waiting[0])
                ending.sleep(min(POLL * len(waiting), RARELY))

    def _failed(self, project: str, parts: Sequence[str]) -> str:
        """A part that dies again and again: one restart may be a database that was not there yet."""
        for container in containers(self.client, project):
            part = str(container.labels.get(SERVICE))
            one = facts(container, part)
            if part in parts and (one.restarts >= DEATHS or one.state == "exited"):
                return part
        return ""

    def _not_ready(self, project: str, part: str) -> NotReady:
        found = containers(self.client, project, part)
        said = found[0].logs(tail=5).decode("utf-8", "replace").strip() if found else "there is no container of it"
        return NotReady(part, said)


def _addresses(plan: Plan) -> dict[str, str]:
    """A free port on the loopback for each port of each part."""
    wanted = [*override.published(plan), *override.doors(plan)]
    numbers = free_ports(len(wanted))
    return {f"{part}.{port}": f"127.0.0.1:{number}" for (part, port), number in zip(wanted, numbers, strict=True)}


def _reload(url: str) -> None:
    """Ask a part to read its configuration again; that it refuses a bad one is for the checks to see."""
    import httpx

    try:
        httpx.post(url, timeout=5, trust_env=False)
    except httpx.HTTPError as error:
        raise MachineError(f"{url} does not answer: {type(error).__name__}.", "See: tutor lab status") from None
