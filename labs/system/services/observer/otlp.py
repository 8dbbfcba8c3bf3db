"""Reads OTLP/HTTP bodies (protobuf) into records. Refuses JSON bodies and anything that does not decode.

Source: OpenTelemetry Protocol specification 1.x, sections "OTLP/HTTP" and "Binary Protobuf Encoding".
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1 import trace_pb2

from observer.records import Attributes, Link, LogLine, Span

KINDS = {0: "unspecified", 1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
ERROR = 2


class NotOtlp(Exception):
    """The body is not what its endpoint takes; the message says why."""


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its content encoding, at most `limit` bytes: a small gzip can hide a large bomb.

    Raises: NotOtlp when it cannot be unpacked, is too large, or uses another encoding.
    """
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise NotOtlp(f"content encoding {encoding!r} is not known here; send gzip or none")
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        data = reader.decompress(body, limit)
    except (zlib.error, gzip.BadGzipFile) as error:
        raise NotOtlp(f"the body is not gzip: {error}") from None
    if reader.unconsumed_tail:
        raise NotOtlp(f"the body is larger than {limit} bytes when unpacked")
    return data


def spans(body: bytes) -> list[Span]:
    """All spans of an export request. Raises: NotOtlp."""
    request = ExportTraceServiceRequest()
    _parse(request, body)
    found: list[Span] = []
    for group in request.resource_spans:
        resource = _attributes(group.resource.attributes)
        for scope in group.scope_spans:
            found.extend(_span(span, resource) for span in scope.spans)
    return found


def log_lines(body: bytes) -> list[LogLine]:
    """All log records of an export request. Raises: NotOtlp."""
    request = ExportLogsServiceRequest()
    _parse(request, body)
    found: list[LogLine] = []
    for group in request.resource_logs:
        resource = _attributes(group.resource.attributes)
        for scope in group.scope_logs:
            found.extend(_log_line(record, resource) for record in scope.log_records)
    return found


def _parse(request: ExportTraceServiceRequest | ExportLogsServiceRequest, body: bytes) -> None:
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise NotOtlp(f"the body is not an OTLP protobuf message: {error}") from None


def _span(span: trace_pb2.Span, resource: Attributes) -> Span:
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        service=str(resource.get("service.name", "unknown")),
        instance=str(resource.get("service.instance.id", "")),
        name=span.name,
        kind=KINDS.get(span.kind, "unspecified"),
        start_us=_stored(span.start_time_unix_nano // 1000),
        duration_us=_stored(max(0, span.end_time_unix_nano - span.start_time_unix_nano) // 1000),
        error=span.status.code == ERROR,
        attributes=_attributes(span.attributes),
        events=[
            {"time_us": _stored(event.time_unix_nano // 1000), "name": event.name, **_attributes(event.attributes)}
            for event in span.events
        ],
        links=[Link(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
    )


def _log_line(record: LogRecord, resource: Attributes) -> LogLine:
    fields = _attributes(record.attributes)
    return LogLine(
        at_us=_stored((record.time_unix_nano or record.observed_time_unix_nano) // 1000),
        service=str(resource.get("service.name", "unknown")),
        instance=str(resource.get("service.instance.id", "")),
        level=record.severity_text.upper() or "INFO",
        message=str(_value(record.body)),
        trace_id=record.trace_id.hex(),
        span_id=record.span_id.hex(),
        correlation_id=str(fields.pop("correlation_id", "")),
        fields=fields,
    )


def _stored(number: int) -> int:
    """Unsigned 64-bit times fit SQLite's signed integers once they are microseconds; only nonsense is cut."""
    return min(number, 2**62)


def _attributes(pairs: Iterator[KeyValue] | Any) -> Attributes:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(part) for part in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    if kind == "bytes_value":
        return value.bytes_value.hex()
    return getattr(value, kind)
