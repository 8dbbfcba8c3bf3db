"""The routes file changes while requests are under way: none fails, and a bad file changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
from prometheus_client import REGISTRY

from gateway.routing import Routing
from tests.system.gateway.conftest import StartGateway, StartUpstream
from tests.system.gateway.running import PATIENT, Gateway, routes, until
from tests.system.gateway.upstream import Received, Upstream, answer

THINGS = {"path": "/api/things", "methods": ["GET", "POST"], "upstream": "orders", "auth": "none"}
OTHER = {"path": "/api/other", "methods": ["GET"], "upstream": "orders", "auth": "none"}


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is looked at ten times a second, so that tests need not wait."""
    monkeypatch.setattr(Routing.__init__, "__kwdefaults__", {"poll": 0.1})


def reloads(outcome: str) -> float:
    """How often the file was read with this outcome."""
    return REGISTRY.get_sample_value("gateway_routes_reloads_total", {"outcome": outcome}) or 0


def valid() -> float | None:
    """Whether the file on disk is in force, as Prometheus scrapes it."""
    return REGISTRY.get_sample_value("gateway_routes_valid")


async def put(gateway: Gateway, text: str, outcome: str = "done") -> None:
    """Write the file and wait until the gateway has read it."""
    before = reloads(outcome)
    gateway.file.write_text(text, encoding="utf-8")
    await until(lambda: reloads(outcome) > before)


@contextlib.asynccontextmanager
async def load(gateway: Gateway, method: str = "GET") -> AsyncIterator[list[int]]:
    """Requests from four clients without a pause while the body runs; every status is collected."""
    statuses: list[int] = []
    stop = asyncio.Event()

    async def client() -> None:
        while not stop.is_set():
            statuses.append((await gateway.client.request(method, "/api/things")).status_code)

    clients = [asyncio.create_task(client()) for _ in range(4)]
    try:
        yield statuses
    finally:
        stop.set()
        await asyncio.gather(*clients)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_request_fails_while_the_routes_change(
    start_gateway: StartGateway, start_upstream: StartUpstream, method: str
) -> None:
    """Limits, breaker, timeouts and the list of instances change under load: every request is answered 200."""
    first, second = await start_upstream(), await start_upstream()
    gateway = await start_gateway(routes({"orders": [first.url]}, THINGS))
    versions = [
        routes({"orders": [first.url, second.url]}, THINGS, OTHER),
        routes({"orders": {"instances": [second.url], "max_in_flight": 50}}, {**THINGS, "timeout": 3}),
        routes(
            {"orders": {"instances": [second.url], "breaker": {**PATIENT, "window": 5}}},
            THINGS,
            few={"rate": 1, "burst": 1},
        ),
        routes({"bestellungen": [first.url]}, {**THINGS, "upstream": "bestellungen"}),
        routes({"orders": [first.url]}, THINGS),
    ]
    async with load(gateway, method) as statuses:
        for version in versions:
            before = len(statuses)
            await put(gateway, version)
            await until(lambda before=before: len(statuses) > before + 10)  # type: ignore[misc]
    assert set(statuses) == {200}
    assert len(first.received) + len(second.received) == len(statuses)
    assert second.received


async def test_new_routes_are_in_force_and_old_ones_gone(start_gateway: StartGateway, upstream: Upstream) -> None:
    """After a reload exactly the file's routes are published."""
    gateway = await start_gateway(routes({"orders": [upstream.url]}, THINGS))
    assert (await gateway.get("/api/other")).status_code == 404
    await put(gateway, routes({"orders": [upstream.url]}, OTHER))
    assert (await gateway.get("/api/other")).status_code == 200
    assert (await gateway.get("/api/things")).status_code == 404


async def test_a_request_keeps_what_was_in_force_when_it_came(start_gateway: StartGateway, upstream: Upstream) -> None:
    """A request that is under way finishes on its route, although route and upstream are gone meanwhile."""
    gateway = await start_gateway(routes({"orders": [upstream.url]}, THINGS))
    gate = asyncio.Event()

    async def when_opened(request: Received, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        await answer(200, "still here")(request, writer)

    upstream.behave = when_opened
    waiting = asyncio.create_task(gateway.get("/api/things"))
    sending = asyncio.create_task(gateway.client.post("/api/things", content=_slowly(gate)))
    await until(lambda: upstream.received)
    await put(gateway, routes({"payments": [upstream.url]}, {**OTHER, "upstream": "payments"}))
    assert (await gateway.get("/api/things")).status_code == 404
    gate.set()
    assert (await waiting).text == "still here"
    assert (await sending).text == "still here"


async def _slowly(gate: asyncio.Event) -> AsyncIterator[bytes]:
    yield b"begun"
    await gate.wait()
    yield b"done"


BAD = {
    "not YAML": "routes: [",
    "unknown key": '{"colour": "red"}',
    "empty": "",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
async def test_a_bad_file_changes_nothing(
    start_gateway: StartGateway, upstream: Upstream, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    """The routes stay as they were, the log names file and line, a metric says so until the file is good again."""
    good = routes({"orders": [upstream.url]}, THINGS)
    gateway = await start_gateway(good)
    assert valid() == 1
    await put(gateway, text, "refused")
    assert valid() == 0
    (line,) = [message for message in caplog.messages if "the routes stay as they were" in message][:1]
    assert f"{gateway.file}:1: " in line
    assert (await gateway.get("/api/things")).status_code == 200
    await put(gateway, good)
    assert valid() == 1
    assert (await gateway.get("/api/things")).status_code == 200


async def test_a_file_that_is_gone_changes_nothing(start_gateway: StartGateway, upstream: Upstream) -> None:
    """Deleted, or replaced by renaming another one over it: the first is refused, the second is read."""
    good = routes({"orders": [upstream.url]}, THINGS, OTHER)
    gateway = await start_gateway(routes({"orders": [upstream.url]}, THINGS))
    before = reloads("refused")
    gateway.file.unlink()
    await until(lambda: reloads("refused") > before)
    assert (await gateway.get("/api/things")).status_code == 200
    other = gateway.file.with_suffix(".new")
    other.write_text(good, encoding="utf-8")
    before = reloads("done")
    other.rename(gateway.file)
    await until(lambda: reloads("done") > before)
    assert (await gateway.get("/api/other")).status_code == 200


async def test_half_a_file_is_not_read(start_gateway: StartGateway, upstream: Upstream) -> None:
    """A file that is still being written, and is a good one with fewer routes at that moment, is left alone."""
    gateway = await start_gateway(routes({"orders": [upstream.url]}, THINGS))
    poll = gateway.routing._poll
    done, refused = reloads("done"), reloads("refused")
    whole = routes({"orders": [upstream.url]}, THINGS, OTHER)
    for number in range(8):  # each look finds another size
        gateway.file.write_text(routes({"orders": [upstream.url]}, OTHER) + " " * number, encoding="utf-8")
        await asyncio.sleep(poll / 4)
    gateway.file.write_text(whole, encoding="utf-8")
    await until(lambda: reloads("done") > done)
    assert (reloads("done"), reloads("refused")) == (done + 1, refused)
    assert (await gateway.get("/api/things")).status_code == 200
    assert (await gateway.get("/api/other")).status_code == 200


async def test_a_signal_reads_the_file_at_once(start_gateway: StartGateway, upstream: Upstream) -> None:
    """SIGHUP is for those who do not want to wait; it reads the file even when nothing changed."""
    gateway = await start_gateway(routes({"orders": [upstream.url]}, THINGS))
    before = reloads("done")
    os.kill(os.getpid(), signal.SIGHUP)
    await until(lambda: reloads("done") > before)
    assert (await gateway.get("/api/things")).status_code == 200


def failing(upstream: Upstream, **changed: Any) -> str:
    """Routes to a service whose breaker opens after four failures and stays open."""
    breaker = {"window": 10, "minimum": 4, "error_rate": 0.5, "open_for": 60, "half_open": 1}
    described = {"instances": [upstream.url], "breaker": breaker, **changed}
    return routes({"orders": described}, {**THINGS, "retry": {"attempts": 1}})


async def test_a_reload_does_not_forget_what_is_broken(start_gateway: StartGateway, upstream: Upstream) -> None:
    """An open breaker stays open over reloads, whether the upstream's own settings change or not."""
    gateway = await start_gateway(failing(upstream))
    upstream.behave = answer(500)
    for _ in range(4):
        await gateway.get("/api/things")
    for version in (failing(upstream) + " ", failing(upstream, max_in_flight=7)):
        await put(gateway, version)
        assert (await gateway.get("/api/things")).status_code == 503
    assert len(upstream.received) == 4
    changed = json.loads(failing(upstream))
    changed["upstreams"]["orders"]["breaker"]["minimum"] = 5
    await put(gateway, json.dumps(changed))
    assert (await gateway.get("/api/things")).status_code == 500
    assert REGISTRY.get_sample_value("breaker_state", {"name": "orders"}) == 0


async def test_an_upstream_that_is_gone_is_not_exported(start_gateway: StartGateway, upstream: Upstream) -> None:
    """An alert on its breaker would otherwise never end."""
    gateway = await start_gateway(routes({"orders": [upstream.url], "stale": [upstream.url]}, THINGS))
    assert REGISTRY.get_sample_value("breaker_state", {"name": "stale"}) == 0
    await put(gateway, routes({"orders": [upstream.url]}, THINGS))
    for metric, label in (("breaker_state", "name"), ("gateway_instances", "upstream")):
        assert REGISTRY.get_sample_value(metric, {label: "stale"}) is None
        assert REGISTRY.get_sample_value(metric, {label: "orders"}) is not None


async def test_a_reload_does_not_forget_who_is_bad(start_gateway: StartGateway, start_upstream: StartUpstream) -> None:
    """An ejected instance stays ejected when other settings of its upstream change."""
    bad, good = await start_upstream(answer(500)), await start_upstream()
    both = [bad.url, good.url]
    once = {**THINGS, "retry": {"attempts": 1}}
    described = {"instances": both, "ejection": {"failures": 1, "seconds": 60}}
    gateway = await start_gateway(routes({"orders": described}, once))
    assert sorted([(await gateway.get("/api/things")).status_code for _ in range(4)]) == [200, 200, 200, 500]
    await put(gateway, routes({"orders": {**described, "max_in_flight": 7}}, once))
    assert [(await gateway.get("/api/things")).status_code for _ in range(4)] == [200] * 4
    assert len(bad.received) == 1
