"""Looks at the containers of one project: what they are, what they wrote, where they are. Refuses to change any."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from tutor.labs.check import CannotLook
from tutor.labs.engine.base import Health, LogLine, PartFacts, State
from tutor.labs.engine.inspected import inspected
from tutor.labs.engine.readiness import ready

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container

PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
_STATES = {"running": "running", "paused": "paused", "restarting": "restarting"}


class DockerInspector:
    """Reads one project."""

    def __init__(self, client: docker.DockerClient, project: str, addresses: Mapping[str, str]) -> None:
        self._client = client
        self._project = project
        self._addresses = addresses

    def facts(self, part: str) -> list[PartFacts]:
        """One entry per container of the part, running or not."""
        with _answering(part):
            found = [facts(container, part) for container in containers(self._client, self._project, part)]
        return [self._looked_at(one) for one in found]

    def _looked_at(self, one: PartFacts) -> PartFacts:
        """The engine's first look at health comes seconds after a start; until then we look ourselves."""
        if one.health == "starting" and one.state == "running" and ready(one.part, self._addresses):
            return replace(one, health="healthy")
        return one

    def logs(self, part: str, since: datetime, limit: int) -> list[LogLine]:
        """The newest lines that all containers of the part wrote since then, oldest first."""
        found: list[LogLine] = []
        with _answering(part):
            for container in containers(self._client, self._project, part):
                # One second earlier, because the engine counts in seconds here; cut off exactly below.
                raw = container.logs(timestamps=True, since=int(since.timestamp()) - 1, tail=max(limit, 1))
                found += _lines(part, str(container.name), raw, since)
        found.sort(key=lambda line: line.at or since)
        return found[-limit:]

    def address(self, part: str, port: str = "http") -> str:
        """Where it is reached from here."""
        try:
            return self._addresses[f"{part}.{port}"]
        except KeyError:
            raise CannotLook(f"{part} has no port `{port}` in this lab", part) from None


def containers(client: docker.DockerClient, project: str, part: str = "") -> list[Container]:
    """The containers of a project, or of one of its parts, by name; stopped ones too."""
    labels = [f"{PROJECT}={project}"] + ([f"{SERVICE}={part}"] if part else [])
    found = client.containers.list(all=True, filters={"label": labels}, ignore_removed=True)
    return sorted(found, key=lambda container: str(container.name))


def facts(container: Container, part: str) -> PartFacts:
    """What is known of one container."""
    attributes = container.attrs
    state: Mapping[str, Any] = attributes["State"]
    status = _STATES.get(str(state.get("Status")), "exited")
    health = (state.get("Health") or {}).get("Status", "none")
    return PartFacts(
        part=part,
        instance=str(container.name),
        state=cast("State", status),
        health=cast("Health", health),
        started=moment(str(state.get("StartedAt", ""))),
        exit_code=state.get("ExitCode") if status == "exited" else None,
        restarts=int(attributes.get("RestartCount", 0)),
        oom_killed=bool(state.get("OOMKilled")),
        inspect=inspected(attributes),
    )


def moment(text: str) -> datetime | None:
    """A time as the engine writes it, with nanoseconds; None for its `never`."""
    head, _, tail = text.partition(".")
    if not head or head.startswith("0001"):
        return None
    fraction = "".join(character for character in tail if character.isdigit())[:6]
    try:
        return datetime.fromisoformat(f"{head[:19]}.{fraction or '0'}").replace(tzinfo=UTC)
    except ValueError:
        return None


def _lines(part: str, instance: str, raw: bytes, since: datetime) -> Iterator[LogLine]:
    for line in raw.decode("utf-8", "replace").splitlines():
        stamp, _, text = line.partition(" ")
        at = moment(stamp)
        if at is None or at >= since:
            yield LogLine(part, instance, at, text, _fields(text))


def _fields(text: str) -> Mapping[str, Any]:
    if not text.startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def _answering(part: str) -> Iterator[None]:
    """Turns what the engine does not answer into what a check can say."""
    import requests
    from docker.errors import DockerException

    try:
        yield
    except (DockerException, requests.RequestException, OSError) as error:
        raise CannotLook(f"the Docker engine does not answer: {type(error).__name__}", part) from None
