"""One page of three parts, asked for at once: whole when it can be, partial when it must be, never late."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from chassis.identity.internal import parse_keys, verify
from tests.system.gateway.conftest import StartGateway, StartUpstream
from tests.system.gateway.running import IDENTITY_KEY, Gateway, routes, until
from tests.system.gateway.tokens import bearer, token
from tests.system.gateway.upstream import Behaviour, Received, Upstream, answer, answer_json, hang, hang_up, say

ME = str(uuid.uuid4())
PARTS = ("users", "orders", "notifications")
PROFILE = {"id": ME, "email": "me@example.com"}
ORDERS = [{"id": "o-1"}, {"id": "o-2"}]
TOLD = [{"id": "n-1"}]
DASHBOARD = {"path": "/api/user-dashboard/{id}", "methods": "GET", "upstream": "gateway", "timeout": 1}


@dataclass
class Shop:
    """A gateway with the three services that make a page."""

    gateway: Gateway
    users: Upstream
    orders: Upstream
    notifications: Upstream

    async def page(self, user: str = ME, **headers: str) -> Any:
        """The answer to a request for somebody's page."""
        return await self.gateway.get(f"/api/user-dashboard/{user}", **(headers or bearer(token(ME))))


@pytest.fixture
async def shop(start_gateway: StartGateway, start_upstream: StartUpstream) -> Shop:
    """Three services that answer well."""
    users = await start_upstream(answer_json(PROFILE))
    orders = await start_upstream(answer_json({"items": ORDERS, "next_cursor": None}))
    notifications = await start_upstream(answer_json({"items": TOLD, "next_cursor": None}))
    services = {"users": [users.url], "orders": [orders.url], "notifications": [notifications.url]}
    gateway = await start_gateway(routes(services, {**DASHBOARD, "attempt_timeout": 0.4}))
    return Shop(gateway, users, orders, notifications)


async def test_a_page_is_made_of_three_parts(shop: Shop) -> None:
    """Each service is asked once, as the caller, with a header signed for it and one correlation id for all."""
    shown = token(ME)
    answered = await shop.page(**bearer(shown), **{"X-Correlation-Id": "page-1"})
    assert answered.status_code == 200
    expected = {"user": PROFILE, "orders": ORDERS, "notifications": TOLD, "failed": [], "complete": True}
    assert answered.json() == expected
    assert "ratelimit" in answered.headers
    targets = {"users": f"/users/{ME}", "orders": "/orders?limit=10", "notifications": "/notifications?limit=10"}
    for name in PARTS:
        (got,) = getattr(shop, name).received
        assert (got.method, got.target) == ("GET", targets[name])
        assert got.value("authorization") == f"Bearer {shown}"
        assert got.value("x-correlation-id") == "page-1"
        assert verify(got.value("x-identity"), parse_keys(f"k1={IDENTITY_KEY}"), name).subject == ME


async def test_parts_are_asked_for_at_once(shop: Shop) -> None:
    """No part waits for another: each answers only when all three were asked."""
    everybody = asyncio.Event()

    def together(content: object) -> Behaviour:
        async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
            if all(getattr(shop, name).received for name in PARTS):
                everybody.set()
            await everybody.wait()
            await answer_json(content)(request, writer)

        return behave

    shop.users.behave = together(PROFILE)
    shop.orders.behave = together({"items": ORDERS})
    shop.notifications.behave = together({"items": TOLD})
    assert (await shop.page()).json()["complete"] is True


@pytest.mark.parametrize(
    ("behaviour", "reason", "status"),
    [
        (hang, "timed_out", 504),
        (hang_up, "unavailable", 502),
        (answer(500), "unavailable", 500),
        (answer(503, "", ("Retry-After", "9")), "unavailable", 503),
        (answer(403), "refused", 403),
        (answer(404), "refused", 404),
        (answer(200, "<html>"), "malformed", 200),
        (answer_json({"things": []}), "malformed", 200),
        (answer_json({"items": {}}), "malformed", 200),
        (answer_json("text"), "malformed", 200),
        (answer(200, b"[" * 100_000), "malformed", 200),
        (answer(200, b'["' + b"x" * 2_000_000 + b'"]'), "unavailable", 502),
        (say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", close=True), "unavailable", 502),
    ],
    ids=lambda value: str(value) if isinstance(value, int | str) else None,
)
@pytest.mark.parametrize("part", ["orders", "notifications"])
async def test_a_part_that_fails_is_left_out_and_named(
    shop: Shop, part: str, behaviour: Behaviour, reason: str, status: int
) -> None:
    """The page comes without it, says which part is missing and why, and is not a failure."""
    getattr(shop, part).behave = behaviour
    answered = await shop.page()
    assert answered.status_code == 200
    page = answered.json()
    assert page["failed"] == [{"part": part, "reason": reason, "status": status}]
    assert (page["complete"], page[part], page["user"]) == (False, None, PROFILE)


async def test_a_page_is_not_late(shop: Shop) -> None:
    """Two services hang: the third one's part comes within the route's timeout all the same."""
    shop.orders.behave = shop.notifications.behave = hang
    async with asyncio.timeout(5):
        page = (await shop.page()).json()
    assert [one["reason"] for one in page["failed"]] == ["timed_out", "timed_out"]
    assert page["user"] == PROFILE


async def test_a_hung_instance_is_not_the_end_of_a_part(shop: Shop) -> None:
    """A part is asked for again when its first attempt hangs, and comes within the deadline."""
    shop.orders.script = [hang]
    assert (await shop.page()).json()["complete"] is True


async def test_when_no_part_can_be_had_it_is_503(shop: Shop) -> None:
    """An empty page would be a lie: the problem names all parts."""
    shop.users.behave = shop.orders.behave = shop.notifications.behave = answer(500)
    answered = await shop.page()
    assert (answered.status_code, answered.headers["retry-after"]) == (503, "2")
    assert [one["part"] for one in answered.json()["failed"]] == ["user", "orders", "notifications"]


async def test_a_user_that_is_not_there_is_404(shop: Shop) -> None:
    """Nobody's page is no page, whatever the other services found."""
    shop.users.behave = answer(404)
    assert (await shop.page()).status_code == 404


async def test_somebody_elses_page_needs_the_permission(shop: Shop) -> None:
    """Customers see their own; support sees any, and lists are then asked for by the user's id."""
    other = str(uuid.uuid4())
    refused = await shop.page(other)
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    assert not any(getattr(shop, name).received for name in PARTS)
    assert (await shop.page(other, **bearer(token(ME, "support")))).status_code == 200
    assert [getattr(shop, name).received[0].target for name in PARTS] == [
        f"/users/{other}",
        f"/orders?limit=10&user_id={other}",
        f"/notifications?limit=10&user_id={other}",
    ]


async def test_a_page_needs_a_token_and_an_id(shop: Shop) -> None:
    """401 without a token, 422 for an id that is none."""
    assert (await shop.gateway.get(f"/api/user-dashboard/{ME}")).status_code == 401
    assert (await shop.page("me")).status_code == 422


async def test_a_client_that_leaves_ends_all_parts(shop: Shop) -> None:
    """The three calls are given up with the request that wanted them."""
    shop.users.behave = shop.orders.behave = shop.notifications.behave = hang
    line = f"GET /api/user-dashboard/{ME} HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {token(ME)}\r\n\r\n"
    async with shop.gateway.connection() as (_, writer):
        writer.write(line.encode())
        await until(lambda: all(getattr(shop, name).received for name in PARTS))
    await until(lambda: all(getattr(shop, name).abandoned for name in PARTS))
    upstreams = shop.gateway.routing.in_force.upstreams.values()
    assert [one.in_flight for one in upstreams] == [0, 0, 0]
    assert [one.balancer.instances[0].failures for one in upstreams] == [0, 0, 0]


async def test_a_service_that_is_not_configured_is_a_missing_part(
    start_gateway: StartGateway, start_upstream: StartUpstream
) -> None:
    """Without notifications in the routes file the page has two parts and says so."""
    users, orders = await start_upstream(answer_json(PROFILE)), await start_upstream(answer_json(ORDERS))
    gateway = await start_gateway(routes({"users": [users.url], "orders": [orders.url]}, DASHBOARD))
    page = (await gateway.get(f"/api/user-dashboard/{ME}", **bearer(token(ME)))).json()
    assert page["failed"] == [{"part": "notifications", "reason": "unavailable", "status": 503}]
    assert json.dumps(page["orders"]) == json.dumps(ORDERS)
