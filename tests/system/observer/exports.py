"""Builds OTLP export requests, as an exporter would send them. Refuses defaults that matter to a test."""

from collections.abc import Mapping
from typing import Literal

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

TRACE = "0af7651916cd43dd8448eb211c80319c"
SECOND_NS = 1_000_000_000
Kind = Literal["internal", "server", "client", "producer", "consumer"]
KINDS: Mapping[Kind, Span.SpanKind.ValueType] = {
    "internal": Span.SPAN_KIND_INTERNAL,
    "server": Span.SPAN_KIND_SERVER,
    "client": Span.SPAN_KIND_CLIENT,
    "producer": Span.SPAN_KIND_PRODUCER,
    "consumer": Span.SPAN_KIND_CONSUMER,
}


def pair(key: str, value: str | int | bool) -> KeyValue:
    """One attribute."""
    if isinstance(value, bool):
        return KeyValue(key=key, value=AnyValue(bool_value=value))
    if isinstance(value, int):
        return KeyValue(key=key, value=AnyValue(int_value=value))
    return KeyValue(key=key, value=AnyValue(string_value=value))


def span(
    service: str,
    name: str,
    span_id: str,
    parent_id: str = "",
    *,
    trace_id: str = TRACE,
    start_s: int = 1,
    took_ms: int = 5,
    error: bool = False,
    attributes: Mapping[str, str | int | bool] | None = None,
    kind: Kind = "server",
    link: str = "",
) -> bytes:
    """An export request with one span."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.append(pair("service.name", service))
    made = group.scope_spans.add().spans.add(
        trace_id=bytes.fromhex(trace_id),
        span_id=bytes.fromhex(span_id),
        parent_span_id=bytes.fromhex(parent_id),
        name=name,
        kind=KINDS[kind],
        start_time_unix_nano=start_s * SECOND_NS,
        end_time_unix_nano=start_s * SECOND_NS + took_ms * 1_000_000,
        attributes=[pair(key, value) for key, value in (attributes or {}).items()],
    )
    if link:
        made.links.add(trace_id=bytes.fromhex(trace_id), span_id=bytes.fromhex(link))
    made.status.code = Status.STATUS_CODE_ERROR if error else Status.STATUS_CODE_OK
    return request.SerializeToString()


def log(
    service: str, message: str, *, level: str = "INFO", trace_id: str = TRACE, at_s: int = 1, correlation_id: str = ""
) -> bytes:
    """An export request with one log record."""
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.append(pair("service.name", service))
    group.scope_logs.add().log_records.add(
        time_unix_nano=at_s * SECOND_NS,
        severity_text=level,
        body=AnyValue(string_value=message),
        trace_id=bytes.fromhex(trace_id),
        attributes=[pair("correlation_id", correlation_id), pair("order_id", "o-1")],
    )
    return request.SerializeToString()
