"""Where instances are: names that are asked again, and a Consul that changes its mind, forgets, and lies.

Consul is played here by a server that answers its health API, because a real one cannot be made to answer nonsense.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway import discovery
from gateway.balancer import Address
from gateway.discovery import ConsulDiscovery, StaticDiscovery, consul_or_static, resolve
from tests.system.gateway.conftest import StartGateway, StartUpstream
from tests.system.gateway.running import routes, until
from tests.system.gateway.upstream import Behaviour, Received, Upstream, answer, hang_up, say

THINGS = {"path": "/api/things", "methods": ["GET"], "upstream": "orders", "auth": "none"}


def entry(port: int, host: str = "127.0.0.1", **service: Any) -> dict[str, Any]:
    """One instance, as Consul's health API describes it."""
    return {"Node": {"Address": "10.9.9.9"}, "Service": {"Address": host, "Port": port, "Meta": None, **service}}


def listing(index: object, *entries: object) -> Behaviour:
    """Consul's answer with this index and these instances."""
    body = json.dumps(list(entries))
    return answer(200, body, ("Content-Type", "application/json"), ("X-Consul-Index", str(index)))


def asked(request: Received) -> int:
    """The index that a blocking query waits behind."""
    (index,) = parse_qs(urlsplit(request.target).query)["index"]
    return int(index)


class Consul:
    """Answers blocking queries: at once when the asker is behind, and when `tell` changes what there is."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self._index, self._entries = 10, ()
        self._changed = asyncio.Event()
        upstream.behave = self._behave

    def tell(self, *entries: object, index: int | None = None) -> None:
        """From now on these are the instances."""
        self._index, self._entries = index or self._index + 1, entries  # type: ignore[assignment]
        self._changed.set()
        self._changed = asyncio.Event()

    async def _behave(self, request: Received, writer: asyncio.StreamWriter) -> None:
        assert urlsplit(request.target).path == "/v1/health/service/orders"
        assert parse_qs(urlsplit(request.target).query)["passing"] == ["true"]
        if asked(request) == self._index:
            await self._changed.wait()
        await listing(self._index, *self._entries)(request, writer)


@pytest.fixture
async def consul(start_upstream: StartUpstream) -> Consul:
    """A Consul that knows nothing yet."""
    return Consul(await start_upstream())


@pytest.fixture
async def seen(consul: Consul, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Sequence[Address]]]:
    """Every list that discovery publishes while it watches that Consul; pauses after failures are short."""
    monkeypatch.setattr(discovery, "LONGEST_PAUSE", 0.1)
    lists: list[Sequence[Address]] = []
    watching = asyncio.create_task(ConsulDiscovery("orders", consul.upstream.url, lists.append, wait=5).run())
    yield lists
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


def ports(addresses: Sequence[Address]) -> list[int]:
    """The ports of these addresses."""
    return [one.port for one in addresses]


async def test_a_change_in_consul_is_known_at_once(consul: Consul, seen: list[Sequence[Address]]) -> None:
    """The query waits in Consul and comes back with each change; the service's address wins over its node's."""
    consul.tell(entry(1), entry(2, Address="", Meta={"scheme": "https"}))
    await until(lambda: seen)
    assert seen[-1] == [Address("http", "127.0.0.1", 1, "orders"), Address("https", "10.9.9.9", 2, "orders")]
    consul.tell(entry(2))
    await until(lambda: ports(seen[-1]) == [2])
    assert len(consul.upstream.received) <= 5


async def test_an_empty_answer_does_not_empty_the_list(consul: Consul, seen: list[Sequence[Address]]) -> None:
    """A registry that lost its memory is more likely than a service without instances: the last list stays."""
    consul.tell(entry(1))
    await until(lambda: seen)
    before = len(consul.upstream.received)
    consul.tell()
    await until(lambda: len(consul.upstream.received) > before + 1)
    assert [ports(one) for one in seen] == [[1]]
    consul.tell(entry(3))
    await until(lambda: ports(seen[-1]) == [3])


async def test_an_index_that_goes_backwards_starts_anew(consul: Consul, seen: list[Sequence[Address]]) -> None:
    """A Consul that was restarted counts from the beginning; waiting behind the old index would be for ever."""
    consul.tell(entry(1), index=500)
    await until(lambda: consul.upstream.received and asked(consul.upstream.received[-1]) == 500)
    consul.tell(entry(2), index=3)
    await until(lambda: ports(seen[-1]) == [2])
    await until(lambda: asked(consul.upstream.received[-1]) == 3)
    assert [asked(request) for request in consul.upstream.received[-2:]] == [0, 3]
    consul.tell(entry(3), index=4)
    await until(lambda: ports(seen[-1]) == [3])


NONSENSE = {
    "500": answer(500, "no leader"),
    "no index": answer(200, "[]"),
    "a word for index": listing("soon", entry(1)),
    "not JSON": answer(200, "<html>", ("X-Consul-Index", "50")),
    "no list": answer(200, '{"a": 1}', ("X-Consul-Index", "50")),
    "null": answer(200, "null", ("X-Consul-Index", "50")),
    "numbers": listing(50, 1, 2),
    "no service": listing(50, {"Node": {"Address": "10.0.0.1"}}),
    "no port": listing(50, {"Node": {}, "Service": {"Address": "x"}}),
    "a bad port": listing(50, entry(0)),
    "a huge port": listing(50, entry(70_000)),
    "a bad scheme": listing(50, entry(1, Meta={"scheme": "gopher"})),
    "meta as text": listing(50, entry(1, Meta="scheme")),
    "address as number": listing(50, entry(1, Address=7)),
    "closes": hang_up,
    "not HTTP": say(b"220 smtp\r\n", close=True),
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE.keys())
async def test_nonsense_changes_nothing(consul: Consul, seen: list[Sequence[Address]], nonsense: Behaviour) -> None:
    """Whatever Consul answers that is no list of instances leaves the last list in place, and it is asked again."""
    consul.tell(entry(1))
    await until(lambda: seen)
    consul.upstream.script = [nonsense] * 3
    consul.tell(entry(1))  # ends the query that waits; the next ones get nonsense
    await until(lambda: not consul.upstream.script)
    consul.tell(entry(2))
    await until(lambda: ports(seen[-1]) == [2])
    assert all(ports(one) in ([1], [2]) for one in seen)


async def test_a_consul_that_never_waits_is_not_asked_without_pause(
    start_upstream: StartUpstream, consul: Consul, seen: list[Sequence[Address]]
) -> None:
    """An index that stands still at 0 makes every query come back at once; there are pauses all the same."""
    consul.upstream.behave = listing(0, entry(1))
    consul.tell(entry(1))
    await until(lambda: len(consul.upstream.received) >= 3)
    before = len(consul.upstream.received)
    await asyncio.sleep(0.5)
    assert len(consul.upstream.received) - before <= 6


async def test_until_consul_answers_the_static_list_is_used(start_upstream: StartUpstream) -> None:
    """Consul is down at the start: the list in the file serves; when Consul has named instances, its list does."""
    lists: list[Sequence[Address]] = []
    down = await start_upstream()
    await down.stop()
    registry = Consul(down)
    static = StaticDiscovery("orders", ["http://127.0.0.1:7"], lists.append, every=0.05)
    both = asyncio.create_task(consul_or_static(ConsulDiscovery("orders", down.url, lists.append, wait=5), static))
    await until(lambda: len(lists) > 3)
    assert {tuple(ports(one)) for one in lists} == {(7,)}
    registry.tell(entry(8))
    await down.start(down.port)
    await until(lambda: ports(lists[-1]) == [8])
    counted = len(lists)
    await asyncio.sleep(0.2)
    assert len(lists) == counted
    both.cancel()
    await asyncio.gather(both, return_exceptions=True)


async def test_a_gateway_follows_consul(
    start_gateway: StartGateway, start_upstream: StartUpstream, consul: Consul
) -> None:
    """Requests go to the instances that Consul names, from one request to the next."""
    first, second = await start_upstream(), await start_upstream()
    described = {"instances": ["http://127.0.0.1:9"], "consul": "orders"}
    gateway = await start_gateway(routes({"orders": described}, THINGS), consul_url=consul.upstream.url)
    orders = gateway.routing.in_force.upstreams["orders"].balancer
    consul.tell(entry(first.port))
    await until(lambda: [one.address.port for one in orders.instances] == [first.port])
    assert (await gateway.get("/api/things")).status_code == 200
    consul.tell(entry(second.port))
    await until(lambda: [one.address.port for one in orders.instances] == [second.port])
    assert (await gateway.get("/api/things")).status_code == 200
    assert (len(first.received), len(second.received)) == (1, 1)


async def test_a_name_is_as_many_instances_as_it_has_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replicas behind one name are instances each, of one address family, called by their name."""
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 8000, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.2", 8000)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 8000)),
    ]

    async def getaddrinfo(*_asked: object, **_options: object) -> list[Any]:
        return found

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    both = [Address("http", "10.0.0.1", 8000, "orders"), Address("http", "10.0.0.2", 8000, "orders")]
    assert list(await resolve("http://orders:8000")) == both
    del found[1:]
    assert list(await resolve("http://orders:8000")) == [Address("http", "::1", 8000, "orders")]


async def test_a_name_that_vanishes_keeps_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that is away changes nothing; one that comes back with other addresses is believed."""
    answers: dict[str, list[str]] = {"orders": ["10.0.0.1"]}

    async def getaddrinfo(host: str, port: int, **_options: object) -> list[Any]:
        if host not in answers:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers[host]]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    lists: list[Sequence[Address]] = []
    static = StaticDiscovery("orders", ["http://orders:8000", "http://spare:8001", "https://10.0.0.9"], lists.append)
    await static.once()
    answers.clear()
    await static.once()
    answers.update(orders=["10.0.0.5"], spare=["10.0.0.6"])
    await static.once()
    hosts = [[one.host for one in addresses] for addresses in lists]
    assert hosts == [["10.0.0.1", "10.0.0.9"], ["10.0.0.1", "10.0.0.9"], ["10.0.0.5", "10.0.0.6", "10.0.0.9"]]
    assert lists[-1][-1] == Address("https", "10.0.0.9", 443, "10.0.0.9")


async def test_a_service_that_is_not_there_is_503(
    start_gateway: StartGateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that does not resolve costs the start nothing and its own requests a 503; the others go on."""

    async def getaddrinfo(*_asked: object, **_options: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    described = {"orders": [upstream.url], "payments": ["http://payments:8000"]}
    payments = {**THINGS, "path": "/api/payments", "upstream": "payments"}
    gateway = await start_gateway(routes(described, THINGS, payments))
    refused = await gateway.get("/api/payments")
    assert (refused.status_code, refused.json()["title"]) == (503, "payments has no instance")
    assert (await gateway.get("/api/things")).status_code == 200
