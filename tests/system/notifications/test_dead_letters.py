"""Poison: bounded attempts, then the dead letters; given another chance when the cause is gone. On both brokers."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient

from chassis.events import topology
from processes.rabbitmq import RabbitMQ
from tests.system.harness.inprocess import signed
from tests.system.messaging.waiting import until
from tests.system.notifications.conftest import Running, Say, Sql
from tests.system.notifications.people import mail, somebody

EMAIL = "notifications.email"
SENT = "SELECT recipient, attempts FROM notifications WHERE status = 'SENT'"

_numbers = count(1)


@pytest.fixture
def rabbit_url(rabbitmq: RabbitMQ) -> str:
    """A virtual host in which nothing is declared yet."""
    return rabbitmq.add_vhost(f"notifications-{next(_numbers)}")


@pytest.fixture(params=["redis_url", pytest.param("rabbit_url", marks=pytest.mark.rabbitmq)])
def events_url(request: pytest.FixtureRequest, short_pauses: None) -> str:
    """Each broker in turn."""
    return str(request.getfixturevalue(request.param))


def admin() -> dict[str, str]:
    """The headers of somebody who may replay; fresh ones, because they last for half a minute."""
    return signed("notifications", uuid4(), "admin")


async def dead(api: AsyncClient, subscription: str = EMAIL) -> dict[str, Any]:
    """What the service says about the dead letters of a subscription."""
    answer = await api.get("/dead-letters", params={"subscription": subscription}, headers=admin())
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["items"]
    return dict(item)


async def replay(api: AsyncClient, limit: int = 100) -> int:
    """Replay dead letters of mails; how many were."""
    wish = {"subscription": EMAIL, "limit": limit}
    answer = await api.post("/dead-letters/replay", json=wish, headers=admin())
    assert answer.status_code == 200, answer.text
    assert answer.json()["subscription"] == EMAIL
    return int(answer.json()["replayed"])


async def buried(api: AsyncClient, count: int) -> None:
    """Wait until that many mails are among the dead letters."""

    async def all_there() -> bool:
        return bool((await dead(api))["count"] == count)

    await until(all_there)


async def test_poison_ends_among_the_dead_letters_and_comes_back_when_it_is_none_any_more(
    shop: Running, say: Say, sql: Sql
) -> None:
    """Four attempts, then buried, others are not held up; replayed in vain, buried again; mended, it is sent."""
    poison, healthy = somebody(), somebody()
    await shop.behave("email", poison_recipients=[poison.email])
    await say(mail(poison))
    await say(mail(healthy))
    await buried(shop.api, 1)
    attempts = len(topology.RETRY_DELAYS) + 1
    assert await sql("SELECT status, attempts, error FROM notifications WHERE recipient = $1", poison.email) == [
        {"status": "FAILED", "attempts": attempts, "error": "status 500"}
    ]
    assert (await dead(shop.api))["failing"] == [{"reason": "status 500", "count": 1}]
    assert await sql(SENT) == [{"recipient": healthy.email, "attempts": 1}]

    assert await replay(shop.api) == 1
    await until(lambda: sql("SELECT 1 FROM notifications WHERE attempts = $1", 2 * attempts))
    await buried(shop.api, 1)

    await shop.recover()
    assert await replay(shop.api) == 1
    await until(lambda: sql(f"{SENT} AND recipient = $1", poison.email))
    assert await dead(shop.api) == {"subscription": EMAIL, "count": 0, "failing": []}
    assert await replay(shop.api) == 0


async def test_replaying_what_was_sent_meanwhile_sends_nothing(shop: Running, say: Say, sql: Sql) -> None:
    """A command is buried, its twin is sent after the cause is gone, and then the buried one is replayed."""
    ada = somebody()
    command = mail(ada)
    await shop.behave("email", poison_recipients=[ada.email])
    await say(command)
    await buried(shop.api, 1)
    await shop.recover()
    await say(command)
    await until(lambda: sql(SENT))
    before = await sql("SELECT requests, sent_at FROM channels.messages")
    assert await replay(shop.api) == 1
    await buried(shop.api, 0)
    marker = mail(somebody())
    await say(marker)
    await until(lambda: sql("SELECT 1 FROM notifications WHERE event_id = $1 AND status = 'SENT'", marker.event_id))
    assert await sql("SELECT requests, sent_at FROM channels.messages WHERE recipient = $1", ada.email) == before


async def test_two_replays_at_once_send_each_message_once(shop: Running, say: Say, sql: Sql) -> None:
    """Two people press the button: letters may be given back twice, messages are sent once."""
    people = [somebody() for _ in range(10)]
    await shop.behave("email", failure_rate=1.0)
    for ada in people:
        await say(mail(ada))
    await buried(shop.api, 10)
    await shop.recover()
    counts = await asyncio.gather(replay(shop.api), replay(shop.api))
    assert sum(counts) >= 10
    await until(lambda: sql("SELECT 1 WHERE (SELECT count(*) FROM notifications WHERE status = 'SENT') = 10"))
    await buried(shop.api, 0)
    assert len(await sql("SELECT 1 FROM channels.messages")) == 10


async def test_a_replay_has_a_limit(shop: Running, say: Say, sql: Sql) -> None:
    """The oldest first, and no more than asked for: a test of whether the cause is gone costs one letter."""
    first, second = somebody(), somebody()
    await shop.behave("email", failure_rate=1.0)
    await say(mail(first))
    await buried(shop.api, 1)
    await say(mail(second))
    await buried(shop.api, 2)
    await shop.recover()
    assert await replay(shop.api, limit=1) == 1
    await until(lambda: sql(SENT))
    assert [row["recipient"] for row in await sql(SENT)] == [first.email]
    assert (await dead(shop.api))["count"] == 1


async def test_what_can_never_be_sent_is_buried_without_further_attempts(shop: Running, say: Say, sql: Sql) -> None:
    """A command for a template that there is none of: one delivery, no message, a dead letter of its own channel."""
    await say(mail(somebody()).model_copy(update={"template": "advertising"}))
    await buried(shop.api, 1)
    assert await sql("SELECT 1 FROM notifications") == []
    items = (await shop.api.get("/dead-letters", headers=admin())).json()["items"]
    assert {item["subscription"]: item["count"] for item in items} == {
        "notifications.events": 0,
        "notifications.email": 1,
        "notifications.sms": 0,
        "notifications.push": 0,
    }
