"""A trace as a waterfall with bars, and a list of traces. Pure: refuses to ask for any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from textual.content import Content

from tutor.labs.waterfall import in_short, ordered
from tutor.tui.widgets.marks import FULL, NO, YES
from tutor.tui.widgets.rows import Row

if TYPE_CHECKING:
    from tutor.labs.spans import Span, Trace

QUIET = "$foreground 65%"
MOST = 200
"""Spans that are drawn."""

DEEP = 5
"""Levels of causes that are indented by two columns each."""


def trace_rows(traces: Sequence[Trace]) -> list[Row]:
    """A row for each trace: when, what began it, how long, how it ended, who took part."""
    rows = []
    for trace in traces:
        began, first, took, errors, services = in_short(trace)
        mark, style = (NO, "bold $error") if errors else (YES, "$success")
        text = Content.assemble((f"{began} ", QUIET), (first, "bold"), f"  {took}")
        what = f"{len(trace.spans)} spans, {services}" + (f", {errors} with an error" if errors else "")
        rows.append(Row(text, mark, (("", Content.styled(what, QUIET)),), mark_style=style))
    return rows


def waterfall(trace: Trace, width: int) -> Content:
    """Every span below its cause: its name on the left, when it ran on the right."""
    begin = min((span.start_us for span in trace.spans), default=0)
    whole = max(1, trace.duration_us)
    names = max(16, width * 13 // 20)
    room = max(8, width - names - 10)
    head = f"trace {trace.id}\n{trace.duration_us / 1000:.1f} ms, {len(trace.spans)} spans of {len(trace.services)} "
    lines = [Content.styled(f"{head}services", QUIET), Content("")]
    shown = list(islice(ordered(trace), MOST))
    step = 2 if max((depth for _, depth in shown), default=0) <= DEEP else 1
    for span, depth in shown:
        lines += _span(span, " " * min(step * depth, names // 2), names, _bar(span, begin, whole, room))
    if len(trace.spans) > MOST:
        lines.append(Content.styled(f"... and {len(trace.spans) - MOST} more", QUIET))
    return Content("\n").join(lines)


def _bar(span: Span, begin: int, whole: int, room: int) -> str:
    at = min(room - 1, (span.start_us - begin) * room // whole)
    long = max(1, min(room - at, round(span.duration_us * room / whole)))
    return " " * at + FULL * long


def _span(span: Span, indent: str, names: int, bar: str) -> Iterator[Content]:
    left = Content.assemble(indent, (f"{span.service} ", "bold $secondary"),
                            (span.operation, "$error" if span.error else ""))  # fmt: skip
    left = left[: names - 1]
    style = "$error" if span.error else "$primary"
    took = f"{span.duration_us / 1000:8.1f} "
    yield Content.assemble(left, " " * (names - left.cell_length), (took, QUIET), (bar, style))
    if span.error:
        said = str(span.attributes.get("otel.status_description") or span.attributes.get("exception.message") or "")
        yield Content.styled(f"{indent}{NO} error {said}".rstrip(), "$error")
