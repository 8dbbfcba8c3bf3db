"""What passes through: requests byte for byte, identity only from us, answers with and without bodies."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from chassis.identity.internal import parse_keys, verify
from tests.system.gateway.running import IDENTITY_KEY, Gateway
from tests.system.gateway.tokens import bearer, token
from tests.system.gateway.upstream import Upstream, answer, say


async def test_a_request_arrives_as_it_was_sent(gateway: Gateway, upstream: Upstream) -> None:
    """Method, path without its prefix, query and body are forwarded byte for byte, with a length of their own."""
    body = bytes(range(256))
    answered = await gateway.client.post("/api/things/a;b=1,%C3%A9?q=%zz&x=[1]&plus=+", content=body)
    assert answered.status_code == 200
    (got,) = upstream.received
    assert (got.method, got.target) == ("POST", "/things/a;b=1,%C3%A9?q=%zz&x=[1]&plus=+")
    assert got.body == body
    assert got.value("content-length") == "256"
    assert got.value("host") == f"127.0.0.1:{upstream.port}"


async def test_an_identity_comes_from_the_token_alone(gateway: Gateway, upstream: Upstream) -> None:
    """The service gets a header that the gateway signed for it, with the subject and roles of the verified token."""
    user = str(uuid.uuid4())
    shown = token(user, "support")
    assert (await gateway.get("/api/mine", **bearer(shown), **{"X-Identity": "forged"})).status_code == 200
    (got,) = upstream.received
    identity = verify(got.value("x-identity"), parse_keys(f"k1={IDENTITY_KEY}"), "orders")
    assert (identity.subject, identity.roles) == (user, {"support"})
    assert got.value("authorization") == f"Bearer {shown}"
    assert got.value("x-forwarded-for") == "127.0.0.1"
