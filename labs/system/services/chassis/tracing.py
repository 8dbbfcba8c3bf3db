"""Spans and W3C trace context, written by hand where they mean something.

Refuses to instrument libraries automatically: that costs more CPU than the work it describes, and hides what is one.
"""

import logging
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from threading import Thread
from types import MappingProxyType
from typing import Literal

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

Kind = Literal["internal", "client", "server", "producer", "consumer"]
Attributes = Mapping[str, str | int | float | bool]

log = logging.getLogger(__name__)

_KINDS = {name: SpanKind[name.upper()] for name in ("internal", "client", "server", "producer", "consumer")}
# The parent of what has none; passing no parent would mean whatever span happens to be current.
NOTHING = Context()
_NONE: Attributes = MappingProxyType({})
_propagator = TraceContextTextMapPropagator()
# The global provider is never set: with one, FastAPI and others would begin to make spans of their own.
_provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
_tracer = _provider.get_tracer("chassis")


def configure(
    *, service: str, instance: str, endpoint: str = "", sample: float = 1.0, exporter: SpanExporter | None = None
) -> None:
    """Export spans to ``endpoint`` (or ``exporter``); with neither, make ids for logs and headers and nothing else."""
    global _provider, _tracer  # noqa: PLW0603 - one provider per process is what tracing means
    if endpoint and exporter is None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=5)
    # ParentBased: the first service decides for the whole trace, so that no trace has holes.
    sampler = ParentBased(TraceIdRatioBased(sample)) if exporter else ALWAYS_OFF
    resource = Resource({"service.name": service, "service.instance.id": instance})
    _provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
    if exporter:
        logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
        _provider.add_span_processor(BatchSpanProcessor(_SaidOnce(exporter), schedule_delay_millis=1000))
    _tracer = _provider.get_tracer("chassis")


class _SaidOnce(SpanExporter):
    """Says that nobody takes the spans when that begins and when it ends; the library would for every batch."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Pass spans on."""
        result = self._exporter.export(spans)
        failing = result is not SpanExportResult.SUCCESS
        if failing != self._failing:
            self._failing = failing
            log.log(
                logging.WARNING if failing else logging.INFO, "spans are %s", "dropped" if failing else "taken again"
            )
        return result

    def shutdown(self) -> None:
        """Let go of the connection."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what the exporter itself holds back."""
        return self._exporter.force_flush(timeout_millis)


def shutdown(timeout: float) -> None:
    """Send what is buffered, for at most ``timeout`` seconds: telemetry must not hold up a stop."""
    thread = Thread(target=_provider.shutdown, daemon=True)
    thread.start()
    thread.join(timeout)


@contextmanager
def span(
    name: str,
    *,
    kind: Kind = "internal",
    attributes: Attributes = _NONE,
    parent: Context | None = None,
    links: Sequence[SpanContext] = (),
) -> Iterator[Span]:
    """A span that is current inside; an exception marks it failed by its type, never by its text."""
    current = _tracer.start_span(
        name,
        context=parent,
        kind=_KINDS[kind],
        attributes=attributes or None,
        links=[Link(link) for link in links] or None,
        record_exception=False,
        set_status_on_exception=False,
    )
    token = otel_context.attach(trace.set_span_in_context(current, parent))
    try:
        yield current
    except Exception as error:
        failed(current, type(error).__name__)
        raise
    finally:
        otel_context.detach(token)
        current.end()


def failed(current: Span, reason: str) -> None:
    """Mark a span as failed."""
    current.set_attribute("error.type", reason)
    current.set_status(Status(StatusCode.ERROR, reason))


def inject(headers: MutableMapping[str, str]) -> None:
    """Write traceparent and tracestate of the current span."""
    _propagator.inject(headers)


def extract(headers: Mapping[str, str]) -> Context:
    """The caller's trace context; an empty one when the headers hold none, or nonsense."""
    return _propagator.extract(headers, NOTHING)


def ids() -> tuple[str, str]:
    """Trace id and span id at hand, as lower-case hex; empty when there are none."""
    current = trace.get_current_span().get_span_context()
    if not current.is_valid:
        return "", ""
    return f"{current.trace_id:032x}", f"{current.span_id:016x}"
