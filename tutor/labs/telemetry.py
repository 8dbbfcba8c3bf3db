"""Traces and logs of a running system, whoever keeps them: one way to ask, for checks and for the faces.

Traces come from Jaeger's HTTP API, which observer answers too; logs from observer's search where the lab has one, and
else from the engine, line by line. Refuses to wait, and to know what a trace should look like.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import quote

from tutor.labs.asking import ask, understood
from tutor.labs.check import CannotLook
from tutor.labs.engine.base import LogLine
from tutor.labs.spans import Span, Trace

if TYPE_CHECKING:
    from tutor.labs.reach import Reach

MAX_TRACES = 200
_YEARS = 10 * 366 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """Which traces: those with a span that fits all of it. Jaeger wants a service."""

    service: str
    operation: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which lines; an empty part fits everything. `after` is what the last answer gave, to go on from there."""

    parts: Sequence[str]
    since: datetime
    trace_id: str = ""
    correlation_id: str = ""
    level: str = ""
    text: str = ""
    after: int = 0
    limit: int = 500


class Traces(Protocol):
    """What keeps traces."""

    part: Literal["jaeger", "observer"]

    async def trace(self, id_: str) -> Trace | None:
        """The trace of that id as far as it has arrived."""

    async def find(self, query: TraceQuery) -> list[Trace]:
        """The newest traces that fit, newest first."""

    async def services(self) -> list[str]:
        """The services that have sent spans."""


class Logs(Protocol):
    """What keeps log lines."""

    async def lines(self, query: LogQuery) -> tuple[list[LogLine], int]:
        """The newest lines that fit, oldest first, and what to pass as `after` to go on."""


def traces(reach: Reach) -> Traces:
    """Whoever keeps the traces of this lab. Raises: CannotLook when nobody does."""
    for part in ("jaeger", "observer"):
        if _is_there(reach, part):
            return JaegerApi(reach, part)
    raise CannotLook("this lab keeps no traces: it runs neither jaeger nor observer")


def logs(reach: Reach) -> Logs:
    """Whoever keeps the logs of this lab: observer, or the engine alone."""
    return ObserverLogs(reach) if _is_there(reach, "observer") else EngineLogs(reach)


def _is_there(reach: Reach, part: str) -> bool:
    try:
        reach.url(part)
    except CannotLook:
        return False
    return True


class JaegerApi:
    """Jaeger's HTTP API, answered by Jaeger or by observer."""

    def __init__(self, reach: Reach, part: Literal["jaeger", "observer"]) -> None:
        self._reach = reach
        self.part: Literal["jaeger", "observer"] = part

    async def trace(self, id_: str) -> Trace | None:
        """The trace of that id as far as it has arrived."""
        answer = await ask(self._reach, self.part, f"/api/traces/{quote(id_, safe='')}")
        if answer.status in (400, 404):
            return None
        found = self._read(answer.data)
        return found[0] if found else None

    async def find(self, query: TraceQuery) -> list[Trace]:
        """The newest traces that fit, newest first."""
        start = _microseconds(query.since) if query.since else 0
        asked: dict[str, str | int] = {"service": query.service, "limit": min(query.limit, MAX_TRACES), "start": start}
        asked["end"] = start + _YEARS
        if query.operation:
            asked["operation"] = query.operation
        if query.tags:
            asked["tags"] = json.dumps(dict(query.tags))
        answer = await ask(self._reach, self.part, "/api/traces", query=asked)
        if answer.status >= 400:
            raise CannotLook(f"{self.part} does not understand the question: HTTP {answer.status}", self.part)
        newest = sorted(self._read(answer.data), key=lambda one: -max(span.start_us for span in one.spans))
        return newest

    async def services(self) -> list[str]:
        """The services that have sent spans."""
        answer = await ask(self._reach, self.part, "/api/services")
        with understood(self.part):
            return sorted(str(name) for name in answer.data["data"] or ())

    def _read(self, data: Any) -> list[Trace]:
        with understood(self.part):
            found = [_trace(one) for one in data["data"] or ()]
        return [one for one in found if one.spans]


def _trace(data: Mapping[str, Any]) -> Trace:
    spans = [_span(span, data["processes"][span["processID"]]) for span in data["spans"]]
    return Trace(_trace_id(data["traceID"]), tuple(sorted(spans, key=lambda one: (one.start_us, one.span_id))))


def _span(data: Mapping[str, Any], process: Mapping[str, Any]) -> Span:
    trace_id = _trace_id(data["traceID"])
    tags = _tags(data["tags"])
    parents: list[tuple[str, str]] = []
    links: list[tuple[str, str]] = []
    for one in data.get("references") or ():
        there = (_trace_id(one["traceID"]), _span_id(one["spanID"]))
        (parents if one["refType"] == "CHILD_OF" and there[0] == trace_id else links).append(there)
    return Span(
        trace_id=trace_id,
        span_id=_span_id(data["spanID"]),
        parent_id=parents[0][1] if parents else "",
        service=str(process["serviceName"]),
        instance=str(_tags(process.get("tags") or ()).get("service.instance.id", "")),
        operation=str(data["operationName"]),
        kind=str(tags.pop("span.kind", "")),
        start_us=int(data["startTime"]),
        duration_us=int(data["duration"]),
        error=str(tags.get("error", "")).lower() == "true" or tags.get("otel.status_code") == "ERROR",
        attributes=tags,
        events=[{"time_us": one["timestamp"], **_tags(one["fields"])} for one in data.get("logs") or ()],
        links=tuple(links),
    )


def _tags(tags: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {str(tag["key"]): tag["value"] for tag in tags}


def _trace_id(text: str) -> str:
    return text.lower().rjust(32, "0")


def _span_id(text: str) -> str:
    return text.lower().rjust(16, "0")


def _microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


class ObserverLogs:
    """Observer's search."""

    part = "observer"

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def lines(self, query: LogQuery) -> tuple[list[LogLine], int]:
        """The newest lines that fit, oldest first, and what to pass as `after` to go on."""
        asked: dict[str, str | int] = {"since_us": _microseconds(query.since), "after_id": query.after}
        asked["limit"] = min(query.limit, 5000)
        for name, wanted in (("trace_id", query.trace_id), ("correlation_id", query.correlation_id),
                             ("level", query.level), ("q", query.text)):  # fmt: skip
            if wanted:
                asked[name] = wanted
        answers = await asyncio.gather(
            *(ask(self._reach, self.part, "/logs", query={**asked, "service": part}) for part in query.parts)
        )
        with understood(self.part):
            rows = [row for answer in answers for row in answer.data["lines"]]
            found = [(int(row["at_us"]), int(row["id"]), _line(row)) for row in rows]
        found.sort(key=lambda one: one[:2])
        kept = found[-query.limit :]
        return [line for _, _, line in kept], max([query.after, *(id_ for _, id_, _ in found)])


def _line(row: Mapping[str, Any]) -> LogLine:
    named = ("level", "message", "trace_id", "span_id", "correlation_id", "service", "instance")
    fields = {**row["fields"], **{name: row[name] for name in named}}
    at = datetime.fromtimestamp(int(row["at_us"]) / 1_000_000, UTC)
    return LogLine(str(row["service"]), str(row["instance"]), at, str(row["message"]), fields)


class EngineLogs:
    """What the parts have written, as the engine has it."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def lines(self, query: LogQuery) -> tuple[list[LogLine], int]:
        """The newest lines that fit, oldest first; there is nothing to go on from, so all of them each time."""
        engine = self._reach.engine
        per_part = await asyncio.gather(
            *(asyncio.to_thread(engine.logs, part, query.since, query.limit) for part in query.parts)
        )
        found = [line for lines in per_part for line in lines if _fits(line, query)]
        found.sort(key=lambda line: line.at or query.since)
        return found[-query.limit :], 0


def _fits(line: LogLine, query: LogQuery) -> bool:
    wanted = {"trace_id": query.trace_id, "correlation_id": query.correlation_id, "level": query.level.upper()}
    same = all(not value or line.fields.get(name) == value for name, value in wanted.items())
    return same and query.text.casefold() in line.text.casefold()
