"""What is repeated, and what is not: a second attempt must never do twice what should happen once."""

from __future__ import annotations

import asyncio

import pytest

from tests.system.gateway.conftest import StartGateway, StartUpstream
from tests.system.gateway.running import Gateway, routes, until
from tests.system.gateway.upstream import Behaviour, Upstream, after, answer, hang, hang_up, say

KEY = {"Idempotency-Key": "k-1"}
# Pauses are jittered between nothing and this; tests count attempts and do not want to wait.
QUICK = {"pause": 0.001, "longest_pause": 0.001}
FAILURES = {
    "502": answer(502),
    "503": answer(503),
    "504": answer(504),
    "no answer": hang_up,
    "nonsense": say(b"nonsense\r\n\r\n", close=True),
}


def table(**changed: object) -> tuple[dict[str, object], ...]:
    """/api/things for every method, /api/orders for a POST whose service honours the key."""
    shared = {"upstream": "orders", "auth": "none", "timeout": 5, **changed}
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    return (
        {"path": "/api/things", "methods": methods, "retry": QUICK, **shared},
        {"path": "/api/orders", "methods": ["POST"], "retry": {**QUICK, "post_with_idempotency_key": True}, **shared},
    )


@pytest.fixture
async def retrying(start_gateway: StartGateway, upstream: Upstream) -> Gateway:
    """A gateway that retries quickly, in front of one upstream."""
    return await start_gateway(routes({"orders": [upstream.url]}, *table()))


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_idempotent_requests_are_repeated(
    retrying: Gateway, upstream: Upstream, method: str, failure: Behaviour
) -> None:
    """Two failures are cured by a third attempt, which carries the same body; the client sees only the answer."""
    upstream.script = [failure, failure]
    answered = await retrying.client.request(method, "/api/things", content=b"" if method == "GET" else b"body")
    assert answered.status_code == 200
    assert len(upstream.received) == 3
    assert len({(got.method, got.target, got.body) for got in upstream.received}) == 1


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_other_requests_are_sent_once(
    retrying: Gateway, upstream: Upstream, method: str, failure: Behaviour
) -> None:
    """A POST or PATCH that failed may have been done: the client gets the failure, with or without a key."""
    upstream.script = [failure]
    answered = await retrying.client.request(method, "/api/things", content=b"body", headers=KEY)
    assert answered.status_code in (502, 503, 504)
    assert len(upstream.received) == 1


async def test_a_post_with_a_key_is_repeated_where_the_service_honours_it(
    retrying: Gateway, upstream: Upstream
) -> None:
    """The route says so and the client sent a key: then it is repeated, with that key. Without a key it is not."""
    upstream.script = [hang_up, answer(503)]
    assert (await retrying.client.post("/api/orders", content=b"body", headers=KEY)).status_code == 200
    assert [(got.value("idempotency-key"), got.body) for got in upstream.received] == [("k-1", b"body")] * 3
    upstream.script = [hang_up]
    assert (await retrying.client.post("/api/orders", content=b"body")).status_code == 502
    assert len(upstream.received) == 4


@pytest.mark.parametrize("status", [400, 404, 409, 429, 500, 501])
async def test_an_answer_that_would_be_the_same_again_is_not_asked_for_twice(
    retrying: Gateway, upstream: Upstream, status: int
) -> None:
    """Only 502, 503 and 504 say that another attempt may help."""
    upstream.behave = answer(status, "why")
    answered = await retrying.get("/api/things")
    assert (answered.status_code, answered.text) == (status, "why")
    assert len(upstream.received) == 1


async def test_a_service_that_says_when_to_come_back_is_believed(retrying: Gateway, upstream: Upstream) -> None:
    """503 with Retry-After is passed on at once, with the header."""
    upstream.behave = answer(503, "", ("Retry-After", "7"))
    answered = await retrying.get("/api/things")
    assert (answered.status_code, answered.headers["retry-after"]) == (503, "7")
    assert len(upstream.received) == 1


async def test_the_last_failure_is_what_the_client_gets(retrying: Gateway, upstream: Upstream) -> None:
    """When all attempts fail, the service's own answer to the last one is passed on."""
    upstream.script = [hang_up, hang_up]
    upstream.behave = answer(503, "out of order")
    answered = await retrying.get("/api/things")
    assert (answered.status_code, answered.text) == (503, "out of order")
    assert len(upstream.received) == 3


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
async def test_a_connection_that_never_was_carried_nothing(
    start_gateway: StartGateway, start_upstream: StartUpstream, method: str
) -> None:
    """When an instance refuses connections, any request goes to the next one: nothing can have happened yet."""
    gone, there = await start_upstream(), await start_upstream()
    gateway = await start_gateway(routes({"orders": [gone.url, there.url]}, *table()))
    await gone.stop()
    for _ in range(4):
        assert (await gateway.client.request(method, "/api/things")).status_code == 200
    assert len(there.received) == 4


async def test_another_attempt_goes_to_another_instance(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    """What failed is not asked again while there is somebody who was not asked yet."""
    instances = [await start_upstream(answer(503)) for _ in range(3)]
    gateway = await start_gateway(routes({"orders": [one.url for one in instances]}, *table()))
    assert (await gateway.get("/api/things")).status_code == 503
    assert [len(one.received) for one in instances] == [1, 1, 1]


async def test_retries_have_a_budget(start_gateway: StartGateway, upstream: Upstream) -> None:
    """When everything fails, attempts are few more than requests: a retry storm cannot start here."""
    budget = {"ratio": 0.1, "per_second": 0, "burst": 5}
    described = {"instances": [upstream.url], "retry_budget": budget}
    gateway = await start_gateway(routes({"orders": described}, *table()))
    upstream.behave = answer(503)
    for _ in range(50):
        assert (await gateway.get("/api/things")).status_code == 503
    retries = len(upstream.received) - 50
    assert 5 <= retries <= 5 + 0.1 * 50


async def test_all_attempts_share_one_deadline(start_gateway: StartGateway, upstream: Upstream) -> None:
    """A hung attempt is given up at its own timeout and repeated; the promise to the client covers them all."""
    gateway = await start_gateway(routes({"orders": [upstream.url]}, *table(timeout=1.0, attempt_timeout=0.4)))
    upstream.script = [hang]
    assert (await gateway.get("/api/things")).status_code == 200
    assert len(upstream.received) == 2
    await until(lambda: upstream.abandoned == 1)
    upstream.behave = hang
    answered = await gateway.get("/api/things")
    assert answered.status_code == 504
    assert len(upstream.received) <= 2 + 3
    assert answered.json()["title"] == "orders did not answer in time"


async def test_a_timeout_of_a_post_is_not_repeated(start_gateway: StartGateway, upstream: Upstream) -> None:
    """After the route's timeout the client gets 504, and the service has got the request once."""
    gateway = await start_gateway(routes({"orders": [upstream.url]}, *table(timeout=0.3)))
    upstream.behave = after(30, answer())
    assert (await gateway.client.post("/api/things")).status_code == 504
    assert len(upstream.received) == 1


async def test_a_hang_in_the_middle_of_an_answer_counts_as_none(
    start_gateway: StartGateway, upstream: Upstream
) -> None:
    """Headers alone are no answer: while nothing has been passed on, the attempt is repeated."""
    gateway = await start_gateway(routes({"orders": [upstream.url]}, *table(attempt_timeout=0.3)))

    async def half(_request: object, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await asyncio.Event().wait()

    upstream.script = [half]
    answered = await gateway.get("/api/things")
    assert (answered.status_code, answered.text) == (200, "ok")


async def test_what_may_not_be_repeated_never_goes_over_a_used_connection(
    retrying: Gateway, upstream: Upstream
) -> None:
    """Connections are kept for GETs; each POST gets a new one, which cannot be closing at that very moment."""
    for method in ("GET", "GET", "POST", "GET", "POST", "PATCH"):
        assert (await retrying.client.request(method, "/api/things")).status_code == 200
    assert [(got.method, got.place) for got in upstream.received] == [
        ("GET", 1),
        ("GET", 2),
        ("POST", 1),
        ("GET", 3),
        ("POST", 1),
        ("PATCH", 1),
    ]


async def test_a_kept_connection_that_was_closed_costs_no_request(retrying: Gateway, upstream: Upstream) -> None:
    """The service closes a kept connection just when the next request arrives on it: that is repeated, key and all."""
    keyed = {"method": "POST", "url": "/api/orders", "headers": KEY}
    for request in ({"method": "GET", "url": "/api/things"}, keyed):
        assert (await retrying.client.request(**request)).status_code == 200
        upstream.script = [hang_up]
        assert (await retrying.client.request(**request)).status_code == 200
    failed = [got for got in upstream.received if got.place > 1]
    assert {got.method for got in failed} >= {"GET", "POST"}


async def test_a_restart_of_the_service_costs_no_post(retrying: Gateway, upstream: Upstream) -> None:
    """All connections die and the port is the same: POSTs before and after it arrive once each."""
    for number in range(3):
        assert (await retrying.client.post("/api/things", content=b"%d" % number)).status_code == 200
        await retrying.get("/api/things")
        port = upstream.port
        await upstream.stop()
        await upstream.start(port)
    assert [got.body for got in upstream.received if got.method == "POST"] == [b"0", b"1", b"2"]
