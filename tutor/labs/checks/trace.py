"""Looks at traces. Refuses to wait for spans that have not arrived: the evaluator looks again.

    kind: trace
    trace: ${trace_id}               # captured from an `http` check with `traceparent: fresh`
    expect:
      services: {contains_all: [gateway, orders, inventory]}
      edges: {contains: "orders>inventory"}
      roots: {len: 1}
      spans: {each: {attributes: {email: {absent: true}}}}

Without an id, the newest traces since the lab started that have a span of this `service` (and `operation`, and `tags`);
every value but `traces` is then about all of them together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from tutor.labs import telemetry
from tutor.labs.asking import within
from tutor.labs.check import Check, Observation
from tutor.labs.checks.plain import plain
from tutor.labs.reach import Reach
from tutor.labs.spans import Trace
from tutor.labs.telemetry import TraceQuery
from tutor.shapes import Whole

Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class TraceCheck(Check):
    """One trace by its id, or those that fit."""

    VALUES: ClassVar[Mapping[str, str]] = {
        "found": "whether there is one",
        "traces": "how many there are",
        "services": "the services in them, sorted",
        "spans": "each span: service, operation, parent_service, parent, kind, error, attributes, duration_ms, ...",
        "span_count": "how many spans there are",
        "edges": "who called, or sent something to, whom, such as 'gateway>orders'",
        "roots": "each span whose parent is not there: service and operation; one per trace when it is whole",
        "errors": "how many spans have failed",
        "duration_ms": "from the first start to the last end, of the longest trace",
    }

    kind: Literal["trace"]
    trace: Word | None = None
    service: Word | None = None
    operation: Word | None = None
    tags: Annotated[dict[Word, Word], Field(max_length=10)] = Field(default_factory=dict)
    limit: Annotated[Whole, Field(ge=1, le=telemetry.MAX_TRACES)] = 20

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.trace is None) == (self.service is None):
            raise ValueError("ask for one `trace` by its id, or for those of a `service`")
        if self.trace is not None and (self.operation or self.tags):
            raise ValueError("a trace is known by its id; leave `operation` and `tags` out")
        return self

    async def look(self, reach: Reach) -> Observation:
        """Ask whoever keeps the traces of this lab."""
        keeper = telemetry.traces(reach)
        async with within(self.look_seconds - 0.5, keeper.part, keeper.part):
            if self.trace is not None:
                id_ = str(reach.filled(self.trace))
                one = await keeper.trace(id_)
                found, path = [one] if one is not None else [], f"/api/traces/{id_}"
            else:
                query = self._query(reach)
                found = await keeper.find(query)
                path = f"/api/traces?service={query.service}&limit={query.limit}"
        command = reach.hiding().command("curl", "-s", reach.url(keeper.part) + path)
        return Observation(values(found), command=command, shown=reach.hiding().text(drawn(found))[:4000])

    def _query(self, reach: Reach) -> TraceQuery:
        filled = reach.filled({"service": self.service, "operation": self.operation or "", "tags": self.tags})
        return TraceQuery(str(filled["service"]), filled["operation"], filled["tags"], reach.started, self.limit)


def values(found: Sequence[Trace]) -> dict[str, Any]:
    """What can be said of these traces."""
    spans = [span for trace in found for span in trace.spans]
    return {
        "found": bool(found),
        "traces": len(found),
        "services": sorted({span.service for span in spans}),
        "spans": [_shown(trace, at) for trace in found for at in range(len(trace.spans))],
        "span_count": len(spans),
        "edges": sorted({f"{caller}>{called}" for trace in found for caller, called in trace.edges}),
        "roots": [{"service": one.service, "operation": one.operation} for trace in found for one in trace.roots],
        "errors": sum(span.error for span in spans),
        "duration_ms": max((trace.duration_us for trace in found), default=0) / 1000 if found else None,
    }


def _shown(trace: Trace, at: int) -> Mapping[str, Any]:
    span = trace.spans[at]
    parent = trace.parent(span)
    return {
        "service": span.service,
        "operation": span.operation,
        "parent_service": parent.service if parent else None,
        "parent": parent.operation if parent else None,
        "kind": span.kind,
        "error": span.error,
        "attributes": plain(span.attributes),
        "duration_ms": span.duration_us / 1000,
        "trace_id": span.trace_id,
    }


def drawn(found: Sequence[Trace]) -> str:
    """Traces as indented lines: how long, which service, what, and whether it failed."""
    lines = []
    for trace in found:
        depths: dict[str, int] = {}
        lines.append(f"trace {trace.id}, {len(trace.spans)} spans, {trace.duration_us / 1000:g} ms")
        for span in trace.spans:
            parent = trace.parent(span)
            depth = depths[span.span_id] = depths.get(parent.span_id, 0) + 1 if parent else 1
            failed = "  FAILED" if span.error else ""
            lines.append(f"{'  ' * depth}{span.service}: {span.operation}  {span.duration_us / 1000:g} ms{failed}")
    return "\n".join(lines) or "no trace has arrived"
