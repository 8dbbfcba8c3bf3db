"""The `http` kind, against a real HTTP server on a real socket."""

from __future__ import annotations

import asyncio
import json
import shlex
from typing import Any

import pytest

from tests.labs.checks.conftest import Bad
from tests.labs.checks.looking import Here, check, looked, unmet
from tests.system.gateway.upstream import Received, Upstream, after, answer, answer_json, hang, hang_up, say
from tutor.labs.check import CannotLook
from tutor.labs.reach import Reach

TOKEN = "a-token-of-a-customer"


async def test_it_passes_and_fails_by_what_was_answered(shop: Upstream, reach: Reach) -> None:
    """Status, headers by lower-case name, JSON, text and time are there to be expected."""
    shop.behave = answer(201, '{"id": 7, "lines": []}', ("Location", "/orders/7"), ("X-Thing", "1"))
    seen = await looked(reach, "http", path="/api/orders")
    right = {"status": 201, "headers": {"location": "/orders/7"}, "json": {"id": 7}, "body": {"contains": "lines"}}
    assert unmet({**right, "duration_ms": {"lt": 60_000}, "counts": {"201": 1}, "outcome": 201}, seen) == []
    assert unmet({"status": 200, "json": {"id": 8}, "headers": {"location": {"absent": True}}}, seen) == [
        "status",
        "json.id",
        "headers.location",
    ]


async def test_a_body_that_is_no_json_is_nothing(shop: Upstream, reach: Reach) -> None:
    """It is text, and no reason for an error."""
    shop.behave = answer(502, "Bad Gateway")
    seen = await looked(reach, "http", path="/")
    assert unmet({"status": 502, "json": None, "body": "Bad Gateway"}, seen) == []


async def test_the_request_is_sent_as_it_is_written(shop: Upstream, reach: Reach) -> None:
    """Method, path, headers in their spelling and number, the account's token, and the body with its variables."""
    reach.variables |= {"customer.token": TOKEN, "order": "o-1", "lines": [{"sku": "MUG"}]}
    await looked(
        reach, "http", method="POST", path="/api/orders/${order}?x=1", as_="customer", act=True,
        headers={"X-User-Role": ["admin", "customer"], "x_user_id": "${order}"}, json={"lines": "${lines}", "n": 1},
    )  # fmt: skip
    (request,) = shop.received
    assert (request.method, request.target) == ("POST", "/api/orders/o-1?x=1")
    assert json.loads(request.body) == {"lines": [{"sku": "MUG"}], "n": 1}
    sent = [pair for pair in request.headers if pair[0].lower() not in ("host", "accept", "accept-encoding")]
    assert [pair for pair in sent if pair[0] == "X-User-Role"] == [
        ("X-User-Role", "admin"),
        ("X-User-Role", "customer"),
    ]
    assert ("x_user_id", "o-1") in sent
    assert request.value("authorization") == f"Bearer {TOKEN}"
    assert request.value("content-type") == "application/json"


async def test_a_form_and_a_text_are_bodies_too(shop: Upstream, reach: Reach) -> None:
    """RFC 7009 wants a form; a body that is broken on purpose wants a text."""
    await looked(reach, "http", method="POST", path="/", act=True, form={"token": "a b&c"})
    await looked(reach, "http", method="POST", path="/", act=True, body=" {not json")
    assert shop.received[0].body == b"token=a+b%26c"
    assert shop.received[0].value("content-type") == "application/x-www-form-urlencoded"
    assert shop.received[1].body == b" {not json"


async def test_the_command_is_the_same_request_without_its_secrets(shop: Upstream, reach: Reach) -> None:
    """Whoever pastes it asks the same; the token is a variable of the shell, in the answer too."""
    reach.variables["customer.token"] = TOKEN
    shop.behave = answer_json({"access_token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "echo": TOKEN})
    seen = await looked(reach, "http", method="POST", path="/login", as_="customer", act=True, json={"it's": "a 'q'"})
    assert TOKEN not in seen.command + seen.shown
    assert "eyJhbGciOiJSUzI1NiJ9" not in seen.shown
    assert "$CUSTOMER_TOKEN" in seen.command
    words = shlex.split(seen.command)
    assert words[:4] == ["curl", "-X", "POST", "-i"]
    assert words[words.index("--data-raw") + 1] == '{"it\'s": "a \'q\'"}'
    assert "Authorization: Bearer $CUSTOMER_TOKEN" in words


async def test_a_known_trace_is_begun(shop: Upstream, reach: Reach) -> None:
    """`traceparent: fresh` sends a valid traceparent, and says which."""
    seen = await looked(reach, "http", path="/", traceparent="fresh")
    version, trace_id, span_id, flags = shop.received[0].value("traceparent").split("-")
    assert (version, len(trace_id), len(span_id), flags) == ("00", 32, 16, "01")
    assert seen.trace == seen.values["trace_id"] == trace_id


async def test_many_requests_are_counted(shop: Upstream, reach: Reach) -> None:
    """`repeat` sends it so often, each with its number; every outcome is there."""
    shop.script = [answer_json({"id": 1}, 201), *[answer_json({"id": 1}, 409) for _ in range(9)]]
    seen = await looked(
        reach, "http", method="POST", path="/o/${number}", act=True,
        headers={"Idempotency-Key": "${uuid}"}, repeat={"times": 10, "parallel": 5},
    )  # fmt: skip
    assert unmet({"counts": {"eq": {"201": 1, "409": 9}}, "statuses": {"len": 10}, "jsons": {"len": 10}}, seen) == []
    assert {request.target for request in shop.received} == {f"/o/{number}" for number in range(1, 11)}
    assert len({request.value("idempotency-key") for request in shop.received}) == 10


async def test_no_more_than_parallel_are_under_way(shop: Upstream, reach: Reach) -> None:
    """The server never sees more requests at once than were asked for."""
    under_way, most = 0, 0

    async def behave(request: Received, writer: Any) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await after(0.02, answer())(request, writer)
        under_way -= 1

    shop.behave = behave
    await looked(reach, "http", path="/", repeat={"times": 12, "parallel": 3})
    assert most == 3


@pytest.mark.parametrize(
    ("behave", "word"), [(hang, "timeout"), (hang_up, "reset"), (say(b"nonsense\r\n\r\n"), "garbage")]
)
async def test_no_answer_may_be_something_to_see(shop: Upstream, reach: Reach, behave: Any, word: str) -> None:
    """A lab about timeouts says that no answer is one of the things that may happen."""
    shop.behave = behave
    seen = await looked(reach, "http", path="/", timeout="200ms", no_answer="seen")
    assert unmet({"outcome": word, "status": None, "counts": {word: 1}, "statuses": {"empty": True}}, seen) == []


async def test_a_closed_door_may_be_something_to_see(here: Here, reach: Reach, bad: Bad) -> None:
    """So does a lab about a port that nobody may reach."""
    here.addresses["orders.http"] = await bad("closed")
    seen = await looked(reach, "http", part="orders", path="/", no_answer="seen")
    assert unmet({"outcome": {"in": [401, 403, "refused"]}}, seen) == []


async def test_an_answer_that_trickles_is_late(shop: Upstream, reach: Reach) -> None:
    """The time is for the whole answer: one byte now and then does not stretch it."""

    async def trickle(_request: Received, writer: Any) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x")
            await asyncio.sleep(0.05)

    shop.behave = trickle
    with pytest.raises(CannotLook, match=r"gateway gave no answer within 0\.3 s"):
        await looked(reach, "http", path="/", timeout="300ms")


async def test_a_body_without_end_is_cut(shop: Upstream, reach: Reach) -> None:
    """A service that never stops talking costs a megabyte, and neither the memory of the machine nor a timeout."""

    async def talk(_request: Received, writer: Any) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    shop.behave = talk
    seen = await looked(reach, "http", path="/")
    assert unmet({"status": 200, "body": {"len": 1_048_576}}, seen) == []
    assert len(seen.shown) < 5000


async def test_the_first_error_ends_the_others(shop: Upstream, reach: Reach) -> None:
    """Nobody waits for requests whose answers cannot matter any more, and none stays under way."""
    shop.script = [hang, hang_up]
    async with asyncio.timeout(20):
        with pytest.raises(CannotLook, match="gateway hung up"):
            await looked(reach, "http", path="/", timeout="60s", repeat={"times": 2, "parallel": 2})
        while shop.abandoned < 1:
            await asyncio.sleep(0.01)


async def test_redirects_are_seen_and_not_followed(shop: Upstream, reach: Reach) -> None:
    """A redirect out of the lab leads nowhere."""
    shop.behave = answer(302, b"", ("Location", "http://203.0.113.1/"))
    seen = await looked(reach, "http", path="/")
    assert unmet({"status": 302}, seen) == []


async def test_an_unknown_variable_is_an_error(shop: Upstream, reach: Reach) -> None:
    """What an earlier check should have captured is not there: nothing is sent."""
    with pytest.raises(CannotLook, match=r"nothing is known as \$\{order\}"):
        await looked(reach, "http", path="/${order}")
    with pytest.raises(CannotLook, match=r"\$\{admin.token\}"):
        await looked(reach, "http", path="/", as_="admin")
    assert shop.received == []


async def test_a_variable_cannot_smuggle_a_header(shop: Upstream, reach: Reach) -> None:
    """A line break in a value is no HTTP request, and is not sent."""
    reach.variables["evil"] = "a\r\nX-Role: admin"
    with pytest.raises(CannotLook, match="is no HTTP request"):
        await looked(reach, "http", path="/", headers={"X-A": "${evil}"})
    with pytest.raises(CannotLook, match="is no HTTP request"):
        await looked(reach, "http", path="/${evil}")
    assert shop.received == []


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"method": "POST"}, "write `act: true`"),
        ({"path": "orders"}, "String should match pattern"),
        ({"json": {}, "body": "x"}, "a request has one body"),
        ({"timeout": "61s"}, "give it at most 60s"),
        ({"timeout": "0s"}, "give it at most 60s"),
        ({"headers": {"X A": "1"}}, "String should match pattern"),
        ({"repeat": {"times": 201}}, "less than or equal to 200"),
        ({"as": "root"}, "'customer', 'stranger', 'support' or 'admin'"),
        ({"url": "http://203.0.113.1/"}, "Extra inputs are not permitted"),
        ({"expect": {"code": 200}}, "does not bring back"),
    ],
)
def test_a_mistake_is_named(keys: dict[str, Any], says: str) -> None:
    """What a lab cannot mean is refused when it is read."""
    with pytest.raises(ValueError, match=says):
        check("http", keys.pop("expect", None), **{"path": "/", **keys})
