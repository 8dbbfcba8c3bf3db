"""Looks at the processes of one project: how they are, what they wrote, where they are. Refuses to change any."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tutor.errors import MachineError
from tutor.labs.check import CannotLook
from tutor.labs.engine.base import Health, LogLine, PartFacts
from tutor.labs.engine.local.hold import Gone, Hold
from tutor.labs.engine.readiness import ready

STARTING = timedelta(seconds=90)
"""As long as a part may take to start: until then it is not unhealthy."""

READ_BYTES = 4 * 1024 * 1024
"""Of the end of a log."""


class LocalInspector:
    """Reads one project."""

    def __init__(self, hold: Hold, addresses: Mapping[str, str]) -> None:
        self._hold, self._addresses = hold, addresses

    def facts(self, part: str = "") -> list[PartFacts]:
        """One entry per process of the part (or of all), running or not; none when the supervisor is gone."""
        try:
            found = self._hold.ask("facts", part=part or None)
        except Gone:
            return []
        except MachineError as error:
            raise CannotLook(error.message, part) from None
        return [self._looked_at(one) for one in found]

    def _looked_at(self, told: Mapping[str, Any]) -> PartFacts:
        one = _facts(told)
        if one.health == "healthy" and not told["well"]:
            with suppress(MachineError):  # it is only remembered: from now on it does not start, it is well or not
                self._hold.ask("well", instance=one.instance)
        return one

    def logs(self, part: str, since: datetime, limit: int) -> list[LogLine]:
        """The newest lines that all processes of the part wrote since then, oldest first."""
        found: list[LogLine] = []
        for file in sorted(self._hold.logs.glob(f"{part}-*.log")):
            if re.fullmatch(rf"{re.escape(part)}-\d+\.log", file.name):
                found += _lines(part, file, since)
        found.sort(key=lambda line: line.at or since)
        return found[-limit:]

    def address(self, part: str, port: str = "http") -> str:
        """Where it is reached from here."""
        try:
            return self._addresses[f"{part}.{port}"]
        except KeyError:
            raise CannotLook(_no_port(part, port), part) from None


def _no_port(part: str, port: str) -> str:
    if part == "rabbitmq":
        return "there is no RabbitMQ: Redis Streams carry the events of this lab on this machine"
    return f"{part} has no port `{port}` in this lab"


def _facts(told: Mapping[str, Any]) -> PartFacts:
    started = datetime.fromisoformat(told["started"]) if told["started"] else None
    return PartFacts(
        part=told["part"],
        instance=told["instance"],
        state=told["state"],
        health=_health(told, started),
        started=started,
        exit_code=told["exit_code"],
        inspect=told["inspect"],
    )


def _health(told: Mapping[str, Any], started: datetime | None) -> Health:
    if told["state"] != "running":
        return "none"
    part, ports = told["part"], told["inspect"]["ports"]
    if ready(part, {f"{part}.{name}": address for name, address in ports.items()}):
        return "healthy"
    starting = started is None or datetime.now(UTC) - started < STARTING
    return "starting" if starting and not told["well"] else "unhealthy"


def _lines(part: str, file: Path, since: datetime) -> Iterator[LogLine]:
    instance = file.name.removesuffix(".log")
    for piece in (file.with_name(f"{file.name}.1"), file):
        for line in _end_of(piece):
            stamp, _, text = line.partition(" ")
            with suppress(ValueError):  # the first line may have been cut in two
                at = datetime.fromisoformat(stamp)
                if at >= since:
                    yield LogLine(part, instance, at, text, _fields(text))


def _end_of(file: Path) -> list[str]:
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - READ_BYTES))
            return stream.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def _fields(text: str) -> Mapping[str, Any]:
    if not text.startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
