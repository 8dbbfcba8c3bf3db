"""Traces and logs are asked for in one way, whoever keeps them: one contract, each keeper in turn."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from httpx import AsyncClient

from tests.labs.checks.looking import Here
from tests.labs.telemetry_parts import TRACE, export, log, observer_on_a_port, order_placed, other_trace
from tutor.labs import telemetry
from tutor.labs.engine.base import LogLine
from tutor.labs.reach import Reach
from tutor.labs.telemetry import EngineLogs, LogQuery, ObserverLogs, TraceQuery

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW = int(START.timestamp()) + 10


@pytest.fixture
async def observer(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    """An empty observer on a port."""
    async with observer_on_a_port(tmp_path) as client:
        yield client


def _address(client: AsyncClient) -> str:
    return f"{client.base_url.host}:{client.base_url.port}"


@pytest.fixture(params=["jaeger", "observer"])
async def keeper(request: pytest.FixtureRequest, observer: AsyncClient, tmp_path: Path) -> AsyncIterator[Reach]:
    """A lab whose traces are kept by one or the other."""
    here = Here({f"{request.param}.http": _address(observer)})
    async with Reach(here, tmp_path, START).open() as reach:
        yield reach


async def test_whoever_keeps_traces_answers_the_same(keeper: Reach, observer: AsyncClient) -> None:
    """A trace by its id, traces by service, and who sent some."""
    await export(observer, *order_placed(NOW), other_trace(NOW + 60))
    traces = telemetry.traces(keeper)
    found = await traces.trace(TRACE.lstrip("0"))
    assert found is not None
    assert found.id == TRACE
    assert found.services == ["gateway", "inventory", "orders"]
    assert found.edges == [("gateway", "orders"), ("orders", "inventory")]
    assert [span.start_us for span in found.spans] == sorted(span.start_us for span in found.spans)
    assert found.spans[2].attributes["user.email"] == "ann@example.com"
    assert await traces.trace("0" * 32) is None
    assert [one.id for one in await traces.find(TraceQuery("users", since=START))] == ["f" * 32]
    assert await traces.find(TraceQuery("users", since=START + timedelta(hours=1))) == []
    assert await traces.services() == ["gateway", "inventory", "orders", "users"]


async def test_jaeger_is_asked_first(observer: AsyncClient, tmp_path: Path) -> None:
    """A lab that has both sends its traces to Jaeger."""
    here = Here({"jaeger.http": _address(observer), "observer.http": "127.0.0.1:9"})
    async with Reach(here, tmp_path, START).open() as reach:
        assert telemetry.traces(reach).part == "jaeger"


LINES = [
    ("gateway", "request", "INFO", "c-1", 1),
    ("orders", "Order created", "INFO", "c-1", 2),
    ("orders", "pool is empty", "ERROR", "c-2", 3),
    ("users", "login", "INFO", "c-3", 4),
]


@pytest.fixture(params=["observer", "engine"])
async def logs(request: pytest.FixtureRequest, observer: AsyncClient, tmp_path: Path) -> AsyncIterator[telemetry.Logs]:
    """The same lines, kept by one or the other."""
    here = Here()
    if request.param == "observer":
        here.addresses["observer.http"] = _address(observer)
    for part, message, level, correlation, second in LINES:
        at = NOW + second
        sent = log(part, message, level=level, trace_id=f"{second:032x}", at_s=at, correlation_id=correlation)
        await export(observer, sent, signal="logs")
        fields = {"message": message, "level": level, "trace_id": f"{second:032x}", "correlation_id": correlation}
        line = LogLine(part, f"{part}-1", datetime.fromtimestamp(at, UTC), json.dumps(fields), fields)
        here.written.setdefault(part, []).append(line)
    async with Reach(here, tmp_path, START).open() as reach:
        yield telemetry.logs(reach)


async def test_whoever_keeps_logs_answers_the_same(logs: telemetry.Logs) -> None:
    """By part, correlation id, trace, level and text; oldest first, and the newest when there are too many."""
    everybody = ("gateway", "orders", "users")

    async def messages(parts: tuple[str, ...] = everybody, since: datetime = START, **query: object) -> list[str]:
        lines, _ = await logs.lines(LogQuery(parts, since, **query))  # type: ignore[arg-type]
        return [str(line.fields["message"]) for line in lines]

    assert await messages() == ["request", "Order created", "pool is empty", "login"]
    assert await messages(("orders",)) == ["Order created", "pool is empty"]
    assert await messages(correlation_id="c-1") == ["request", "Order created"]
    assert await messages(trace_id=f"{4:032x}") == ["login"]
    assert await messages(level="error") == ["pool is empty"]
    assert await messages(text="POOL") == ["pool is empty"]
    assert await messages(limit=2) == ["pool is empty", "login"]
    assert await messages(since=START + timedelta(seconds=12, milliseconds=500)) == ["pool is empty", "login"]


async def test_observer_is_followed_from_where_one_was(observer: AsyncClient, tmp_path: Path) -> None:
    """What was given is not given again; what is new is."""
    async with Reach(Here({"observer.http": _address(observer)}), tmp_path, START).open() as reach:
        keeper = telemetry.logs(reach)
        assert isinstance(keeper, ObserverLogs)
        await export(observer, log("orders", "first", at_s=NOW), signal="logs")
        lines, after = await keeper.lines(LogQuery(("orders",), START))
        assert [line.text for line in lines] == ["first"]
        assert await keeper.lines(LogQuery(("orders",), START, after=after)) == ([], after)
        await export(observer, log("orders", "second", at_s=NOW), signal="logs")
        lines, _ = await keeper.lines(LogQuery(("orders",), START, after=after))
        assert [line.text for line in lines] == ["second"]


async def test_without_an_observer_the_engine_has_the_logs(tmp_path: Path) -> None:
    """Every lab has logs."""
    async with Reach(Here(), tmp_path, START).open() as reach:
        assert isinstance(telemetry.logs(reach), EngineLogs)
