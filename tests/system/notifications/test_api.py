"""What may be seen by whom, in pages, and never a whole address."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient

from chassis.events import topology
from chassis.identity.internal import parse_keys, sign
from chassis.identity.model import Identity
from notifications.app import assemble
from notifications.settings import Settings
from tests.system.harness.inprocess import IDENTITY_KEYS, environment, signed
from tests.system.messaging.waiting import until
from tests.system.notifications.conftest import Running, Say, Sql, Start
from tests.system.notifications.people import confirmed, somebody

REPLAY = {"subscription": "notifications.email"}


def a(user_id: UUID, *roles: str) -> dict[str, str]:
    """The headers of a user."""
    return signed("notifications", user_id, *roles)


async def listed(api: AsyncClient, headers: dict[str, str], **query: Any) -> list[dict[str, Any]]:
    """The messages that a caller is shown."""
    answer = await api.get("/notifications", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_messages_are_listed_with_masked_addresses(shop: Running, say: Say, sql: Sql) -> None:
    """All that is agreed about a message is there, and of its address only so much that one knows which it was."""
    ada = somebody(phone=True, device=True)
    await say(ada)
    event = await say(confirmed(ada.user_id))
    await until(lambda: sql("SELECT 1 WHERE (SELECT count(*) FROM notifications WHERE status = 'SENT') = 5"))
    items = await listed(shop.api, a(ada.user_id))
    mine = {item["channel"]: item for item in items if item["event_id"] == str(event.id)}
    assert {channel: item["recipient"] for channel, item in mine.items()} == {
        "email": "a***@e***.com",
        "sms": f"***{(ada.phone or '')[-3:]}",
        "push": f"***{(ada.device or '')[-3:]}",
    }
    mail = mine["email"]
    assert (mail["template"], mail["status"], mail["attempts"]) == ("order_confirmed", "SENT", 1)
    assert mail["created_at"] <= mail["sent_at"]
    assert set(mail) == {
        *("id", "event_id", "channel", "template", "recipient", "status", "attempts", "created_at", "sent_at")
    }


async def test_pages_go_back_in_time_without_gaps(shop: Running, say: Say, sql: Sql) -> None:
    """Seven messages in pages of three: each once, newest first, also when all were made in the same instant."""
    ada = somebody()
    await say(ada)
    for _ in range(6):
        await say(confirmed(ada.user_id))
    await until(lambda: sql("SELECT 1 WHERE (SELECT count(*) FROM notifications WHERE status = 'SENT') = 7"))
    await sql("UPDATE notifications SET created_at = '2026-01-01 12:00+00' WHERE template <> 'welcome' RETURNING id")
    seen: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 3}
    sizes = []
    while True:
        body = (await shop.api.get("/notifications", params=query, headers=a(ada.user_id))).json()
        sizes.append(len(body["items"]))
        seen += body["items"]
        if body["next_cursor"] is None:
            break
        query["cursor"] = body["next_cursor"]
    assert sizes == [3, 3, 1]
    assert len({item["id"] for item in seen}) == 7
    order = [(item["created_at"], item["id"]) for item in seen]
    assert order == sorted(order, reverse=True)


async def test_other_peoples_messages_are_invisible(shop: Running, say: Say, sql: Sql) -> None:
    """Not in one's own list, not with a cursor of somebody else's, not by asking for them: 403 for any other id."""
    ada, eve = somebody(), somebody()
    await say(ada)
    await say(eve)
    await say(confirmed(ada.user_id))
    await until(lambda: sql("SELECT 1 WHERE (SELECT count(*) FROM notifications WHERE status = 'SENT') = 3"))
    cursor = (await shop.api.get("/notifications?limit=1", headers=a(ada.user_id))).json()["next_cursor"]
    assert [item["template"] for item in await listed(shop.api, a(eve.user_id))] == ["welcome"]
    assert len(await listed(shop.api, a(eve.user_id), cursor=cursor)) <= 1
    for other in (ada.user_id, uuid4()):
        answer = await shop.api.get("/notifications", params={"user_id": str(other)}, headers=a(eve.user_id))
        assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    own = await listed(shop.api, a(eve.user_id), user_id=str(eve.user_id))
    assert len(own) == 1
    seen = await listed(shop.api, a(uuid4(), "support"), user_id=str(ada.user_id))
    assert len(seen) == 2
    assert ada.email not in str(seen)


async def test_services_have_no_messages(shop: Running) -> None:
    """An identity that is no user's is 403: there is no list that would be its own."""
    service = Identity("gateway", frozenset(), frozenset(), "service")
    headers = {"X-Identity": sign(service, parse_keys(IDENTITY_KEYS), "notifications")}
    assert (await shop.api.get("/notifications", headers=headers)).status_code == 403


async def test_nobody_is_nobody(shop: Running) -> None:
    """Without proof, with a forged one, and with one made for another service: 401 on every route."""
    forged = {"X-Identity": sign(_admin(), {"k1": b"x" * 32}, "notifications")}
    for headers in ({}, forged, signed("orders", uuid4(), "admin"), {"Authorization": "Bearer a.b.c"}):
        for answer in (
            await shop.api.get("/notifications", headers=headers),
            await shop.api.get("/dead-letters", headers=headers),
            await shop.api.post("/dead-letters/replay", json=REPLAY, headers=headers),
        ):
            assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), headers


def _admin() -> Identity:
    return Identity(str(uuid4()), frozenset({"admin"}), frozenset(), "user")


@pytest.mark.parametrize("role", ["customer", "support"])
async def test_dead_letters_are_for_those_who_may_replay(shop: Running, role: str) -> None:
    """Neither looking nor replaying without the permission; with it, all own subscriptions are there."""
    headers = a(uuid4(), role)
    assert (await shop.api.get("/dead-letters", headers=headers)).status_code == 403
    assert (await shop.api.post("/dead-letters/replay", json=REPLAY, headers=headers)).status_code == 403
    answer = await shop.api.get("/dead-letters", headers=a(uuid4(), "admin"))
    assert answer.status_code == 200
    own = {name for name in topology.SUBSCRIPTIONS if name.startswith("notifications.")}
    assert {item["subscription"] for item in answer.json()["items"]} == own


async def test_a_question_that_makes_no_sense_is_a_problem(shop: Running) -> None:
    """422 with a problem; dead letters of other services are not ours to count or to replay."""
    email = {"subscription": "notifications.email"}
    questions: list[tuple[str, str, object]] = [
        ("GET", "/notifications?limit=0", None),
        ("GET", "/notifications?limit=101", None),
        ("GET", "/notifications?cursor=x", None),
        ("GET", f"/notifications?cursor={'_' * 32}", None),
        ("GET", "/notifications?user_id=ada", None),
        ("GET", "/dead-letters?subscription=orders.saga", None),
        ("POST", "/dead-letters/replay", {"subscription": "payments.orders"}),
        ("POST", "/dead-letters/replay", {**email, "limit": 0}),
        ("POST", "/dead-letters/replay", {**email, "limit": "1"}),
        ("POST", "/dead-letters/replay", {**email, "all": True}),
        ("POST", "/dead-letters/replay", []),
    ]
    for method, path, body in questions:
        answer = await shop.api.request(method, path, json=body, headers=a(uuid4(), "admin"))
        told = (answer.status_code, answer.headers["content-type"])
        assert told == (422, "application/problem+json"), (method, path, body)


async def test_without_a_broker_the_answer_is_503(start: Start) -> None:
    """Neither counting nor replaying pretends: the problem says that the broker is away. Lists are still there."""
    alone = await start(events_url="redis://127.0.0.1:9/0")
    headers = a(uuid4(), "admin")
    look = await alone.api.get("/dead-letters", headers=headers)
    again = await alone.api.post("/dead-letters/replay", json=REPLAY, headers=headers)
    for answer in (look, again):
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert answer.headers["retry-after"] == "2"
    assert await listed(alone.api, headers) == []
    report = (await alone.api.get("/health/ready")).json()
    assert report["checks"]["events"] == {"ok": False, "required": False, "reason": "BusUnavailable"}


async def test_readiness_asks_for_database_and_keys(shop: Running) -> None:
    """Ready needs the database, and keys to tell callers by; here nobody publishes keys, and it says so."""

    async def all_but_the_keys() -> bool:
        answer = await shop.api.get("/health/ready")
        assert answer.status_code == 503
        return {name: check["ok"] for name, check in answer.json()["checks"].items()} == {
            "database": True,
            "token_keys": False,
            "events": True,
        }

    await until(all_but_the_keys)
    assert (await shop.api.get("/health/live")).status_code == 200


def test_the_contract_names_every_problem(postgres_url: str, redis_url: str) -> None:
    """The OpenAPI document lists what each route may answer, all errors as problem details."""
    service = assemble(Settings(**environment(postgres_url, redis_url)))
    paths = service.api.openapi()["paths"]
    answers = {
        f"{method} {path}": set(operation["responses"])
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert answers == {
        "get /notifications": {"200", "401", "403", "422", "503"},
        "get /dead-letters": {"200", "401", "403", "422", "503"},
        "post /dead-letters/replay": {"200", "400", "401", "403", "408", "413", "422", "503"},
    }
