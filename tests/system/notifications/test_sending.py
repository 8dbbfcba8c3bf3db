"""One message per event, recipient and channel, whatever is delivered how often and whatever dies in between."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chassis.consumer import Permanent
from chassis.events import stream_reader
from chassis.metrics import registry
from notifications import courier, journal
from tests.system.messaging.waiting import until
from tests.system.notifications.conftest import Running, Say, Sql, Start, running
from tests.system.notifications.people import mail, somebody

DONE = "SELECT status, attempts, error FROM notifications WHERE status IN ('SENT', 'REJECTED')"
AT_PROVIDER = "SELECT requests FROM channels.messages"
SENT_ONCE = [{"status": "SENT", "attempts": 1, "error": None}]


def mails(outcome: str) -> float:
    """How many deliveries to the channel of mails have ended like that, in this process."""
    labels = {"subscription": "notifications.email", "type": "notify.email", "outcome": outcome}
    return registry.get_sample_value("events_handled_total", labels) or 0


def counted(name: str) -> float:
    """The service's own count of mails of one template."""
    return registry.get_sample_value(f"{name}_total", {"channel": "email", "template": "order_confirmed"}) or 0


async def test_a_repeated_command_is_one_message(shop: Running, say: Say, sql: Sql) -> None:
    """The same delivery again, and another command for the same message: the provider is asked once."""
    duplicates, sent = mails("duplicate"), counted("notifications_sent")
    command = mail(somebody())
    event = await say(command)
    await until(lambda: sql(DONE))
    await say(event)
    await say(command)  # an event id of its own, but the same cause, recipient and channel
    await until(lambda: mails("duplicate") == duplicates + 2)
    assert await sql(AT_PROVIDER) == [{"requests": 1}]
    assert await sql(DONE) == SENT_ONCE
    assert counted("notifications_sent") == sent + 1


async def test_repeated_commands_at_once_are_one_message(start: Start, say: Say, sql: Sql) -> None:
    """Ten commands for one message, on two instances, while the provider is slow: one calls, the others wait."""
    duplicates, failed = mails("duplicate"), mails("failed")
    shop = await start()
    await start(instance_id="other")
    await shop.behave("email", latency_ms=300)
    command = mail(somebody())
    await asyncio.gather(*(say(command) for _ in range(10)))
    await until(lambda: mails("duplicate") == duplicates + 9)
    assert await sql(AT_PROVIDER) == [{"requests": 1}]
    assert await sql(DONE) == SENT_ONCE
    assert mails("failed") == failed


async def test_a_worker_that_dies_before_it_has_written_down_the_outcome(
    monkeypatch: pytest.MonkeyPatch, short_pauses: None, postgres_url: str, events_url: str, say: Say, sql: Sql
) -> None:
    """The provider took the message, the worker died before COMMIT: it is asked again, and sends no second one."""
    monkeypatch.setattr(courier, "LEASE_MARGIN", 0.3)
    monkeypatch.setattr(stream_reader, "DRAIN", 0.0)
    with monkeypatch.context() as dying:
        dying.setattr(journal, "record", _never)
        async with running(postgres_url, events_url, channel_timeout=0.5):
            await say(mail(somebody()))
            await until(lambda: sql(AT_PROVIDER))
    assert [row["status"] for row in await sql("SELECT status FROM notifications")] == ["PENDING"]
    async with running(postgres_url, events_url):
        await until(lambda: sql(DONE))
    assert await sql(DONE) == [{"status": "SENT", "attempts": 2, "error": None}]
    assert await sql(AT_PROVIDER) == [{"requests": 2}]


async def _never(*_: object) -> bool:
    await asyncio.Event().wait()
    raise AssertionError("nobody waits that long")


async def test_an_answer_that_comes_too_late(start: Start, say: Say, sql: Sql) -> None:
    """The provider took the message and was too slow to say so: a failed attempt, a second one, one message."""
    failed = counted("notifications_failed")
    shop = await start(channel_timeout=0.2)
    await shop.behave("email", latency_ms=30_000)
    await say(mail(somebody()))
    await until(lambda: sql("SELECT 1 FROM notifications WHERE status = 'FAILED' AND error = 'TimedOut'"))
    await shop.recover()
    await until(lambda: sql(DONE))
    (row,) = await sql(DONE)
    assert (row["status"], row["error"]) == ("SENT", None)
    assert row["attempts"] >= 2
    assert await sql(AT_PROVIDER) == [{"requests": row["attempts"]}]
    assert counted("notifications_failed") == failed + row["attempts"] - 1


async def test_a_failure_of_yesterday_does_not_end_the_claim_of_today(
    shop: Running, say: Say, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was overtaken writes down no failure; a success is written down whoever reports it."""
    failed = mails("failed")
    await shop.behave("email", failure_rate=1.0)
    entered: asyncio.Queue[asyncio.Event] = asyncio.Queue()
    real = journal.record

    async def held(*values: Any) -> bool:
        go = asyncio.Event()
        await entered.put(go)
        await go.wait()
        return await real(*values)

    monkeypatch.setattr(journal, "record", held)
    await say(mail(somebody()))
    go = await entered.get()
    await sql("UPDATE notifications SET attempts = 7, claimed_until = now() + interval '1 hour' RETURNING id")
    monkeypatch.undo()
    go.set()
    await until(lambda: mails("failed") == failed + 1)
    rows = await sql("SELECT status, attempts, claimed_until > now() AS claimed FROM notifications")
    assert rows == [{"status": "PENDING", "attempts": 7, "claimed": True}]
    await shop.recover()
    await sql("UPDATE notifications SET claimed_until = now() RETURNING id")
    await until(lambda: sql(DONE))


async def test_an_address_that_does_not_exist_is_no_dead_letter(shop: Running, say: Say, sql: Sql) -> None:
    """The provider says never: recorded as rejected after one attempt, acknowledged, and not tried again."""
    rejected, handled = counted("notifications_rejected"), mails("handled")
    ada = somebody()
    await shop.behave("email", unknown_recipients=[ada.email])
    command = mail(ada)
    await say(command)
    await until(lambda: sql(DONE))
    assert await sql(DONE) == [{"status": "REJECTED", "attempts": 1, "error": "status 422"}]
    await until(lambda: mails("handled") == handled + 1)
    assert counted("notifications_rejected") == rejected + 1
    assert await sql(AT_PROVIDER) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"template": "advertising"},
        {"recipient": "ada@example.com\r\nBcc: eve@example.com"},
        {"recipient": "ada@example.com, eve@example.com"},
        {"values": {"name": "Ada"}},
        {"values": {"name": "Ada", "order": "o", "cents": "many", "currency": "EUR"}},
    ],
    ids=["no such template", "two headers", "two recipients", "a value is missing", "not a number"],
)
def test_a_command_that_can_never_be_sent_is_refused_at_once(changed: dict[str, Any]) -> None:
    """Permanent, so that it goes to the dead letters without further attempts; the reason names no value."""
    command = mail(somebody()).model_copy(update=changed)
    with pytest.raises(Permanent) as refused:
        courier.written("email", command)
    assert "ada" not in str(refused.value).casefold()
