"""Observer takes OTLP and alerts, and answers searches in Jaeger's shapes and its own."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient, Response

from chassis.service import asgi
from observer.app import build
from observer.settings import ObserverSettings
from tests.system.observer.exports import TRACE, log, span

PROTOBUF = {"content-type": "application/x-protobuf"}


@pytest.fixture
async def observer(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    """A client of an empty observer which keeps 1,000 lines at most."""
    app = asgi(build(ObserverSettings(data_dir=tmp_path, max_logs=1000)))
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://observer") as client:
        yield client


async def export(client: AsyncClient, body: bytes, signal: str = "traces", **headers: str) -> Response:
    """Send one export request."""
    return await client.post(f"/v1/{signal}", content=body, headers={**PROTOBUF, **headers})


async def test_a_trace_is_found_with_its_edges(observer: AsyncClient) -> None:
    """Spans of two services come back as one trace, the child referring to its parent."""
    await export(observer, span("gateway", "POST /api/orders", "00f067aa0ba902b7"))
    await export(observer, span("orders", "POST /orders", "00f067aa0ba902b8", "00f067aa0ba902b7"))
    found = (await observer.get(f"/api/traces/{TRACE}")).json()["data"][0]
    assert found["spans"][1]["references"] == [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": "00f067aa0ba902b7"}]
    names = [found["processes"][one["processID"]]["serviceName"] for one in found["spans"]]
    assert names == ["gateway", "orders"]
    assert (await observer.get("/api/services")).json()["data"] == ["gateway", "orders"]
    assert (await observer.get("/api/services/orders/operations")).json()["data"] == ["POST /orders"]


async def test_traces_are_found_by_service_operation_tag_and_duration(observer: AsyncClient) -> None:
    """Each filter leaves the traces that have a span which matches all of them."""
    other = "f" * 32
    await export(observer, span("orders", "GET /orders", "a" * 16, took_ms=5, attributes={"http.status_code": 200}))
    slow = span("orders", "POST /orders", "b" * 16, trace_id=other, start_s=2, took_ms=900, error=True)
    await export(observer, slow)

    async def ids(**query: str) -> list[str]:
        return [trace["traceID"] for trace in (await observer.get("/api/traces", params=query)).json()["data"]]

    assert await ids(service="orders") == [other, TRACE]
    assert await ids(service="users") == []
    assert await ids(service="orders", operation="GET /orders") == [TRACE]
    assert await ids(tags='{"http.status_code":"200"}') == [TRACE]
    assert await ids(tags='{"error":"true"}') == [other]
    assert await ids(minDuration="100ms") == [other]
    assert await ids(maxDuration="100ms") == [TRACE]
    assert await ids(start="1500000") == [other]
    assert await ids(limit="1") == [other]


async def test_a_repeated_export_adds_nothing(observer: AsyncClient) -> None:
    """An exporter that never saw our answer sends again; the span is there once."""
    body = span("orders", "GET /orders", "a" * 16)
    await export(observer, body)
    await export(observer, gzip.compress(body), **{"content-encoding": "gzip"})
    assert len((await observer.get(f"/api/traces/{TRACE}")).json()["data"][0]["spans"]) == 1


async def test_logs_are_searched_in_one_place(observer: AsyncClient) -> None:
    """Lines of several services are found by correlation id, trace, service, level and text, oldest first."""
    await export(observer, log("gateway", "request", correlation_id="c-1"), "logs")
    await export(observer, log("orders", "Order created", correlation_id="c-1", at_s=2), "logs")
    await export(observer, log("orders", "pool is empty", level="ERROR", trace_id="e" * 32, at_s=3), "logs")

    async def messages(**query: str) -> list[str]:
        return [line["message"] for line in (await observer.get("/logs", params=query)).json()["lines"]]

    assert await messages() == ["request", "Order created", "pool is empty"]
    assert await messages(correlation_id="c-1") == ["request", "Order created"]
    assert await messages(service="orders", level="error") == ["pool is empty"]
    assert await messages(trace_id="e" * 32) == ["pool is empty"]
    assert await messages(q="order CREATED") == ["Order created"]
    assert await messages(q="o-1", limit="1") == ["pool is empty"]
    last = (await observer.get("/logs")).json()["lines"][-1]["id"]
    await export(observer, log("users", "login"), "logs")
    assert await messages(after_id=str(last)) == ["login"]


async def test_old_lines_give_way(observer: AsyncClient) -> None:
    """Never more than the set number of lines is kept, and the newest stay."""
    for number in range(0, 1100, 100):
        request = b"".join(log("orders", f"line {number + one}") for one in range(100))
        await export(observer, request, "logs")
    lines = (await observer.get("/logs", params={"limit": 5000})).json()["lines"]
    assert len(lines) == 1000
    assert lines[-1]["message"] == "line 1099"


async def test_alerts_are_kept_as_they_fire_and_resolve(observer: AsyncClient) -> None:
    """Each notification of Alertmanager is a fact of its own, newest first."""
    for status in ("firing", "resolved"):
        alert = {"status": status, "labels": {"alertname": "HighErrorRate"}, "startsAt": "2026-01-01T00:00:00Z"}
        sent = await observer.post("/alerts", json={"version": "4", "alerts": [alert]})
        assert sent.status_code == 204
    kept = (await observer.get("/alerts", params={"name": "HighErrorRate"})).json()["alerts"]
    assert [one["status"] for one in kept] == ["resolved", "firing"]
    assert (await observer.get("/alerts", params={"status": "firing"})).json()["alerts"] == kept[1:]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\xff\xff\xff", PROTOBUF, 400),
        (b"{}", {"content-type": "application/json"}, 415),
        (b"not gzip", {**PROTOBUF, "content-encoding": "gzip"}, 400),
        (gzip.compress(b"\0" * 50_000_000), {**PROTOBUF, "content-encoding": "gzip"}, 400),
        (b"", {**PROTOBUF, "content-encoding": "br"}, 400),
        (b"\0" * 9_000_000, PROTOBUF, 413),
    ],
    ids=["garbage", "json", "not-gzip", "bomb", "brotli", "huge"],
)
async def test_what_is_not_otlp_is_a_problem(
    observer: AsyncClient, body: bytes, headers: dict[str, str], status: int
) -> None:
    """Garbage, wrong types, unpacked bombs and huge bodies are answered with a problem, not with a 500."""
    for path in ("/v1/traces", "/v1/logs"):
        answer = await observer.post(path, content=body, headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/traces/xyz", 400),
        (f"/api/traces/{'9' * 32}", 404),
        ("/api/traces?tags=[1]", 400),
        ("/api/traces?minDuration=fast", 400),
        ("/api/traces?limit=0", 422),
        ("/logs?limit=99999999", 422),
        ("/logs?since_us=-1", 422),
    ],
)
async def test_a_question_that_makes_no_sense_is_a_problem(observer: AsyncClient, path: str, status: int) -> None:
    """Each bad parameter is named with a 4xx problem."""
    answer = await observer.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_page_needs_nothing_from_elsewhere(observer: AsyncClient) -> None:
    """The search page is served whole and refers to no other host."""
    answer = await observer.get("/")
    assert answer.status_code == 200
    assert "http://" not in answer.text
    assert "https://" not in answer.text
