"""Spans and trace context: one trace through everything, decided once whether it is kept, and no secrets in it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from chassis import tracing
from tests.system.chassis.spans import forget, record

TRACE, SPAN = "a" * 32, "b" * 16


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    forget()


def test_a_callers_trace_goes_on() -> None:
    """The span is a child of the caller's, and what is sent on names this span as the parent."""
    exporter = record()
    with tracing.span("work", kind="server", parent=tracing.extract({"traceparent": f"00-{TRACE}-{SPAN}-01"})):
        sent: dict[str, str] = {}
        tracing.inject(sent)
        assert tracing.ids()[0] == TRACE
    (span,) = exporter.get_finished_spans()
    assert span.parent is not None and span.context is not None
    assert f"{span.parent.span_id:016x}" == SPAN
    assert sent["traceparent"] == f"00-{TRACE}-{span.context.span_id:016x}-01"
    assert tracing.ids() == ("", "")


def test_spans_nest_and_know_their_service() -> None:
    """Inside is the child of outside; the resource says whose spans they are."""
    exporter = record()
    with tracing.span("outside") as outside, tracing.span("inside", kind="client", attributes={"a": 1}):
        pass
    inner, outer = exporter.get_finished_spans()
    assert inner.parent is not None
    assert inner.parent.span_id == outside.get_span_context().span_id
    assert outer.parent is None
    assert inner.attributes == {"a": 1}
    assert outer.resource.attributes["service.name"] == "small"


def test_no_parent_means_a_new_trace_even_inside_another_span() -> None:
    """Messages without a trace of their own must not join the one that happens to be current."""
    record()
    with tracing.span("outside") as outside, tracing.span("message", parent=tracing.NOTHING) as inside:
        assert inside.get_span_context().trace_id != outside.get_span_context().trace_id


def test_a_failure_is_marked_by_its_type_only() -> None:
    """What an exception says may be personal; the span stays silent about it."""
    exporter = record()
    with pytest.raises(ValueError, match="hunter2"), tracing.span("work"):
        raise ValueError("hunter2")
    (span,) = exporter.get_finished_spans()
    assert not span.status.is_ok
    assert (span.attributes or {})["error.type"] == "ValueError"
    assert "hunter2" not in span.to_json()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
    ],
)
def test_nonsense_begins_a_new_trace(header: str) -> None:
    """A header that W3C forbids is as good as none."""
    record()
    with tracing.span("work", parent=tracing.extract({"traceparent": header})):
        trace_id, _ = tracing.ids()
    assert len(trace_id) == 32
    assert trace_id != TRACE


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_header_can_be_read(traceparent: str, tracestate: str) -> None:
    """Whatever callers send, extracting raises nothing."""
    tracing.extract({"traceparent": traceparent, "tracestate": tracestate})


def test_the_first_service_decides_for_the_whole_trace() -> None:
    """A sampled parent is recorded at a rate of zero, and one that is not at a rate of one: no trace has holes."""
    exporter = record(sample=0.0)
    with tracing.span("kept", parent=tracing.extract({"traceparent": f"00-{TRACE}-{SPAN}-01"})):
        pass
    with tracing.span("own"):
        pass
    assert [span.name for span in exporter.get_finished_spans()] == ["kept"]
    exporter = record(sample=1.0)
    with tracing.span("not kept", parent=tracing.extract({"traceparent": f"00-{TRACE}-{SPAN}-00"})):
        sent: dict[str, str] = {}
        tracing.inject(sent)
    assert exporter.get_finished_spans() == ()
    assert sent["traceparent"].endswith("-00")


def test_a_part_of_the_traces_is_kept() -> None:
    """Between none and all: the rate is a share of the traces, the same spans in each service."""
    exporter = record(sample=0.5)
    for number in range(200):
        with tracing.span(str(number)):
            pass
    assert 50 < len(exporter.get_finished_spans()) < 150


def test_without_a_receiver_there_are_still_ids() -> None:
    """Logs and headers carry trace ids although nothing is recorded."""
    tracing.configure(service="small", instance="one")
    with tracing.span("work") as span:
        assert not span.is_recording()
        assert len(tracing.ids()[0]) == 32


async def test_tasks_do_not_mix_their_spans() -> None:
    """Requests handled at once each see their own."""
    record()

    async def work() -> tuple[str, str]:
        with tracing.span("work"):
            before = tracing.ids()
            await asyncio.sleep(0.001)
            assert tracing.ids() == before
            return before

    found = await asyncio.gather(*(work() for _ in range(20)))
    assert len(set(found)) == 20


class _Stuck(SpanExporter):
    def __init__(self) -> None:
        self.go = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.go.wait(10)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing to let go of."""


def test_a_receiver_that_hangs_does_not_hold_up_the_stop() -> None:
    """shutdown() comes back when its time is over, whatever the exporter does."""
    stuck = _Stuck()
    tracing.configure(service="small", instance="one", exporter=stuck)
    with tracing.span("work"):
        pass
    returned = threading.Event()

    def stop() -> None:
        tracing.shutdown(0.1)
        returned.set()

    stopping = threading.Thread(target=stop)
    stopping.start()
    assert returned.wait(5)
    stuck.go.set()
    stopping.join()


def test_a_receiver_that_refuses_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """One line when it begins and one when it ends, not one per batch."""
    caplog.set_level("INFO")
    results = iter([SpanExportResult.FAILURE, SpanExportResult.FAILURE, SpanExportResult.SUCCESS])

    class Refusing(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            return next(results)

        def shutdown(self) -> None:
            """Nothing to let go of."""

    tracing.configure(service="small", instance="one", exporter=Refusing())
    for _ in range(3):
        with tracing.span("work"):
            pass
        tracing._provider.force_flush()
    assert [record.getMessage() for record in caplog.records] == ["spans are dropped", "spans are taken again"]
