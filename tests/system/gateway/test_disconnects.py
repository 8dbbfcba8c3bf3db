"""A client that leaves ends its request everywhere; one that stays but does not read cannot hold it for ever."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import REGISTRY

from tests.system.gateway.conftest import StartGateway
from tests.system.gateway.running import Gateway, routes, until
from tests.system.gateway.upstream import Received, Upstream, answer, hang

MEBIBYTE = 1024 * 1024
THINGS = {"path": "/api/things", "methods": ["GET", "POST"], "upstream": "orders", "auth": "none", "timeout": 30}


async def leave(gateway: Gateway, upstream: Upstream, request: bytes) -> None:
    """Send a request, see it arrive at the service, and close the connection."""
    before = len(upstream.received)
    async with gateway.connection() as (_, writer):
        writer.write(request)
        await until(lambda: len(upstream.received) > before)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_client_that_leaves_ends_the_call_to_the_service(
    start_gateway: StartGateway, upstream: Upstream, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    """The service sees its connection close; nobody is blamed, nothing is repeated, every place is free again."""
    caplog.set_level("INFO")
    gateway = await start_gateway(routes({"orders": [upstream.url]}, THINGS))
    upstream.behave = hang
    orders = gateway.routing.in_force.upstreams["orders"]
    for _ in range(5):  # more than it takes to eject an instance
        await leave(gateway, upstream, f"{method} /api/things HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
    await until(lambda: upstream.abandoned == 5)
    await until(lambda: orders.in_flight == 0)
    (instance,) = orders.balancer.instances
    assert (instance.in_flight, instance.failures) == (0, 0)
    assert len(upstream.received) == 5
    assert caplog.messages.count(f"{method} /api/things 499") == 5


async def endless(_request: Received, writer: asyncio.StreamWriter) -> None:
    """An answer that goes on for as long as somebody takes it."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
    while True:
        writer.write(b"x" * MEBIBYTE)
        await writer.drain()


async def test_a_client_that_leaves_while_the_answer_streams_ends_it(
    start_gateway: StartGateway, upstream: Upstream
) -> None:
    """The gateway does not go on reading an answer that nobody wants."""
    gateway = await start_gateway(routes({"orders": [upstream.url]}, THINGS))
    orders = gateway.routing.in_force.upstreams["orders"]
    upstream.behave = endless
    async with gateway.connection() as (reader, writer):
        writer.write(b"GET /api/things HTTP/1.1\r\nHost: shop\r\n\r\n")
        await reader.readexactly(3 * MEBIBYTE)
        assert orders.in_flight == 1
    await until(lambda: orders.in_flight == 0)
    (instance,) = orders.balancer.instances
    assert (instance.in_flight, instance.failures) == (0, 0)


async def test_a_client_that_does_not_read_is_cut_off_in_time(start_gateway: StartGateway, upstream: Upstream) -> None:
    """A reader that stalls holds its place until the route's timeout, and the service is not blamed for it."""
    gateway = await start_gateway(routes({"orders": [upstream.url]}, {**THINGS, "timeout": 1}))
    orders = gateway.routing.in_force.upstreams["orders"]
    upstream.behave = endless
    async with gateway.connection() as (_, writer):
        writer.write(b"GET /api/things HTTP/1.1\r\nHost: shop\r\n\r\n")
        await until(lambda: orders.in_flight == 1)
        await until(lambda: orders.in_flight == 0)
    (instance,) = orders.balancer.instances
    assert (instance.in_flight, instance.failures) == (0, 0)


async def test_a_full_service_is_not_queued_for(start_gateway: StartGateway, upstream: Upstream) -> None:
    """With all places taken the next request gets 503 at once, and one that ends makes room."""
    described = {"instances": [upstream.url], "max_in_flight": 2}
    gateway = await start_gateway(routes({"orders": described}, THINGS))
    gate = asyncio.Event()

    async def when_opened(request: Received, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        await answer()(request, writer)

    upstream.behave = when_opened
    waiting = [asyncio.create_task(gateway.get("/api/things")) for _ in range(2)]
    await until(lambda: len(upstream.received) == 2)
    assert REGISTRY.get_sample_value("gateway_upstream_in_flight", {"upstream": "orders"}) == 2
    refused = await gateway.get("/api/things")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["title"] == "orders is at its limit"
    gate.set()
    assert [(await one).status_code for one in waiting] == [200, 200]
    assert (await gateway.get("/api/things")).status_code == 200
    assert REGISTRY.get_sample_value("gateway_upstream_in_flight", {"upstream": "orders"}) == 0
