"""Connections that a client keeps and does not use come to an end, whatever it sends; and a request has one Host."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from fastapi import Request, Response

from chassis import protocol, server
from chassis.health import Health
from chassis.service import Service, new_api
from tests.system.chassis.conftest import Settings
from tests.system.chassis.wire import Port, listening
from tests.system.messaging.waiting import until

GET = b"GET /here HTTP/1.1\r\nHost: x\r\n\r\n"
# Nobody reads this body: the answer is there before it has come.
POST = b"POST /missing HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"POST /missing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
async def port(make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Port]:
    """A small service that keeps an idle connection for a moment only."""
    monkeypatch.setattr(server, "KEEP_ALIVE", 0.3)
    monkeypatch.setattr(protocol, "REST_SECONDS", 0.3)
    api = new_api("Connections")

    @api.get("/here")
    async def here() -> str:
        return "here"

    @api.get("/much")
    async def much() -> Response:
        return Response(b"x" * 16_000_000)

    @api.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    async with listening(Service("connections", make_settings(), api, Health(), [])) as port:
        yield port


@pytest.mark.parametrize(
    ("version", "hosts", "status"),
    [(b"1.1", b"", 400), (b"1.1", b"Host: x\r\nHOST: x\r\n", 400), (b"1.0", b"", 200), (b"1.1", b"host: x\r\n", 200)],
    ids=["none", "two", "none-in-1.0", "one"],
)
async def test_a_request_has_one_host(port: Port, version: bytes, hosts: bytes, status: int) -> None:
    """As HTTP wants it: with two of them, each reader would choose for itself."""
    answer = await port.ask(b"GET /here HTTP/%b\r\n%b\r\n" % (version, hosts))
    assert answer.status == status


@pytest.mark.parametrize("after", [b"", b"\r\n"], ids=["nothing", "an-empty-line"])
async def test_an_idle_connection_ends(port: Port, after: bytes) -> None:
    """An empty line in front of a request is allowed; without a request it must not keep the connection for ever."""
    wire = await port.connect()
    await wire.send(GET)
    assert (await wire.answer()).status == 200
    await wire.send(after)
    assert await wire.ended()


@pytest.mark.parametrize("some", [b"", b"x", b"x" * 99], ids=["nothing", "a-byte", "nearly-all"])
async def test_a_body_that_was_answered_unread_has_to_end(port: Port, some: bytes) -> None:
    """Whoever was told no and goes on, slowly, does not keep the connection."""
    wire = await port.connect()
    await wire.send(POST % 100)
    assert (await wire.answer()).status == 404
    await wire.send(some)
    assert await wire.ended()


async def test_a_body_that_was_answered_unread_is_not_swallowed_without_end(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit that holds only for bodies that somebody reads would be none."""
    monkeypatch.setattr(protocol, "REST_SECONDS", 60)
    monkeypatch.setattr(protocol, "REST_BYTES", 100_000)
    wire = await port.connect()
    await wire.send(CHUNKED)
    assert (await wire.answer()).status == 404
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    with pytest.raises(ConnectionError):
        for _ in range(10_000):
            await wire.send(chunk)


async def test_a_client_that_finishes_its_body_goes_on(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal came early, the body is complete in time: the connection serves the next request, and then idles."""
    monkeypatch.setattr(protocol, "HEAD_BYTES", 1000)  # the rest of a body is no head
    wire = await port.connect()
    await wire.send(POST % 5000)
    assert (await wire.answer()).status == 404
    await wire.send(b"x" * 5000)
    for _ in range(2):
        await wire.send(b"\r\n" + GET)
        assert (await wire.answer()).body == b'"here"'
    await wire.send(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab")
    await wire.send(b"c" + GET)
    assert [(await wire.answer()).body for _ in range(2)] == [b"3", b'"here"']
    await wire.send(POST % 1 + b"x")
    assert (await wire.answer()).status == 404
    assert await wire.ended()


async def test_an_answer_that_nobody_reads_is_given_up(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lies in the service's memory; closing the connection properly would wait for the client to read it."""
    monkeypatch.setattr(protocol, "UNREAD_SECONDS", 0.3)
    wire = await port.connect()
    wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await wire.send(GET.replace(b"here", b"much"))
    await until(lambda: port.listener.server_state.connections)
    await until(lambda: not port.listener.server_state.connections)


async def test_a_slow_reader_gets_all_of_it(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading slowly is allowed, as long as it goes on."""
    monkeypatch.setattr(protocol, "UNREAD_SECONDS", 60)
    wire = await port.connect()
    await wire.send(GET.replace(b"here", b"much"))
    assert len((await wire.answer()).body) == 16_000_000
    await wire.send(GET)
    assert (await wire.answer()).status == 200
