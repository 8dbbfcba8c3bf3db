"""What payments makes of the provider's answers: what is not clear teaches nothing, above all not "declined"."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from chassis.http import Client
from chassis.settings import ServiceSettings
from payments.model import Answer, Payment, Step
from payments.provider_client import Provider

ID = uuid.uuid4()
PAYMENT = Payment(ID, ID, 299, "EUR", "PENDING", "charge", 1, None, "", ID, None)


class Stranger:
    """A provider that answers whatever it likes."""

    def __init__(self) -> None:
        self.status, self.body, self.asked = 200, b"", list[str]()

    async def handle(self, request: web.Request) -> web.Response:
        """Any request."""
        self.asked.append(f"{request.method} {request.path} {request.headers.get('Idempotency-Key', '')}".strip())
        if self.status == 0:
            await asyncio.sleep(2)
        return web.Response(status=self.status or 200, body=self.body, headers={"Location": "/elsewhere"})


@pytest.fixture
async def stranger() -> AsyncIterator[tuple[Stranger, Provider]]:
    """It, and payments' view of it."""
    stranger = Stranger()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stranger.handle)
    async with TestServer(app) as server:
        client = Client(str(server.make_url("")), timeout=0.3, name="provider", settings=ServiceSettings(port=1))
        await client.start()
        yield stranger, Provider(client)
        await client.stop()


@pytest.mark.parametrize(
    ("step", "status", "body", "answer"),
    [
        ("charge", 200, b'{"status":"captured","amount_cents":299}', Answer("captured")),
        ("charge", 201, b'{"status":"captured","amount_cents":299}', Answer("captured")),
        ("charge", 200, b'{"status":"captured","amount_cents":300}', Answer("unclear")),
        ("charge", 200, b'{"status":"captured"}', Answer("unclear")),
        ("charge", 200, b'{"status":"declined","reason":"no funds"}', Answer("declined", "no funds")),
        ("charge", 200, b'{"status":"declined","reason":"a\\u0000b\\nc\\ud800"}', Answer("declined", "a b c")),
        ("charge", 200, b'{"status":"declined","reason":17}', Answer("declined")),
        ("charge", 402, b"", Answer("declined", "refused by the provider with status 402")),
        ("charge", 422, b"", Answer("declined", "refused by the provider with status 422")),
        *(("charge", status, b"{}", Answer("unclear")) for status in (202, 302, 401, 403, 409, 408, 429, 500, 503)),
        *(
            ("charge", 200, body, Answer("unclear"))
            for body in (b"", b"[]", b"{}", b'{"status":"fine"}', b"[" * 100_000)
        ),
        ("ask", 404, b"{}", Answer("absent")),
        ("ask", 402, b"{}", Answer("unclear")),
        ("void", 404, b"{}", Answer("unclear")),
        ("void", 200, b'{"status":"voided"}', Answer("voided")),
        ("refund", 200, b'{"status":"refunded"}', Answer("refunded")),
        ("refund", 409, b"{}", Answer("unclear")),
        ("refund", 404, b"{}", Answer("unclear")),
        ("charge", 0, b"", Answer("unclear")),
    ],
)
async def test_answers_are_read_with_care(
    stranger: tuple[Stranger, Provider], step: Step, status: int, body: bytes, answer: Answer
) -> None:
    """Only a clear yes is captured and only a clear no is declined; reasons are made harmless."""
    there, provider = stranger
    there.status, there.body = status, body
    assert await provider.perform(step, PAYMENT) == answer
    assert len(there.asked) == 1


async def test_each_step_is_one_request(stranger: tuple[Stranger, Provider]) -> None:
    """The charge carries the order's key; the others name it in the path."""
    there, provider = stranger
    steps: list[Step] = ["charge", "ask", "void", "refund"]
    for step in steps:
        await provider.perform(step, PAYMENT)
    key = f"order-{ID}"
    assert there.asked == [
        f"POST /charges {key}",
        f"GET /charges/{key}",
        f"POST /charges/{key}/void",
        f"POST /charges/{key}/refund",
    ]


async def test_a_provider_that_is_not_there_teaches_nothing() -> None:
    """A refused connection says nothing about a charge that was sent before."""
    client = Client("http://127.0.0.1:9", timeout=0.3, name="provider", settings=ServiceSettings(port=1))
    await client.start()
    assert await Provider(client).perform("charge", PAYMENT) == Answer("unclear")
    await client.stop()
