"""One request is one trace, one correlation id and one line, through every attempt, and no secret is in any of them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

from chassis import tracing
from chassis.logs import JsonHandler
from tests.system.gateway.conftest import StartGateway
from tests.system.gateway.running import Gateway, routes
from tests.system.gateway.tokens import bearer, token
from tests.system.gateway.upstream import Upstream, answer, hang_up

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{CALLER}-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Everything that is traced in this process; call `finished` to see it."""
    exporter = InMemorySpanExporter()
    tracing.configure(service="gateway", instance="test", exporter=exporter)
    yield exporter
    tracing.shutdown(1)
    tracing.configure(service="test", instance="test")


def finished(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    """The spans so far by name."""
    tracing._provider.force_flush()
    return {span.name: span for span in exporter.get_finished_spans()}


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """Each line that is logged, as the process would print it."""
    collected: list[dict[str, Any]] = []

    class Collecting(JsonHandler):
        def emit(self, record: logging.LogRecord) -> None:
            collected.append(json.loads(json.dumps(self.line(record))))

    handler = Collecting("gateway", "test", io.StringIO())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield collected
    root.removeHandler(handler)
    root.setLevel(level)


def access(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The one access line."""
    (line,) = [line for line in lines if line["logger"] == "chassis.access"]
    return line


async def test_the_service_continues_the_trace_under_our_call(
    gateway: Gateway, upstream: Upstream, spans: InMemorySpanExporter
) -> None:
    """The client's trace goes on: its span is the parent of ours, and ours that of what the service will do."""
    sent = {"traceparent": PARENT, "tracestate": "vendor=1", "baggage": "user=admin", "Traceparent": PARENT}
    await gateway.get("/api/things", **sent)
    (got,) = upstream.received
    found = finished(spans)
    server, client = found["GET /api/things"], found["GET orders"]
    assert server.parent is not None
    assert client.parent is not None
    assert server.context is not None
    assert client.context is not None
    assert f"{server.parent.span_id:016x}" == CALLER
    assert client.parent.span_id == server.context.span_id
    assert got.value("traceparent") == f"00-{TRACE}-{client.context.span_id:016x}-01"
    assert got.value("tracestate") == "vendor=1"
    assert got.values("baggage") == []


@pytest.mark.parametrize("nonsense", ["", "00-0-0-0", "ff-" + "0" * 32 + "-" + "0" * 16 + "-01", "x" * 500])
async def test_a_broken_trace_context_starts_a_new_trace(gateway: Gateway, upstream: Upstream, nonsense: str) -> None:
    """What is no trace context is replaced by a good one."""
    await gateway.get("/api/things", traceparent=nonsense)
    version, trace, span, _flags = upstream.received[0].value("traceparent").split("-")
    assert (version, len(trace), len(span)) == ("00", 32, 16)
    assert trace != "0" * 32


async def test_each_attempt_is_a_span_of_its_own(
    start_gateway: StartGateway, upstream: Upstream, spans: InMemorySpanExporter, lines: list[dict[str, Any]]
) -> None:
    """Retries show in the trace and in the access line, under one correlation id."""
    retry = {"pause": 0.001, "longest_pause": 0.001}
    things = {"path": "/api/things", "methods": "GET", "upstream": "orders", "auth": "none", "retry": retry}
    gateway = await start_gateway(routes({"orders": [upstream.url]}, things))
    upstream.script = [hang_up, answer(503)]
    await gateway.get("/api/things", traceparent=PARENT, **{"X-Correlation-Id": "mine-1"})
    parents = [got.value("traceparent") for got in upstream.received]
    assert len(set(parents)) == 3
    assert {parent.split("-")[1] for parent in parents} == {TRACE}
    assert [got.value("x-correlation-id") for got in upstream.received] == ["mine-1"] * 3
    finished(spans)
    assert len([span for span in spans.get_finished_spans() if span.name == "GET orders"]) == 3
    line = access(lines)
    assert (line["attempts"], line["upstream"], line["upstream_instance"]) == (3, "orders", upstream.url)
    assert (line["correlation_id"], line["trace_id"], line["status"]) == ("mine-1", TRACE, 200)


async def test_the_access_line_says_who_and_where(
    gateway: Gateway, upstream: Upstream, lines: list[dict[str, Any]]
) -> None:
    """Route, status, time, subject, upstream, instance and attempts; the path, but not its query."""
    await gateway.get("/api/mine?secret=1", **bearer(token("user-1")))
    line = access(lines)
    said = {name: line[name] for name in ("method", "route", "path", "status", "subject", "upstream", "attempts")}
    assert said == {
        "method": "GET",
        "route": "/api/mine",
        "path": "/api/mine",
        "status": 200,
        "subject": "user-1",
        "upstream": "orders",
        "attempts": 1,
    }
    assert line["upstream_instance"] == upstream.url
    assert line["duration_ms"] > 0


async def test_the_access_line_of_a_failure_says_so_as_well(
    gateway: Gateway, upstream: Upstream, lines: list[dict[str, Any]]
) -> None:
    """Which instance failed, and after how many attempts, is what one looks for in the log."""
    upstream.behave = hang_up
    await gateway.client.post("/api/things")
    line = access(lines)
    assert (line["status"], line["attempts"], line["upstream_instance"]) == (502, 1, upstream.url)


async def test_no_secret_is_logged(gateway: Gateway, upstream: Upstream, lines: list[dict[str, Any]]) -> None:
    """Neither a token, nor our signed header, nor a key shows up in any line, also when something breaks."""
    shown = token()
    upstream.script = [hang_up, answer(200, "x", ("X", "\x01")), answer(500)]
    for _ in range(3):
        await gateway.client.post("/api/mine", headers=bearer(shown), content=b"password=hunter2")
    await gateway.get("/api/mine", **bearer(shown[:-4] + "AAAA"))
    text = json.dumps(lines)
    secrets = [shown, shown.split(".")[1], "hunter2"]
    secrets += [got.value("x-identity") for got in upstream.received]
    assert len(lines) >= 6
    assert [secret for secret in secrets if secret in text] == []


async def test_labels_of_metrics_are_routes(gateway: Gateway, upstream: Upstream) -> None:
    """However many things are asked for, there is one series; what has no route is `unmatched`."""

    def count(route: str, status: str) -> float:
        labels = {"method": "GET", "route": route, "status": status}
        return REGISTRY.get_sample_value("http_requests_total", labels) or 0

    things, nothing = count("/api/things/{id}", "200"), count("unmatched", "404")
    for number in range(3):
        await gateway.get(f"/api/things/{number}")
        await gateway.get(f"/api/nothing/{number}")
    assert count("/api/things/{id}", "200") == things + 3
    assert count("unmatched", "404") == nothing + 3
    assert len(upstream.received) == 3
