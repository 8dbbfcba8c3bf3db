"""Spans and traces as plain values, with what follows from them. Refuses to know where they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Span:
    """One operation of one service. Ids in lower-case hex, no parent is ""; times in microseconds since 1970."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    instance: str
    operation: str
    kind: str
    start_us: int
    duration_us: int
    error: bool
    attributes: Mapping[str, Any] = field(default_factory=dict)
    events: Sequence[Mapping[str, Any]] = ()
    links: Sequence[tuple[str, str]] = ()
    """Trace id and span id of each span that this one follows from."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The spans of one trace that have arrived by now, by start time."""

    id: str
    spans: tuple[Span, ...]

    @property
    def services(self) -> list[str]:
        """The services in it, sorted."""
        return sorted({span.service for span in self.spans})

    @property
    def duration_us(self) -> int:
        """From the first start to the last end."""
        ends = [span.start_us + span.duration_us for span in self.spans]
        return max(ends, default=0) - min((span.start_us for span in self.spans), default=0)

    @property
    def roots(self) -> list[Span]:
        """Spans whose parent is not in the trace: one when it is whole."""
        known = {span.span_id for span in self.spans}
        return [span for span in self.spans if span.parent_id not in known]

    def parent(self, span: Span) -> Span | None:
        """The span that caused this one: its parent, or else the first span of the trace that it links to."""
        by_id = {one.span_id: one for one in self.spans}
        candidates = [span.parent_id, *(span_id for trace, span_id in span.links if trace == self.id)]
        return next((by_id[one] for one in candidates if one in by_id and one != span.span_id), None)

    @property
    def edges(self) -> list[tuple[str, str]]:
        """Each pair of services of which one called, or sent something to, the other; sorted."""
        pairs = set()
        for span in self.spans:
            parent = self.parent(span)
            if parent is not None and parent.service != span.service:
                pairs.add((parent.service, span.service))
        return sorted(pairs)
