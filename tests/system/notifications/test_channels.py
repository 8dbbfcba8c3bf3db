"""The stub of the providers: it keeps its promise about keys, and misbehaves only when it may."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.system.notifications.conftest import Running, Sql, Start

MESSAGE = {"recipient": "ada@example.com", "content": "Hello"}
KEY = {"Idempotency-Key": "key-1"}


async def test_a_key_is_one_message(shop: Running, sql: Sql) -> None:
    """Asked ten times at once under one key, and on another channel under the same key: one message on each."""
    answers = await asyncio.gather(
        *(shop.ops.post("/channels/email/messages", json=MESSAGE, headers=KEY) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    await shop.ops.post("/channels/push/messages", json=MESSAGE, headers=KEY)
    rows = await sql("SELECT channel, requests FROM channels.messages ORDER BY channel")
    assert rows == [{"channel": "email", "requests": 10}, {"channel": "push", "requests": 1}]


async def test_a_channel_misbehaves_alone(shop: Running) -> None:
    """What is set for one channel holds for it alone, can be read, and is gone after DELETE."""
    await shop.behave("sms", failure_rate=1.0, poison_recipients=["+49170"], latency_ms=5)
    told = {item["channel"]: item for item in (await shop.ops.get("/channels/behaviour")).json()}
    assert told["sms"]["failure_rate"] == 1.0
    assert (told["sms"]["latency_ms"], told["sms"]["poison_recipients"]) == (5, ["+49170"])
    assert (await shop.ops.post("/channels/sms/messages", json=MESSAGE, headers=KEY)).status_code == 500
    assert (await shop.ops.post("/channels/email/messages", json=MESSAGE, headers=KEY)).status_code == 202
    await shop.recover()
    assert (await shop.ops.post("/channels/sms/messages", json=MESSAGE, headers=KEY)).status_code == 202


async def test_recipients_can_be_poison_or_unknown(shop: Running, sql: Sql) -> None:
    """Poison is a failure every time, unknown a refusal; neither is a message, and others get theirs."""
    await shop.behave("email", poison_recipients=["poison@example.com"], unknown_recipients=["nobody@example.com"])
    for recipient, status in (("poison@example.com", 500), ("nobody@example.com", 422), ("ada@example.com", 202)):
        answer = await shop.ops.post(
            "/channels/email/messages",
            json={**MESSAGE, "recipient": recipient},
            headers={"Idempotency-Key": f"key-{status}"},
        )
        assert answer.status_code == status
    assert await sql("SELECT recipient FROM channels.messages") == [{"recipient": "ada@example.com"}]


async def test_without_faults_it_cannot_be_told_to_misbehave(start: Start, sql: Sql) -> None:
    """FAULTS=off: there is no such route, and what the table says from before has no effect."""
    shop = await start(faults="off")
    await sql("UPDATE channels.behaviour SET failure_rate = 1 RETURNING channel")
    for method in ("GET", "PUT", "DELETE"):
        assert (await shop.ops.request(method, "/channels/behaviour")).status_code == 404
    assert (await shop.ops.post("/channels/email/messages", json=MESSAGE, headers=KEY)).status_code == 202


async def test_a_behaviour_that_makes_no_sense_is_a_problem(shop: Running) -> None:
    """422 for each, and nothing has changed."""
    before = (await shop.ops.get("/channels/behaviour")).json()
    nonsense: list[dict[str, Any]] = [
        {},
        {"channel": "fax"},
        {"channel": "email", "latency_ms": -1},
        {"channel": "email", "failure_rate": 1.1},
        {"channel": "email", "failure_rate": "1"},
        {"channel": "email", "poison_recipients": ["\x00"]},
        {"channel": "email", "surprise": True},
    ]
    for behaviour in nonsense:
        answer = await shop.ops.put("/channels/behaviour", json=behaviour)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), behaviour
    assert (await shop.ops.get("/channels/behaviour")).json() == before
