"""When a whole service fails it gets no requests for a while: what the gateway tells its breakers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from tests.system.gateway.conftest import StartGateway
from tests.system.gateway.running import routes, until
from tests.system.gateway.tokens import bearer
from tests.system.gateway.upstream import Behaviour, Received, Upstream, answer, answer_json, hang, hang_up

SHIPPED = Path(__file__).resolve().parents[3] / "labs/system/config/gateway/routes.yaml"
THINGS = {"path": "/api/things", "methods": ["GET", "POST"], "upstream": "orders", "auth": "none"}
ONCE = {**THINGS, "retry": {"attempts": 1}}


def breaking(**changed: float) -> dict[str, float]:
    """A breaker that opens quickly."""
    return {"window": 10, "minimum": 4, "error_rate": 0.5, "open_for": 0.3, "half_open": 2, **changed}


def state() -> float | None:
    """The breaker's state as Prometheus scrapes it."""
    return REGISTRY.get_sample_value("breaker_state", {"name": "orders"})


@pytest.mark.parametrize("failure", [answer(500), answer(503), hang_up, hang], ids=["500", "503", "closes", "timeout"])
async def test_a_failing_service_opens_the_breaker(
    start_gateway: StartGateway, upstream: Upstream, failure: Behaviour
) -> None:
    """Errors, broken connections and timeouts count; then requests are refused at once, and the service rests."""
    described = {"instances": [upstream.url], "breaker": breaking(open_for=60)}
    gateway = await start_gateway(routes({"orders": described}, {**ONCE, "timeout": 0.1}))
    upstream.behave = failure
    for _ in range(4):
        assert (await gateway.get("/api/things")).status_code >= 500
    assert state() == 2
    refused = await gateway.get("/api/things")
    assert (refused.status_code, refused.json()["title"]) == (503, "orders is not available")
    assert int(refused.headers["retry-after"]) >= 1
    assert len(upstream.received) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 499, 501])
async def test_what_the_client_did_wrong_does_not_open_it(
    start_gateway: StartGateway, upstream: Upstream, status: int
) -> None:
    """4xx answers are good answers, and so is 501: the service works."""
    described = {"instances": [upstream.url], "breaker": breaking()}
    gateway = await start_gateway(routes({"orders": described}, THINGS))
    upstream.behave = answer(status)
    assert [(await gateway.get("/api/things")).status_code for _ in range(10)] == [status] * 10
    assert state() == 0


async def test_half_an_answer_counts_against_the_service(start_gateway: StartGateway, upstream: Upstream) -> None:
    """A stream that breaks off is a failure, although its status was 200."""
    described = {"instances": [upstream.url], "breaker": breaking(open_for=60)}
    gateway = await start_gateway(routes({"orders": described}, {**THINGS, "timeout": 0.2}))

    async def half(_request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await asyncio.Event().wait()

    upstream.behave = half
    for _ in range(4):
        said = await gateway.raw(b"GET /api/things HTTP/1.1\r\nHost: shop\r\n\r\n")
        assert said.endswith(b"5\r\nhello\r\n")
    assert state() == 2


async def test_the_breaker_closes_after_good_probes(start_gateway: StartGateway, upstream: Upstream) -> None:
    """When its time is over a failing probe opens it again, and two good ones close it."""
    described = {"instances": [upstream.url], "breaker": breaking(open_for=1)}
    gateway = await start_gateway(routes({"orders": described}, ONCE))
    upstream.behave = answer(500)
    for _ in range(4):
        await gateway.get("/api/things")
    assert state() == 2
    await asyncio.sleep(1.05)
    assert (await gateway.get("/api/things")).status_code == 500
    assert state() == 2
    upstream.behave = answer()
    assert (await gateway.get("/api/things")).status_code == 503
    await asyncio.sleep(1.05)
    assert (await gateway.get("/api/things")).status_code == 200
    assert state() == 1
    assert (await gateway.get("/api/things")).status_code == 200
    assert state() == 0


async def test_a_client_that_leaves_gives_its_probe_back(start_gateway: StartGateway, upstream: Upstream) -> None:
    """Probes whose clients went away prove nothing and block nobody: the breaker can still close."""
    described = {"instances": [upstream.url], "breaker": breaking(half_open=1, open_for=0.1)}
    gateway = await start_gateway(routes({"orders": described}, {**ONCE, "timeout": 20}))
    upstream.behave = answer(500)
    for _ in range(4):
        await gateway.get("/api/things")
    await asyncio.sleep(0.15)
    upstream.behave = hang
    async with gateway.connection() as (_, writer):
        writer.write(b"GET /api/things HTTP/1.1\r\nHost: shop\r\n\r\n")
        await until(lambda: len(upstream.received) == 5)
        assert (await gateway.get("/api/things")).status_code == 503
    await until(lambda: upstream.abandoned == 1)
    upstream.behave = answer()
    assert (await gateway.get("/api/things")).status_code == 200
    assert state() == 0


async def test_a_storm_of_logins_leaves_the_rest_of_users_alone(
    start_gateway: StartGateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the shop is configured: users says that it checks too many passwords, and opaque tokens go on as ever."""

    async def busy(request: Received, writer: Any) -> None:
        passwords = request.method == "POST" and request.target in ("/auth/login", "/users")
        said = answer(503, b"", ("Retry-After", "1")) if passwords else answer_json({"active": True, "sub": "ann"})
        await said(request, writer)

    upstream.behave = busy
    monkeypatch.setenv("USERS_URL", upstream.url)
    gateway = await start_gateway(SHIPPED.read_text(encoding="utf-8"), service_key="the-service-key")
    storm = [gateway.client.post(path) for path in ("/api/auth/login", "/api/users") for _ in range(30)]
    assert {each.status_code for each in await asyncio.gather(*storm)} == {503}
    assert REGISTRY.get_sample_value("breaker_state", {"name": "passwords"}) == 2
    assert (await gateway.get("/api/users/me", **bearer("opaque"))).status_code == 200
