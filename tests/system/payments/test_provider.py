"""The stub keeps its books as a real provider does: once per key, whatever is asked how often."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from tests.system.payments.conftest import Provider

EUR = {"amount_cents": 299, "currency": "EUR"}


async def charge(provider: Provider, key: str = "order-1", **body: object) -> httpx.Response:
    """Ask for money."""
    return await provider.client.post("/charges", json={**EUR, **body}, headers={"Idempotency-Key": key})


async def test_money_is_taken_once_per_key(provider: Provider) -> None:
    """Twenty requests at once and one later: one charge, the same answer to all."""
    answers = await asyncio.gather(*(charge(provider) for _ in range(20)))
    answers.append(await charge(provider))
    assert {(answer.status_code, answer.json()["status"]) for answer in answers} == {(200, "captured")}
    assert [(row["key"], row["status"]) for row in await provider.books()] == [("order-1", "captured")]


async def test_a_key_stands_for_one_amount(provider: Provider) -> None:
    """Another amount under a used key is a conflict, not a second charge."""
    await charge(provider)
    assert (await charge(provider, amount_cents=300)).status_code == 409
    assert [row["amount_cents"] for row in await provider.books()] == [299]


async def test_a_void_closes_its_key(provider: Provider) -> None:
    """Before a charge it prevents it; after one it tells of it, and the charge stands."""
    assert (await provider.client.post("/charges/order-1/void")).json()["status"] == "voided"
    assert (await charge(provider)).json()["status"] == "voided"
    await charge(provider, "order-2")
    assert (await provider.client.post("/charges/order-2/void")).json()["status"] == "captured"


async def test_a_refund_needs_a_charge_and_happens_once(provider: Provider) -> None:
    """404 without one, 409 for one that captured nothing, and the same answer to a repeat."""
    assert (await provider.client.post("/charges/order-1/refund")).status_code == 404
    await provider.client.post("/charges/order-1/void")
    assert (await provider.client.post("/charges/order-1/refund")).status_code == 409
    await charge(provider, "order-2")
    refunds = [await provider.client.post("/charges/order-2/refund") for _ in range(2)]
    assert [answer.json()["status"] for answer in refunds] == ["refunded", "refunded"]
    assert (await charge(provider, "order-2")).json()["status"] == "refunded"


async def test_it_declines_as_told(provider: Provider) -> None:
    """By amount, or by chance; a decline is an answer like another, and final under its key."""
    await provider.behaves(decline_over_cents=299)
    assert (await charge(provider)).json()["status"] == "captured"
    assert (await charge(provider, "order-2", amount_cents=300)).json()["reason"] == "insufficient_funds"
    await provider.behaves(decline_rate=1)
    assert (await charge(provider, "order-3")).json()["reason"] == "do_not_honour"
    await provider.behaves()
    assert (await charge(provider, "order-3")).json()["status"] == "declined"


async def test_it_is_slow_or_broken_as_told(provider: Provider) -> None:
    """Latency comes before the answer; errors are 500 and change nothing."""
    await provider.behaves(latency_ms=150)
    begun = time.monotonic()
    assert (await charge(provider)).status_code == 200
    assert time.monotonic() - begun >= 0.15
    await provider.behaves(error_rate=1)
    assert (await charge(provider, "order-2")).status_code == 500
    assert (await provider.client.get("/charges/order-1")).status_code == 500
    assert len(await provider.books()) == 1


@pytest.mark.parametrize("charged", [True, False], ids=["money moves", "money does not move"])
async def test_it_hangs_as_told(provider: Provider, charged: bool) -> None:
    """Nothing is answered, and whether the money moved is another setting: the two cases nobody can tell apart."""
    await provider.behaves(timeout=True, charge_on_timeout=charged)
    with pytest.raises(httpx.ReadTimeout):
        await provider.client.post("/charges", json=EUR, headers={"Idempotency-Key": "order-1"}, timeout=0.3)
    with pytest.raises(httpx.ReadTimeout):
        await provider.client.get("/charges/order-1", timeout=0.3)
    assert [row["status"] for row in await provider.books()] == (["captured"] if charged else [])


async def test_a_setting_that_makes_no_sense_is_a_problem(provider: Provider) -> None:
    """Unknown names, rates beyond one, numbers that are none."""
    for text in ('{"latency":1}', '{"decline_rate":2}', '{"decline_rate":NaN}', '{"latency_ms":1e400}', "[]", "{"):
        answer = await provider.client.put("/behaviour", content=text, headers={"Content-Type": "application/json"})
        assert (answer.status_code in {400, 422}, answer.headers["content-type"]) == (True, "application/problem+json")
    for key in ("", "a b", "x" * 101, "\u00fc".encode()):
        answer = await provider.client.post("/charges", json=EUR, headers=[(b"Idempotency-Key", _bytes(key))])
        assert answer.status_code == 422, key


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
