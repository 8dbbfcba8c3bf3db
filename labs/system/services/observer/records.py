"""What observer keeps: spans, log lines and alerts, as plain values. Refuses to know where they come from or go to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Attributes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """Another span that this one follows from; ids in lower-case hex."""

    trace_id: str
    span_id: str


@dataclass(frozen=True, slots=True)
class Span:
    """One operation of one service. Times in microseconds since 1970, ids in lower-case hex, no parent is ""."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    instance: str
    name: str
    kind: str
    start_us: int
    duration_us: int
    error: bool
    attributes: Attributes = field(default_factory=dict)
    events: list[Attributes] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a service logged. Time in microseconds since 1970; absent ids are ""."""

    at_us: int
    service: str
    instance: str
    level: str
    message: str
    trace_id: str
    span_id: str
    correlation_id: str
    fields: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as Alertmanager reported it: `status` is firing or resolved, times as it wrote them."""

    received_us: int
    status: str
    name: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str
    ends_at: str


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which lines are asked for; an empty part matches everything."""

    service: str = ""
    level: str = ""
    trace_id: str = ""
    correlation_id: str = ""
    text: str = ""
    since_us: int = 0
    until_us: int = 2**62
    after_id: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """Which traces are asked for: those with at least one span that matches every part given."""

    service: str = ""
    operation: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    start_us: int = 0
    end_us: int = 2**62
    min_duration_us: int = 0
    max_duration_us: int = 2**62
    limit: int = 20
