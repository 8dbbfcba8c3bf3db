"""Upstreams and gateways that end with the test. Refuses sockets beyond the loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.system.gateway.running import Gateway, routes, running
from tests.system.gateway.tokens import jwks
from tests.system.gateway.upstream import Behaviour, Upstream, answer, answer_json

StartUpstream = Callable[..., Awaitable[Upstream]]


class StartGateway(Protocol):
    """Starts a gateway with a routes file and settings."""

    async def __call__(self, text: str, **settings: Any) -> Gateway: ...


@pytest.fixture
async def start_upstream() -> AsyncIterator[StartUpstream]:
    """A factory of upstreams that answer 200, or behave as told."""
    started: list[Upstream] = []

    async def start(behave: Behaviour | None = None) -> Upstream:
        upstream = Upstream(behave or answer())
        await upstream.start()
        started.append(upstream)
        return upstream

    yield start
    for upstream in started:
        await upstream.stop()


@pytest.fixture
async def upstream(start_upstream: StartUpstream) -> Upstream:
    """One upstream."""
    return await start_upstream()


@pytest.fixture
async def keys(start_upstream: StartUpstream) -> Upstream:
    """Who publishes the keys that tokens are verified with."""
    return await start_upstream(answer_json(jwks()))


@pytest.fixture
async def start_gateway(tmp_path: Path, redis_url: str, keys: Upstream) -> AsyncIterator[StartGateway]:
    """A factory of gateways on a real Valkey."""
    async with AsyncExitStack() as stack:

        async def start(text: str, **settings: Any) -> Gateway:
            file = tmp_path / "routes.yaml"
            file.write_text(text, encoding="utf-8")
            return await stack.enter_async_context(
                running(file, **{"redis_url": redis_url, "jwks_url": keys.url, **settings})
            )

        yield start


@pytest.fixture
async def gateway(start_gateway: StartGateway, upstream: Upstream) -> Gateway:
    """A gateway in front of one upstream: /api/things for everybody, /api/mine with a token."""
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    return await start_gateway(
        routes(
            {"orders": [upstream.url]},
            {"path": "/api/things", "methods": methods, "upstream": "orders", "auth": "none"},
            {"path": "/api/things/{id}", "methods": methods, "upstream": "orders", "auth": "none"},
            {"path": "/api/mine", "methods": methods, "upstream": "orders"},
            {"path": "/api/either", "methods": ["GET"], "upstream": "orders", "auth": "optional"},
        )
    )
