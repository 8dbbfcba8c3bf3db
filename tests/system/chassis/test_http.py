"""The client between services: always an answer, a timeout or an outage, and never more than was asked for."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from chassis import context, http, tracing
from chassis.http import Client, TimedOut, Unreachable, UpstreamError
from processes.ports import free_ports
from tests.system.chassis.conftest import Settings
from tests.system.chassis.peer import peer, response, said
from tests.system.chassis.spans import forget, record

TRACE = "a" * 32


@pytest.fixture
async def client(make_settings: Callable[..., Settings]) -> AsyncIterator[Callable[..., Awaitable[Client]]]:
    """Starts clients of a port; they are stopped after the test."""
    started: list[Client] = []

    async def start(port: int, timeout: float = 5, **settings: str) -> Client:
        made = Client(f"http://127.0.0.1:{port}/", timeout=timeout, name="peer", settings=make_settings(**settings))
        await made.start()
        started.append(made)
        return made

    yield start
    for one in started:
        await one.stop()


Start = Callable[..., Awaitable[Client]]


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "500 Oops", "204 No Content", "302 Found"])
async def test_any_status_is_an_answer(client: Start, status: str) -> None:
    """What it means is for the caller to say; a redirect is not followed."""
    async with peer(said(response(b"", status, "X-One: 1", "Location: http://127.0.0.1:9/"))) as server:
        answer = await (await client(server.port)).request("GET", "/things?a=1")
    assert (answer.status, answer.body, answer.headers["x-one"]) == (int(status[:3]), b"", "1")
    assert server.heads[0].startswith(b"GET /things?a=1 HTTP/1.1\r\n")
    assert len(server.heads) == 1


async def test_who_asks_and_why_goes_along(client: Start) -> None:
    """Correlation id, trace and the service's key; the caller's own headers as well."""
    async with peer(said(response())) as server:
        asking = await client(server.port, service_key="secret-key")
        with (
            context.bind("corr-1"),
            tracing.span("x", parent=tracing.extract({"traceparent": f"00-{TRACE}-{'1' * 16}-01"})),
        ):
            await asking.request("POST", "/", json={"a": 1}, headers={"X-Own": "yes"})
    head = server.heads[0].lower()
    for expected in (
        b"x-correlation-id: corr-1",
        b"x-api-key: secret-key",
        b"x-own: yes",
        b"traceparent: 00-" + b"a" * 32,
    ):
        assert expected in head


async def test_what_there_is_not_is_not_sent(client: Start) -> None:
    """Outside of a request there is no correlation id; without a key there is no key."""
    async with peer(said(response())) as server:
        await (await client(server.port)).request("GET", "/")
    assert b"x-api-key" not in server.heads[0].lower()
    assert b"x-correlation-id" not in server.heads[0].lower()


async def test_cookies_are_not_kept(client: Start) -> None:
    """One user's session must not travel with another one's request."""
    async with peer(said(response(b"", "200 OK", "Set-Cookie: session=1"))) as server:
        asking = await client(server.port)
        await asking.request("GET", "/")
        await asking.request("GET", "/")
    assert b"cookie" not in server.heads[1].lower()


async def test_a_silent_peer_is_timed_out(client: Start) -> None:
    """After the client's limit, or the one of this request."""

    async def silent(_head: bytes, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with peer(silent) as server:
        with pytest.raises(TimedOut):
            await (await client(server.port, timeout=0.1)).request("GET", "/")
        with pytest.raises(TimedOut):
            await (await client(server.port, timeout=60)).request("GET", "/", timeout=0.1)


async def test_an_answer_that_trickles_is_timed_out(client: Start) -> None:
    """The limit is for the whole answer, so a byte now and then does not help."""

    async def trickle(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.02)

    async with peer(trickle) as server:
        with pytest.raises(TimedOut):
            await (await client(server.port, timeout=0.3)).request("GET", "/")


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        response(b"not gzip at all", "200 OK", "Content-Encoding: gzip"),
        b"",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
    ],
    ids=["smtp", "half", "chunk", "length", "gzip", "nothing", "head"],
)
async def test_what_is_no_answer_is_an_outage(client: Start, answer: bytes) -> None:
    """Cut off, malformed or something else: the caller hears one thing, and no library's own errors."""

    async def broken(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        raise ConnectionError

    async with peer(broken) as server:
        with pytest.raises(Unreachable):
            await (await client(server.port)).request("POST", "/", data=b"x")


async def test_nobody_there_is_an_outage(client: Start) -> None:
    """Refused, and a name that does not exist."""
    (nobody,) = free_ports(1)
    with pytest.raises(Unreachable):
        await (await client(nobody)).request("GET", "/")


async def test_packed_answers_are_unpacked(client: Start) -> None:
    """Within the limit."""
    async with peer(said(response(gzip.compress(b'{"a": 1}'), "200 OK", "Content-Encoding: gzip"))) as server:
        assert (await (await client(server.port)).request("GET", "/")).json() == {"a": 1}


@pytest.mark.parametrize("packed", [True, False])
async def test_an_answer_without_end_is_refused(client: Start, monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    """Also one that is small on the wire and huge when it is unpacked."""
    monkeypatch.setattr(http, "MAX_ANSWER", 100_000)
    body = b"x" * 10_000_000
    whole = response(gzip.compress(body), "200 OK", "Content-Encoding: gzip") if packed else response(body)
    async with peer(said(whole)) as server:
        with pytest.raises(UpstreamError, match="more than 100000 bytes"):
            await (await client(server.port)).request("GET", "/")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000], ids=["empty", "torn", "bytes", "deep"])
async def test_what_is_not_json_is_said(client: Start, body: bytes) -> None:
    """As an error of the upstream, which callers expect anyway."""
    async with peer(said(response(body))) as server:
        answer = await (await client(server.port)).request("GET", "/")
    with pytest.raises(UpstreamError, match="not JSON"):
        answer.json()


async def test_connections_are_kept_and_lost_ones_replaced(client: Start) -> None:
    """One connection serves many requests; when the peer closes it between two, the next one opens another."""
    async with peer(said(response())) as server:
        asking = await client(server.port)
        for _ in range(10):
            await asking.request("GET", "/")
        assert server.connections == 1

    async def answer_and_leave(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response())
        await writer.drain()
        writer.close()

    async with peer(answer_and_leave) as server:
        asking = await client(server.port)
        for _ in range(30):
            assert (await asking.request("GET", "/")).status == 200


async def test_a_cancelled_request_spoils_no_other(client: Start) -> None:
    """Its connection is not used again with the answer still on the way."""
    count = 0

    async def number(_head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        mine = count
        await asyncio.sleep(0.02)
        writer.write(response(str(mine).encode()))

    async with peer(number) as server:
        asking = await client(server.port)
        for _ in range(10):
            cut = asyncio.create_task(asking.request("GET", "/"))
            await asyncio.sleep(0.01)
            cut.cancel()
            with pytest.raises(asyncio.CancelledError):
                await cut
            assert (await asking.request("GET", "/")).json() == count


async def test_proxies_of_the_environment_are_not_used(client: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls between services stay between services."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with peer(said(response())) as server:
        assert (await (await client(server.port)).request("GET", "/")).status == 200


async def test_a_client_that_is_not_started_says_so(make_settings: Callable[..., Settings]) -> None:
    """It is a mistake in the wiring of a service, and no outage."""
    with pytest.raises(RuntimeError, match="not started"):
        await Client("http://x", timeout=1, name="peer", settings=make_settings()).request("GET", "/")


async def test_each_call_is_a_span(client: Start) -> None:
    """With its status; a 500 and an outage are marked as failed."""
    spans = record()
    try:
        async with peer(said(response(b"", "500 Oops"))) as server:
            await (await client(server.port)).request("GET", "/")
        with pytest.raises(Unreachable):
            await (await client(server.port)).request("GET", "/")
    finally:
        forget()
    oops, outage = spans.get_finished_spans()
    assert [oops.name, outage.name] == ["GET peer", "GET peer"]
    assert (oops.attributes or {})["http.response.status_code"] == 500
    assert not oops.status.is_ok
    assert (outage.attributes or {})["error.type"] == "Unreachable"
