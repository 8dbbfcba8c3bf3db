"""Tokens that prove nothing, shown to the real verifier with the real key set, and to users itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from chassis.identity.internal import parse_keys, sign
from chassis.identity.model import Identity
from chassis.identity.tokens import InvalidToken, TokenVerifier
from tests.system.harness.forging import FORGERIES, Forger
from tests.system.messaging.waiting import until
from tests.system.users.running import IDENTITY_KEY, Users


@pytest.fixture
async def verifier(users: Users) -> AsyncIterator[TokenVerifier]:
    """What gateway and services verify with, at this instance's key set."""
    settings = users.service.settings
    made = TokenVerifier(f"{users.url}/.well-known/jwks.json", "https://users.shop.test", "shop", settings)
    await made.start()
    await until(made.check)
    yield made
    await made.stop()


async def test_a_good_token_is_good_everywhere(users: Users, verifier: TokenVerifier) -> None:
    """The control: what all forgeries are made from passes, and so does our own signature under the same claims."""
    person = await users.person()
    forger = Forger(person.access, users.parts.ring.active().private)
    for token in (person.access, forger.signed()):
        assert (await verifier.verify(token)).subject == person.id
        assert (await users.call("GET", "/users/me", token)).status_code == 200
        assert await users.is_active(token)


async def test_no_forgery_passes_anywhere(users: Users, verifier: TokenVerifier) -> None:
    """Refused by the verifier of all services, 401 as a bearer token here, inactive when a service asks."""
    person = await users.person()
    forger = Forger(person.access, users.parts.ring.active().private)
    for name, forge in FORGERIES.items():
        token = forge(forger)
        with pytest.raises(InvalidToken):
            pytest.fail(f"{name} passes: {await verifier.verify(token)}")
        answer = await users.call("GET", "/users/me", token)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (
            401,
            'Bearer realm="shop", error="invalid_token"',
        ), name
        assert (await users.introspect(token)).json() == {"active": False}, name


async def test_a_header_of_identity_is_believed_only_when_the_gateway_signed_it(users: Users) -> None:
    """Plain, by a stranger, for another service: 401; and so are a token and a header that name different users."""
    ada, eve = await users.person(), await users.person()
    ours, strange = parse_keys(f"k1={IDENTITY_KEY}"), parse_keys(f"k1={'x' * 32}")
    identity = Identity(ada.id, frozenset({"admin"}), frozenset(), "user")
    good = sign(identity, ours, "users")
    assert (await users.call("GET", "/users/me", headers={"X-Identity": good})).json()["id"] == ada.id
    for header in (ada.id, "", sign(identity, strange, "users"), sign(identity, ours, "orders"), "a.b.c"):
        assert (await users.call("GET", "/users/me", headers={"X-Identity": header})).status_code == 401
    assert (await users.call("GET", "/users/me", eve.access, headers={"X-Identity": good})).status_code == 401
