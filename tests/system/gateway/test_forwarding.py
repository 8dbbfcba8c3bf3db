"""What passes through: requests byte for byte, answers with and without bodies, and nothing meant for one hop only."""

from __future__ import annotations

import asyncio
import gzip

import httpx
import pytest

from tests.system.gateway.running import Gateway
from tests.system.gateway.upstream import Received, Upstream, answer, say

MEBIBYTE = 1024 * 1024


async def test_a_request_arrives_as_it_was_sent(gateway: Gateway, upstream: Upstream) -> None:
    """Method, path without its prefix, query and body are forwarded byte for byte, with a length of their own."""
    body = bytes(range(256))
    answered = await gateway.client.post("/api/things/a;b=1,%C3%A9?q=%zz&x=[1]&plus=+", content=body)
    assert answered.status_code == 200
    (got,) = upstream.received
    assert (got.method, got.target) == ("POST", "/things/a;b=1,%C3%A9?q=%zz&x=[1]&plus=+")
    assert got.body == body
    assert got.value("content-length") == "256"
    assert got.value("host") == f"127.0.0.1:{upstream.port}"


async def test_a_body_in_chunks_becomes_one_with_a_length(gateway: Gateway, upstream: Upstream) -> None:
    """However the client cuts its body, the service gets it whole; trailers are dropped, not taken for headers."""
    request = (
        b"POST /api/things HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
        b"Trailer: X-Identity\r\n\r\n3\r\nabc\r\n2;name=value\r\nde\r\n0\r\nX-Identity: forged\r\n\r\n"
    )
    assert b"200" in (await gateway.raw(request)).split(b"\r\n")[0]
    (got,) = upstream.received
    assert got.body == b"abcde"
    assert got.value("content-length") == "5"
    assert got.values("x-identity") == []
    assert got.values("transfer-encoding") == []


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_an_empty_body_stays_empty(gateway: Gateway, upstream: Upstream, method: str) -> None:
    """Without a body there is none, and methods that usually have one say that its length is 0."""
    assert (await gateway.client.request(method, "/api/things")).status_code == 200
    (got,) = upstream.received
    assert got.body == b""
    assert got.values("content-length") == ([] if method == "GET" else ["0"])


async def test_an_answer_comes_back_as_it_was_given(gateway: Gateway, upstream: Upstream) -> None:
    """Status, headers (repeated ones too) and body are returned; what is for one hop, or for services only, is not."""
    packed = gzip.compress(b"hello")
    upstream.behave = answer(
        203,
        packed,
        ("Content-Encoding", "gzip"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("ETag", '"v1"'),
        ("Connection", "keep-alive, X-Hop"),
        ("X-Hop", "1"),
        ("Keep-Alive", "timeout=5"),
        ("X-Identity", "secret"),
        ("Date", "never"),
    )
    async with gateway.client.stream("GET", "/api/things") as answered:
        raw = b"".join([part async for part in answered.aiter_raw()])
    assert (answered.status_code, raw) == (203, packed)
    assert answered.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answered.headers["etag"] == '"v1"'
    assert answered.headers["date"] != "never"
    assert not {"x-hop", "keep-alive", "x-identity"} & set(answered.headers)


async def test_a_redirect_is_the_clients_to_follow(gateway: Gateway, upstream: Upstream) -> None:
    """A 307 is passed on; the gateway does not go there itself."""
    upstream.behave = answer(307, "", ("Location", "http://elsewhere/"))
    answered = await gateway.get("/api/things")
    assert (answered.status_code, answered.headers["location"]) == (307, "http://elsewhere/")
    assert len(upstream.received) == 1


@pytest.mark.parametrize("size", [5, 3 * MEBIBYTE])
async def test_an_answer_to_head_has_headers_only(gateway: Gateway, upstream: Upstream, size: int) -> None:
    """The length that GET would have is told, no byte of it is sent, and the connection goes on."""
    upstream.behave = say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
    for _ in range(2):
        answered = await gateway.client.head("/api/things")
        assert (answered.status_code, answered.content) == (200, b"")
        assert answered.headers["content-length"] == str(size)


@pytest.mark.parametrize(
    "head",
    [
        "204 No Content\r\n",
        "304 Not Modified\r\nETag: x\r\n",
        "304 Not Modified\r\nContent-Length: 5\r\n",
        "204 No Content\r\nContent-Length: 0\r\n",
    ],
    ids=["204", "304", "304 with a length", "204 with a length"],
)
async def test_answers_without_a_body_have_none(gateway: Gateway, upstream: Upstream, head: str) -> None:
    """204 and 304 end with their headers, whatever length they claim, and the connection goes on."""
    upstream.behave = say(f"HTTP/1.1 {head}\r\n".encode())
    for _ in range(2):
        answered = await gateway.get("/api/things")
        assert (answered.status_code, answered.content) == (int(head[:3]), b"")
        assert "content-length" not in answered.headers
        assert "transfer-encoding" not in answered.headers


async def test_an_early_hint_is_not_the_answer(gateway: Gateway, upstream: Upstream) -> None:
    """Informational answers are skipped, and the final one counts."""
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    upstream.behave = say(hint + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    answered = await gateway.get("/api/things")
    assert (answered.status_code, answered.text) == (200, "ok")


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_large_answer_is_passed_on_while_it_comes(gateway: Gateway, upstream: Upstream, chunked: bool) -> None:
    """The first part reaches the client before the service has sent the second: nothing waits for the whole."""
    first_seen = asyncio.Event()
    part = b"x" * MEBIBYTE

    async def in_two_parts(_request: Received, writer: asyncio.StreamWriter) -> None:
        if chunked:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(part), part))
            await first_seen.wait()
            writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(part), part))
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (2 * len(part), part))
            await first_seen.wait()
            writer.write(part)

    upstream.behave = in_two_parts
    size = 0
    async with gateway.client.stream("GET", "/api/things") as answered:
        async for piece in answered.aiter_raw():
            size += len(piece)
            if size >= len(part):
                first_seen.set()
    assert size == 2 * len(part)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + b"x" * MEBIBYTE,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
    ids=["with a length", "in chunks"],
)
async def test_half_an_answer_does_not_look_whole(gateway: Gateway, upstream: Upstream, said: bytes) -> None:
    """When the service breaks off after its answer has begun, the client's connection breaks off as well."""
    upstream.behave = say(said, close=True)
    with pytest.raises(httpx.RemoteProtocolError):
        await gateway.get("/api/things")


USELESS = {
    "silence": b"",
    "not HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive5",
    "switching": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "bad length": b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 2\r\n\r\nabc",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "huge head": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    "control character": b"HTTP/1.1 200 OK\r\nX-Bad: a\x01b\r\nContent-Length: 2\r\n\r\nok",
}


@pytest.mark.parametrize("said", USELESS.values(), ids=USELESS.keys())
async def test_a_useless_answer_is_502(gateway: Gateway, upstream: Upstream, said: bytes) -> None:
    """Whatever is not a usable answer becomes a problem that names the service, and nothing of it is passed on."""
    upstream.behave = say(said, close=True)
    answered = await gateway.client.post("/api/things")
    assert answered.status_code == 502
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.json()["title"] == "orders gave no usable answer"
    assert "x-bad" not in answered.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/things", 404),
        ("GET", "/metrics", 404),
        ("GET", "/", 404),
        ("OPTIONS", "/api/things", 405),
        ("TRACE", "/api/things", 405),
        ("GET", "/api//things", 400),
        ("GET", "/api/things/", 400),
        ("GET", "/api/things/%2e%2e%2fadmin", 400),
        ("GET", "/api/t%68ings", 400),
        ("GET", "/api/things?" + "x" * 5000, 400),
    ],
)
async def test_what_has_no_route_is_a_problem(
    gateway: Gateway, upstream: Upstream, method: str, path: str, status: int
) -> None:
    """Paths that are not published, methods that are not, and paths with two readings never reach a service."""
    answered = await gateway.client.request(method, path, headers={"X-Correlation-Id": "my-1"})
    assert answered.status_code == status
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.json()["correlation_id"] == answered.headers["x-correlation-id"] == "my-1"
    assert ("allow" in answered.headers) == (status == 405)
    assert upstream.received == []


@pytest.mark.parametrize("how", ["length", "chunks", "expect"])
async def test_a_body_over_the_routes_limit_is_413(gateway: Gateway, upstream: Upstream, how: str) -> None:
    """The client is told, can read it although it was still sending, and the service hears nothing of it."""
    big = b"x" * 200_000

    async def parts() -> object:
        for start in range(0, len(big), 1000):
            yield big[start : start + 1000]

    extra = {"Expect": "100-continue"} if how == "expect" else {}
    content = parts() if how == "chunks" else big
    answered = await gateway.client.post("/api/things", content=content, headers=extra)  # type: ignore[arg-type]
    assert answered.status_code == 413
    assert answered.json()["detail"] == "A body has at most 65536 bytes here."
    assert upstream.received == []
