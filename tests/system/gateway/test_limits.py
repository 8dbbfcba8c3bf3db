"""How often one may ask: token buckets in a real Valkey, and what happens while it is away or silent."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from itertools import count

import pytest
from prometheus_client import REGISTRY

from chassis.ratelimit import client_network
from processes.leash import Leash
from processes.valkey import Valkey
from tests.system.gateway.conftest import StartGateway
from tests.system.gateway.running import Gateway, routes
from tests.system.gateway.tokens import bearer, token
from tests.system.gateway.upstream import Upstream

_numbers = count(1)
SLOW = {"rate": 0.01, "burst": 3}
ROUTES = (
    {"path": "/api/things", "methods": ["GET"], "upstream": "orders", "auth": "none", "limit": "few"},
    {"path": "/api/mine", "methods": ["GET"], "upstream": "orders", "limit": "few"},
    {"path": "/api/login", "methods": ["POST"], "upstream": "orders", "auth": "none", "limit": "strict"},
    {"path": "/api/keys", "methods": ["GET"], "upstream": "orders", "auth": "none", "limit": "lenient"},
)


def text(upstream: Upstream) -> str:
    """Three requests at once and then hardly any; login fails closed, keys fail open, the rest as configured."""
    limits = {
        "few": SLOW,
        "strict": {**SLOW, "without_redis": "closed"},
        "lenient": {**SLOW, "without_redis": "open"},
    }
    return routes({"orders": [upstream.url]}, *ROUTES, **limits)


@pytest.fixture
def own_valkey(leash: Leash) -> Iterator[Valkey]:
    """A Valkey that the test may stop and freeze."""
    server = Valkey(f"limits-{next(_numbers)}", leash, durable=False)
    server.start()
    yield server
    server.stop()


async def statuses(gateway: Gateway, path: str, times: int, **headers: str) -> list[int]:
    """What so many requests are answered with."""
    return [(await gateway.get(path, **headers)).status_code for _ in range(times)]


async def test_over_the_limit_is_429(start_gateway: StartGateway, upstream: Upstream) -> None:
    """The burst passes with what is left told in headers; then a problem says when to come back."""
    gateway = await start_gateway(text(upstream))
    for left in (2, 1, 0):
        passed = await gateway.get("/api/things")
        assert passed.status_code == 200
        assert passed.headers["ratelimit-policy"] == '"few";q=3;w=300'
        assert passed.headers["ratelimit"].startswith(f'"few";r={left};t=')
    refused = await gateway.get("/api/things")
    assert refused.status_code == 429
    assert 90 <= int(refused.headers["retry-after"]) <= 100
    assert refused.json()["detail"] == "The limit 'few' is used up."
    assert len(upstream.received) == 3


async def test_each_user_has_a_bucket(start_gateway: StartGateway, upstream: Upstream) -> None:
    """Users behind one address do not take each other's; the same user has one, whatever the token."""
    gateway = await start_gateway(text(upstream))
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    assert await statuses(gateway, "/api/mine", 3, **bearer(token(one))) == [200] * 3
    assert await statuses(gateway, "/api/mine", 1, **bearer(token(one))) == [429]
    assert await statuses(gateway, "/api/mine", 3, **bearer(token(other))) == [200] * 3


async def test_guessing_tokens_is_limited_by_address(start_gateway: StartGateway, upstream: Upstream) -> None:
    """Bad tokens, opaque ones and none at all take from the bucket of the address; good ones do not."""
    gateway = await start_gateway(text(upstream))
    assert await statuses(gateway, "/api/mine", 2, **bearer("a.b.c")) == [401] * 2
    assert await statuses(gateway, "/api/mine", 1) == [401]
    for shown in ("a.b.c", "opaque"):
        assert await statuses(gateway, "/api/mine", 1, **bearer(shown)) == [429]
    assert await statuses(gateway, "/api/mine", 1) == [429]
    assert await statuses(gateway, "/api/mine", 1, **bearer(token())) == [200]


async def test_gateways_share_their_counts(start_gateway: StartGateway, upstream: Upstream) -> None:
    """A second gateway is no second bucket."""
    first, second = await start_gateway(text(upstream)), await start_gateway(text(upstream))
    assert await statuses(first, "/api/things", 2) == [200] * 2
    assert await statuses(second, "/api/things", 2) == [200, 429]
    assert await statuses(first, "/api/things", 1) == [429]


@pytest.mark.parametrize(("mode", "expected"), [("open", 200), ("closed", 503)])
async def test_without_redis_each_limit_does_what_was_decided(
    start_gateway: StartGateway, upstream: Upstream, own_valkey: Valkey, mode: str, expected: int
) -> None:
    """A dead Valkey: limits without an opinion follow RATE_LIMIT_MODE, and so does readiness; others do as they say."""
    gateway = await start_gateway(text(upstream), redis_url=own_valkey.url(), rate_limit_mode=mode)
    before = REGISTRY.get_sample_value("gateway_rate_limit_unavailable_total", {"limit": "few", "mode": mode}) or 0
    own_valkey.stop()
    assert await statuses(gateway, "/api/things", 5) == [expected] * 5
    assert await statuses(gateway, "/api/mine", 5, **bearer(token())) == [expected] * 5
    assert await statuses(gateway, "/api/keys", 5) == [200] * 5
    refused = await gateway.client.post("/api/login")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    counted = REGISTRY.get_sample_value("gateway_rate_limit_unavailable_total", {"limit": "few", "mode": mode})
    assert counted == before + 10
    assert (await gateway.get("/health/ready")).status_code == expected
    own_valkey.start()
    await recovered(gateway)


async def recovered(gateway: Gateway) -> None:
    """Until requests are counted again."""
    async with asyncio.timeout(20):
        while (await gateway.client.post("/api/login")).status_code == 503:
            await asyncio.sleep(0.1)


async def test_a_silent_redis_holds_up_few_requests_for_a_moment(
    start_gateway: StartGateway, upstream: Upstream, own_valkey: Valkey
) -> None:
    """A frozen Valkey is given up on: its breaker opens, and requests pass without asking it until it is back."""
    gateway = await start_gateway(text(upstream), redis_url=own_valkey.url())
    assert await statuses(gateway, "/api/things", 1) == [200]
    own_valkey.child.pause()
    try:
        assert await statuses(gateway, "/api/things", 20) == [200] * 20
        assert REGISTRY.get_sample_value("breaker_state", {"name": "redis"}) == 2
        assert await statuses(gateway, "/api/things", 20) == [200] * 20
        assert (await gateway.client.post("/api/login")).status_code == 503
    finally:
        own_valkey.child.resume()
    await recovered(gateway)
    assert REGISTRY.get_sample_value("breaker_state", {"name": "redis"}) == 0


def test_an_ipv6_client_is_its_network() -> None:
    """One IPv6 client owns 2^64 addresses, so they count as one; IPv4 addresses count each for itself."""
    assert client_network("2001:db8:1:2:3::4") == client_network("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert client_network("192.0.2.1") != client_network("192.0.2.2")
    assert client_network("") == "unknown"
