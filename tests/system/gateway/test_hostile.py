"""Requests that are made to be read in two ways: each is refused, and the connection with it."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.system.gateway.running import Gateway
from tests.system.gateway.upstream import Upstream

# What a smuggler hides behind the first request: it must never arrive as a request of its own.
HIDDEN = b"GET /api/things/smuggled HTTP/1.1\r\nHost: shop\r\n\r\n"


def post(*lines: str, body: bytes = b"") -> bytes:
    """A POST with exactly these header lines."""
    return "\r\n".join(["POST /api/things HTTP/1.1", "Host: shop", *lines, "", ""]).encode("latin-1") + body


SMUGGLING = {
    "length and chunks": post("Content-Length: 6", "Transfer-Encoding: chunked", body=b"0\r\n\r\n" + HIDDEN),
    "chunks and length": post("Transfer-Encoding: chunked", "Content-Length: 6", body=b"0\r\n\r\n" + HIDDEN),
    "two lengths": post("Content-Length: 0", f"Content-Length: {len(HIDDEN)}", body=HIDDEN),
    "one length twice": post("Content-Length: 3", "Content-Length: 3", body=b"abc" + HIDDEN),
    "a list of lengths": post("Content-Length: 0, 50", body=HIDDEN),
    "a signed length": post("Content-Length: +3", body=b"abc" + HIDDEN),
    "a negative length": post("Content-Length: -1", body=HIDDEN),
    "a length in hex": post("Content-Length: 0x3", body=b"abc" + HIDDEN),
    "a huge length": post(f"Content-Length: {2**64}", body=HIDDEN),
    "no known coding": post("Transfer-Encoding: cow", body=HIDDEN),
    "chunked not last": post("Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n" + HIDDEN),
    "a misspelt coding": post("Transfer-Encoding: xchunked", body=b"0\r\n\r\n" + HIDDEN),
    "a coding with a tab": post("Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n" + HIDDEN),
    "a space before the colon": post("Transfer-Encoding : chunked", body=b"0\r\n\r\n" + HIDDEN),
    "a folded header": post("Transfer-Encoding:", " chunked", body=b"0\r\n\r\n" + HIDDEN),
    "a bare line feed": post("A: b\nTransfer-Encoding: chunked", body=b"0\r\n\r\n" + HIDDEN),
    "a bare carriage return": post("A: b\rTransfer-Encoding: chunked", body=b"0\r\n\r\n" + HIDDEN),
    "a zero byte": post("A: b\0c", body=HIDDEN),
    "a header without a name": post(": x", body=HIDDEN),
    "a header without a colon": post("Content-Length 5", body=HIDDEN),
    "a bad chunk size": post("Transfer-Encoding: chunked", body=b"-1\r\n\r\n" + HIDDEN),
    "a chunk that is too long": post("Transfer-Encoding: chunked", body=b"1\r\nabc\r\n0\r\n\r\n" + HIDDEN),
    "a chunk size without end": post("Transfer-Encoding: chunked", body=b"f" * 40 + b"\r\n" + HIDDEN),
    "a line feed for a chunk": post("Transfer-Encoding: chunked", body=b"1\na\n0\n\n" + HIDDEN),
}


@pytest.mark.parametrize("request_bytes", SMUGGLING.values(), ids=SMUGGLING.keys())
async def test_a_request_with_two_readings_is_refused(
    gateway: Gateway, upstream: Upstream, request_bytes: bytes
) -> None:
    """It gets a 400 problem and the connection is closed: what hides behind it is never read as a request."""
    said = await gateway.raw(request_bytes)
    assert said.startswith(b"HTTP/1.1 400 "), said
    assert b"application/problem+json" in said
    assert said.count(b"HTTP/1.1 ") == 1
    assert all(got.target != "/things/smuggled" for got in upstream.received)


MALFORMED = {
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": b"GET /api/things\r\n\r\n",
    "HTTP/2 in the clothes of HTTP/1": b"GET /api/things HTTP/2.0\r\nHost: shop\r\n\r\n",
    "an unknown version": b"GET /api/things HTTP/3.7\r\nHost: shop\r\n\r\n",
    "an unknown method": b"STEAL /api/things HTTP/1.1\r\nHost: shop\r\n\r\n",
    "a space in the path": b"GET /api/th ings HTTP/1.1\r\nHost: shop\r\n\r\n",
    "a tunnel": b"CONNECT orders:8000 HTTP/1.1\r\nHost: shop\r\n\r\n",
    "no path": b"GET  HTTP/1.1\r\nHost: shop\r\n\r\n",
    "a byte that is not ASCII": b"GET /api/things/\xff HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n",
    "an asterisk": b"GET * HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n",
    "a backslash": b"GET /api/things\\..\\admin HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n",
    "a fragment": b"GET /api/things/..#/x HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_no_request_is_refused(gateway: Gateway, upstream: Upstream, request_bytes: bytes) -> None:
    """Anything that is not a well-formed request gets a problem; nothing reaches a service, nothing is a 500."""
    said = await gateway.raw(request_bytes)
    assert said.startswith(b"HTTP/1.1 400 "), said
    assert b"application/problem+json" in said
    assert upstream.received == []


async def test_an_absolute_target_goes_where_the_routes_say(gateway: Gateway, upstream: Upstream) -> None:
    """The host in a target chooses nothing: the gateway is no open proxy."""
    said = await gateway.raw(
        b"GET http://metadata.internal/api/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    assert said.startswith(b"HTTP/1.1 200 ")
    (got,) = upstream.received
    assert (got.target, got.value("host")) == ("/things", f"127.0.0.1:{upstream.port}")


@pytest.mark.parametrize("upgrade", ["h2c", "websocket"])
async def test_an_upgrade_is_ignored(gateway: Gateway, upstream: Upstream, upgrade: str) -> None:
    """The answer is plain HTTP/1.1, the service hears of no upgrade, and the connection goes on as before."""
    line = f"Upgrade: {upgrade}\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n"
    async with gateway.connection() as (reader, writer):
        for _ in range(2):
            writer.write(f"GET /api/things HTTP/1.1\r\nHost: shop\r\n{line}\r\n".encode())
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
    assert len(upstream.received) == 2
    for got in upstream.received:
        assert got.values("upgrade") == got.values("connection") == got.values("http2-settings") == []


@pytest.mark.parametrize("start", [b"GET /api/", b"GET /api/things HTTP/1.1\r\nX: "], ids=["path", "header"])
async def test_a_head_without_end_is_cut_off(gateway: Gateway, start: bytes) -> None:
    """More than 32 KiB of head is refused while it comes, not collected until it ends."""
    async with gateway.connection() as (reader, writer):
        for part in (start, *[b"a" * 9_000] * 4):
            writer.write(part)
            await asyncio.sleep(0.05)
        assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 431 ")


async def test_pipelined_requests_are_answered_in_order(gateway: Gateway, upstream: Upstream) -> None:
    """Requests sent before their predecessors were answered get their own answers, one after the other."""
    one = b"POST /api/things/%d HTTP/1.1\r\nHost: shop\r\nContent-Length: 1\r\n\r\n%d"
    last = b"GET /api/nothing HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"
    said = await gateway.raw(b"".join(one % (number, number) for number in range(5)) + last)
    assert [line.split()[1] for line in said.split(b"\r\n") if b"HTTP/1.1" in line] == [b"200"] * 5 + [b"404"]
    assert [got.target for got in upstream.received] == [f"/things/{number}" for number in range(5)]
    assert [got.body for got in upstream.received] == [b"%d" % number for number in range(5)]


async def test_a_slow_body_is_given_up(
    gateway: Gateway, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who trickles a body gets 408 when its time is over, however lively the trickle is."""
    monkeypatch.setattr("gateway.body.SECONDS", 0.3)
    caplog.set_level("INFO")
    async with gateway.connection() as (reader, writer):
        writer.write(post("Content-Length: 1000"))
        answered = asyncio.create_task(reader.read())
        for _ in range(500):
            with contextlib.suppress(ConnectionError):
                writer.write(b"x")
            await asyncio.wait({answered}, timeout=0.02)
            if answered.done():
                break
    # The answer may be overtaken by the reset that a client gets which writes to a closed connection.
    assert isinstance(answered.exception(), ConnectionError) or b"408" in answered.result()
    assert "POST /api/things 408" in caplog.messages
    assert upstream.received == []
