"""A trace as lines of text: each span below its cause, with service, duration and error. Refuses to fetch more than
one trace, and to wait for spans that have not arrived.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

from tutor.labs.reach import Reach
from tutor.labs.spans import Span, Trace
from tutor.labs.telemetry import traces

MAX_SPANS = 100


async def trace_text(reach: Reach, id_: str) -> str:
    """The trace of that id as text.

    Raises: CannotLook when this lab keeps no traces.
    """
    trace = await traces(reach).trace(id_)
    return "\n".join(waterfall(trace)) if trace else f"(no span of trace {id_} has arrived)"


def in_short(trace: Trace) -> tuple[str, str, str, str, str]:
    """A trace as a row of a list: when it began here, what began it, how long it took, errors, who took part."""
    first = trace.roots[0]
    began = datetime.fromtimestamp(first.start_us / 1_000_000, UTC).astimezone()
    errors = sum(span.error for span in trace.spans)
    return (
        f"{began:%H:%M:%S}", f"{first.service}: {first.operation}", f"{trace.duration_us / 1000:.1f} ms",
        str(errors or ""), " ".join(trace.services),
    )  # fmt: skip


def ordered(trace: Trace) -> Iterator[tuple[Span, int]]:
    """Every span below its cause, with how deep it is."""
    children: dict[str, list[Span]] = {}
    for span in trace.spans:
        parent = trace.parent(span)
        children.setdefault(parent.span_id if parent else "", []).append(span)
    waiting = [(span, 0) for span in reversed(children.get("", []))]
    while waiting:
        span, depth = waiting.pop()
        yield span, depth
        waiting += [(child, depth + 1) for child in reversed(children.pop(span.span_id, []))]


def waterfall(trace: Trace) -> Iterator[str]:
    """One line per span, in the order of causes and times."""
    yield f"trace {trace.id}, {trace.duration_us / 1000:.1f} ms, {len(trace.spans)} spans"
    begin = min((span.start_us for span in trace.spans), default=0)
    shown = 0
    for span, depth in islice(ordered(trace), MAX_SPANS):
        at, took = (span.start_us - begin) / 1000, span.duration_us / 1000
        error = "  ERROR" if span.error else ""
        yield f"{at:9.1f} ms {'  ' * depth}{span.service}: {span.operation} ({took:.1f} ms){error}"
        shown += 1
    if shown < len(trace.spans):
        yield f"... and {len(trace.spans) - shown} more"
