"""The edge of a service on real sockets: limits, refusals, faults, clients that leave, one line per request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fastapi import Request
from prometheus_client import REGISTRY
from starlette.responses import StreamingResponse

from chassis import context, middleware, protocol, tracing
from chassis.faults import Fault
from chassis.health import Health
from chassis.service import Service, new_api
from tests.system.chassis.conftest import Settings
from tests.system.chassis.wire import Port, listening
from tests.system.messaging.waiting import until

LIMIT = 2048


class Inside:
    """What the handlers see and do."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.entered = 0
        self.go = asyncio.Event()


@pytest.fixture
def inside() -> Inside:
    """Nothing has happened yet."""
    return Inside()


@pytest.fixture
async def port(make_settings: Callable[..., Settings], inside: Inside) -> AsyncIterator[Port]:
    """A small service."""
    api = new_api("Edge")

    @api.post("/raw")
    async def raw(request: Request) -> int:
        inside.entered += 1
        inside.bodies.append(await request.body())
        return len(inside.bodies[-1])

    @api.post("/json")
    async def parsed(body: dict[str, Any]) -> int:
        return len(body)

    @api.get("/slow")
    async def slow() -> str:
        inside.entered += 1
        await inside.go.wait()
        return "done"

    @api.get("/who")
    async def who() -> dict[str, str]:
        return {"correlation": context.correlation_id(), "trace": tracing.ids()[0]}

    @api.get("/partial")
    async def partial() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"first"
            raise RuntimeError("no more")

        return StreamingResponse(pieces())

    service = Service("edge", make_settings(max_body_bytes=LIMIT), api, Health(), [])
    async with listening(service) as port:
        yield port


def _post(path: str, body: bytes, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *headers]
    if not any("chunked" in header or "Length" in header for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def _get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


async def test_a_body_of_exactly_the_limit_is_read(port: Port, inside: Inside) -> None:
    """At most means at most."""
    answer = await port.ask(_post("/raw", b"x" * LIMIT))
    assert (answer.status, answer.body) == (200, str(LIMIT).encode())


@pytest.mark.parametrize("path", ["/raw", "/json", "/nowhere"])
async def test_an_announced_body_over_the_limit_is_refused_unread(port: Port, inside: Inside, path: str) -> None:
    """413 before anything else, whichever route it was for, and the connection ends with it."""
    wire = await port.connect()
    await wire.send(_post(path, b"x" * (LIMIT + 1)))
    answer = await wire.answer()
    answer.problem(413)
    assert answer.headers["connection"] == "close"
    assert await wire.ended()
    assert inside.bodies == []


@pytest.mark.parametrize("path", ["/raw", "/json"])
async def test_a_chunked_body_over_the_limit_is_refused(port: Port, inside: Inside, path: str) -> None:
    """It announces no length, so what arrives is counted; the framework's own 400 does not hide the reason."""
    chunk = b"%x\r\n%s\r\n" % (1000, b"[" * 1000)
    answer = await port.ask(_post(path, chunk * 3 + b"0\r\n\r\n", "Transfer-Encoding: chunked"))
    answer.problem(413)
    assert inside.bodies == []


async def test_a_client_in_the_middle_of_a_huge_body_still_reads_the_refusal(port: Port) -> None:
    """Closing at once would reset the connection under its upload, and it would never learn why."""
    wire = await port.connect()
    size = 8 * 1024 * 1024
    sending = asyncio.create_task(wire.send(_post("/raw", b"x" * size)))
    (await wire.answer()).problem(413)
    await sending


async def test_who_asks_before_sending_is_told_no(port: Port) -> None:
    """`Expect: 100-continue` and too much: the refusal comes at once, nobody waits for a body that never comes."""
    answer = await port.ask(_post("/raw", b"", f"Content-Length: {LIMIT + 1}", "Expect: 100-continue"))
    answer.problem(413)


async def test_a_body_that_comes_too_slowly_is_given_up(
    port: Port, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then does not keep it alive: the whole body has one deadline."""
    monkeypatch.setattr(middleware, "BODY_TIMEOUT", 0.3)
    wire = await port.connect()
    await wire.send(_post("/json", b"{", "Content-Length: 1000"))

    async def drip() -> None:
        while True:
            await asyncio.sleep(0.05)
            await wire.send(b" ")

    dripping = asyncio.create_task(drip())
    answer = await wire.answer()
    dripping.cancel()
    answer.problem(408)
    assert answer.headers["connection"] == "close"


async def test_a_head_that_comes_too_slowly_ends_the_connection(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few idle clients must not hold connections for ever; a kept connection that begins another request neither."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    idle, slow, kept = await port.connect(), await port.connect(), await port.connect()
    await slow.send(b"GET /who HT")
    await kept.send(_get("/who"))
    assert (await kept.answer()).status == 200
    await kept.send(b"GET /who HTTP/1.1\r\nHost:")
    for wire in (idle, slow, kept):
        assert await wire.ended()


async def test_an_answer_that_takes_long_is_not_a_slow_head(
    port: Port, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is for what the client owes, not for what the service needs."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.1)
    wire = await port.connect()
    await wire.send(_get("/slow"))
    await asyncio.sleep(0.2)
    inside.go.set()
    assert (await wire.answer()).body == b'"done"'


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (_get("/who", *(f"X-{number}: {'x' * 1000}" for number in range(40))), 431),
        (_get("/who?" + "x" * 40_000), 431),
        (_get("/who", "X: " + "x" * 40_000), 431),
        (b"hello\r\n\r\n", 400),
        (b"GET /who HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400),
        (b"GET /who HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /raw HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /raw HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /who HTTP/2.0\r\nHost: x\r\n\r\n", 400),
    ],
    ids=["many", "target", "header", "words", "colon", "negative", "both", "chunk", "tls", "version"],
)
async def test_what_is_no_request_is_answered_with_a_problem(port: Port, data: bytes, status: int) -> None:
    """In the same shape as every other error, and the connection ends."""
    wire = await port.connect()
    await wire.send(data)
    answer = await wire.answer()
    assert answer.problem(status)["correlation_id"]
    assert answer.headers["connection"] == "close"
    assert await wire.ended()


async def test_bytes_that_no_url_may_have_stop_nobody(port: Port) -> None:
    """Answered, in whatever way, as the client's mistake; the next request is served."""
    answer = await port.ask(b"GET /\xff\xfe/%ff%00?q=\xff HTTP/1.1\r\nHost: x\r\n\r\n")
    assert 400 <= answer.status < 500
    assert (await port.ask(_get("/who"))).status == 200


async def test_many_requests_on_one_connection(port: Port) -> None:
    """Kept alive, and pipelined: answered in their order."""
    wire = await port.connect()
    await wire.send(b"".join(_get("/who", f"X-Correlation-Id: c{number}") for number in range(20)))
    for number in range(20):
        assert json.loads((await wire.answer()).body)["correlation"] == f"c{number}"


async def test_the_callers_trace_and_correlation_id_are_taken_over(port: Port) -> None:
    """And given back; without them, or with harmful ones, fresh ones are made."""
    trace = "a" * 32
    answer = await port.ask(_get("/who", "X-Correlation-Id: corr-1", f"traceparent: 00-{trace}-{'1' * 16}-01"))
    assert json.loads(answer.body) == {"correlation": "corr-1", "trace": trace}
    assert answer.headers["x-correlation-id"] == "corr-1"
    for bad in ("", "x" * 65, "a b", "é"):
        answer = await port.ask(_get("/who", f"X-Correlation-Id: {bad}", "traceparent: 00-zz-yy-01"))
        inner = json.loads(answer.body)
        assert inner["correlation"] == answer.headers["x-correlation-id"] != bad
        assert len(inner["trace"]) == 32


@pytest.mark.parametrize("path", ["/raw", "/json"])
async def test_a_client_that_leaves_is_no_error_of_ours(
    port: Port, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    """In the middle of its body: no answer is possible, and the log says 499 as nginx does, without a traceback."""
    caplog.set_level("INFO", "chassis.access")
    wire = await port.connect()
    await wire.send(_post(path, b"half", "Content-Length: 100"))
    await until(lambda: REGISTRY.get_sample_value("http_requests_in_flight"))
    wire.close()
    await until(lambda: any(getattr(record, "status", 0) == 499 for record in caplog.records))
    assert not any(record.exc_info for record in caplog.records)


async def test_an_answer_that_breaks_off_breaks_the_connection(port: Port, caplog: pytest.LogCaptureFixture) -> None:
    """Half an answer must not look like a whole one."""
    wire = await port.connect()
    await wire.send(_get("/partial"))
    with pytest.raises(asyncio.IncompleteReadError):
        await wire.answer()
    assert "no more" in caplog.text


async def test_every_request_is_one_line_and_one_count(port: Port, caplog: pytest.LogCaptureFixture) -> None:
    """Method, route, status, time and who; the route is its template, so ids make no new series."""
    caplog.set_level("INFO", "chassis.access")

    def counted(method: str, route: str, status: str) -> float:
        labels = {"method": method, "route": route, "status": status}
        return REGISTRY.get_sample_value("http_requests_total", labels) or 0

    before = counted("GET", "unmatched", "404"), counted("OTHER", "unmatched", "404"), counted("GET", "/who", "200")
    for number in range(3):
        await port.ask(_get(f"/nowhere/{number}"))
    await port.ask(b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n")
    await port.ask(b"PURGE /pot HTTP/1.1\r\nHost: x\r\n\r\n")
    await port.ask(_get("/who"))
    assert counted("GET", "unmatched", "404") == before[0] + 3
    assert counted("OTHER", "unmatched", "404") >= before[1] + 1
    assert counted("GET", "/who", "200") == before[2] + 1
    (line,) = [record for record in caplog.records if getattr(record, "route", "") == "/who"]
    assert (vars(line)["method"], vars(line)["status"], vars(line)["client"]) == ("GET", 200, "127.0.0.1")
    assert vars(line)["duration_ms"] >= 0


async def test_probes_make_no_lines(port: Port, caplog: pytest.LogCaptureFixture) -> None:
    """They come every few seconds, for ever."""
    caplog.set_level("INFO", "chassis.access")
    assert (await port.ask(_get("/health/live"))).status == 200
    assert (await port.ask(_get("/health/ready"))).status == 503
    assert caplog.records == []


async def test_faults_strike_where_they_are_told(port: Port) -> None:
    """Errors on one prefix, with the status that was asked for; health is spared, and the end is the end."""
    port.faults.set(Fault(error_rate=1, status=502, path_prefix="/who"))
    (await port.ask(_get("/who"))).problem(502)
    assert (await port.ask(_post("/raw", b"x"))).status == 200
    port.faults.set(Fault(error_rate=1))
    (await port.ask(_post("/raw", b"x"))).problem(503)
    assert (await port.ask(_get("/health/live"))).status == 200
    port.faults.clear()
    assert (await port.ask(_get("/who"))).status == 200


async def test_what_hangs_by_a_fault_goes_on_when_it_ends(port: Port) -> None:
    """Not lost and not answered twice; the fault ends by itself."""
    port.faults.set(Fault(hang=True, for_seconds=0.3))
    assert (await port.ask(_get("/who"))).status == 200
    assert not port.faults.active
