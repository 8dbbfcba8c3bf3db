"""From an event to messages: on which channels, for whom, and when the recipient is known only later."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from chassis.events.contracts import UserRegistered
from notifications import waiting
from tests.system.messaging.waiting import until
from tests.system.notifications.conftest import Running, Say, Sql, Start
from tests.system.notifications.people import cancelled, confirmed, somebody

SENT = "SELECT channel, template FROM notifications WHERE user_id = $1 AND status = 'SENT' ORDER BY template, channel"


async def sent(sql: Sql, user: UserRegistered) -> list[tuple[str, str]]:
    """What was sent to somebody, as (template, channel)."""
    return [(row["template"], row["channel"]) for row in await sql(SENT, user.user_id)]


async def test_an_event_goes_to_each_channel_that_is_known(shop: Running, say: Say, sql: Sql) -> None:
    """Somebody with a phone and a device hears of their order by mail, text and push; no text for a welcome."""
    ada = somebody(phone=True, device=True)
    await say(ada)
    await say(confirmed(ada.user_id))

    async def all_sent() -> bool:
        return await sent(sql, ada) == [
            ("order_confirmed", "email"),
            ("order_confirmed", "push"),
            ("order_confirmed", "sms"),
            ("welcome", "email"),
            ("welcome", "push"),
        ]

    await until(all_sent)
    rows = await sql("SELECT channel, recipient FROM channels.messages WHERE content LIKE '%is confirmed%'")
    assert {row["channel"]: row["recipient"] for row in rows} == {
        "email": ada.email,
        "sms": (ada.phone or "").replace(" ", ""),
        "push": ada.device,
    }


async def test_a_channel_that_is_not_known_is_not_used(shop: Running, say: Say, sql: Sql) -> None:
    """Somebody with nothing but a mail address gets mails, and no command is made for the other channels."""
    ada = somebody()
    await say(ada)
    await say(cancelled(ada.user_id))

    async def all_sent() -> bool:
        return await sent(sql, ada) == [("order_cancelled", "email"), ("welcome", "email")]

    await until(all_sent)
    rows = await sql("SELECT event ->> 'type' AS type FROM outbox")
    assert [row["type"] for row in rows] == ["notify.email", "notify.email"]


async def test_what_is_no_address_is_no_channel(shop: Running, say: Say, sql: Sql) -> None:
    """A phone number that is none, and an address that would be a second header, are not kept."""
    ada = somebody().model_copy(update={"phone": "call me", "email": "ada@example.com\r\nBcc: eve@example.com"})
    await say(ada)
    await until(lambda: sql("SELECT 1 FROM recipients WHERE registered_at IS NOT NULL"))
    assert await sql("SELECT email, phone FROM recipients") == [{"email": None, "phone": None}]
    assert await sql("SELECT 1 FROM outbox") == []


async def test_an_order_before_its_user_waits_for_the_user(shop: Running, say: Say, sql: Sql) -> None:
    """Nothing is lost, nothing fails: the events wait, and user.registered continues them in their order."""
    ada = somebody()
    first = await say(confirmed(ada.user_id))
    second = await say(cancelled(ada.user_id))
    await until(lambda: sql("SELECT 1 WHERE (SELECT count(*) FROM waiting_events) = 2"))
    await say(ada)

    async def all_sent() -> bool:
        names = [template for template, _ in await sent(sql, ada)]
        return names == ["order_cancelled", "order_confirmed", "welcome"]

    await until(all_sent)
    assert await sql("SELECT 1 FROM waiting_events") == []
    commands = await sql(
        "SELECT event ->> 'causation_id' AS cause, event ->> 'correlation_id' AS c FROM outbox ORDER BY id"
    )
    # Each on behalf of the request that caused it, not of the registration.
    assert [(row["cause"], row["c"]) for row in commands[1:]] == [
        (str(event.id), event.correlation_id) for event in (first, second)
    ]


async def test_a_user_and_their_order_at_the_same_moment_do_not_miss_each_other(
    start: Start, say: Say, sql: Sql
) -> None:
    """Whichever of the two events comes first, on whichever instance: both messages are sent, nothing waits."""
    await start()
    await start(instance_id="other")
    people = [somebody() for _ in range(30)]
    await asyncio.gather(*(say(said) for ada in people for said in (confirmed(ada.user_id), ada)))
    await until(lambda: sql("SELECT 1 WHERE (SELECT count(*) FROM notifications WHERE status = 'SENT') = 60"))
    assert await sql("SELECT 1 FROM waiting_events") == []


async def test_a_repeated_event_makes_no_second_command(shop: Running, say: Say, sql: Sql) -> None:
    """The same event three times, at once and later: one command, one message."""
    ada = somebody()
    event = await say(ada)
    await asyncio.gather(say(event), say(event))
    await until(lambda: sql("SELECT 1 FROM notifications WHERE status = 'SENT'"))
    await say(event)
    last = await say(confirmed(ada.user_id))
    await until(lambda: sql("SELECT 1 FROM notifications WHERE event_id = $1 AND status = 'SENT'", last.id))
    assert len(await sql("SELECT 1 FROM outbox")) == 2
    assert len(await sql("SELECT 1 FROM channels.messages")) == 2


async def test_a_new_registration_replaces_the_addresses(shop: Running, say: Say, sql: Sql) -> None:
    """The projection follows the newest event about somebody."""
    ada = somebody()
    await say(ada)
    await until(lambda: sql("SELECT 1 FROM recipients WHERE email = $1", ada.email))
    await say(ada.model_copy(update={"email": "new@example.com"}))
    await until(lambda: sql("SELECT 1 FROM recipients WHERE email = 'new@example.com'"))


async def test_what_waits_is_measured(monkeypatch: pytest.MonkeyPatch, start: Start, say: Say) -> None:
    """Events that wait for a user who never registers show in the metrics, with their age."""
    monkeypatch.setattr(waiting, "INTERVAL", 0.05)
    shop = await start()
    await say(confirmed(uuid4()))

    async def shown() -> bool:
        lines = (await shop.ops.get("/metrics")).text.splitlines()
        values = dict(line.rsplit(" ", 1) for line in lines if line.startswith("notifications_waiting"))
        return values["notifications_waiting"] == "1.0" and float(values["notifications_waiting_oldest_seconds"]) > 0

    await until(shown)
