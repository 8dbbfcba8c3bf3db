"""Who somebody is, is said by a verified token and by nothing else that they send, in whatever spelling."""

from __future__ import annotations

import json
import secrets

import pytest

from chassis.identity.internal import parse_keys, sign
from chassis.identity.model import Identity
from tests.system.harness.asking import BELIEVED, QUESTIONS, REFUSED, ask, statuses
from tests.system.harness.base import Account, System
from tests.system.harness.forging import encoded

NAMES = [
    *("X-Identity", "x-identity", "X-IDENTITY", "X_Identity", "x_identity", "X-Identity-", "X--Identity", "Identity"),
    *("X-User", "X-User-Id", "X_User_Id", "X-UserId", "X-Sub", "X-Subject", "X-Roles", "X-User-Roles", "X-Permissions"),
    *("X-Forwarded-User", "X-Forwarded-Email", "X-Auth-Request-User", "X-Authenticated-User", "X-Authenticated-Userid"),
    *("Remote-User", "X-Remote-User", "X-Webauth-User", "X-Credential-Identifier", "X-Consumer-Username"),
    *(
        "X-Api-Key",
        "X-Service-Key",
        "X-Original-Authorization",
        "Proxy-Authorization",
        "X-Original-URL",
        "X-Rewrite-URL",
    ),
]


def _claims(admin: str) -> list[str]:
    """How one could say that one is the administrator."""
    identity = Identity(admin, frozenset({"admin"}), frozenset(), "user")
    said = {"iss": "gateway", "sub": admin, "roles": ["admin"], "kind": "user", "iat": 1, "exp": 4_000_000_000}
    signed = [sign(identity, parse_keys(f"k1={secrets.token_hex(32)}"), service) for service in QUESTIONS]
    none = [f"{encoded({'alg': 'none', 'kid': 'k1'})}.{encoded({**said, 'aud': service})}." for service in QUESTIONS]
    return [admin, json.dumps(said), f"sub={admin};roles=admin", *signed, *none]


@pytest.fixture
def admin(system: System) -> str:
    """The id of the administrator."""
    return str(system.call("GET", "/api/users/me", token=system.admin_token()).json()["id"])


def test_through_the_gateway_a_customer_stays_who_they_are(system: System, customer: Account, admin: str) -> None:
    """With all of these headers on each request: one's own profile, no list of users, nobody else's order."""
    other = system.placed(system.register())
    for claim in _claims(admin):
        headers = [(name, claim) for name in NAMES]
        me = system.call("GET", "/api/users/me", token=customer.token, headers=headers)
        assert (me.status, me.json()["id"]) == (200, customer.id), claim
        assert system.call("GET", "/api/users", token=customer.token, headers=headers).status == 403
        assert system.call("GET", f"/api/orders/{other}", token=customer.token, headers=headers).status == 404
        assert statuses(system, customer.token, headers=headers) == BELIEVED


def test_without_a_token_no_header_helps(system: System, admin: str) -> None:
    """Through the gateway, and at each service for whoever found a way around it: 401."""
    for claim in _claims(admin):
        headers = [(name, claim) for name in NAMES]
        assert statuses(system, headers=headers) == REFUSED
        assert statuses(system, headers=headers, direct=True) == REFUSED


def test_each_name_is_useless_by_itself(system: System, admin: str) -> None:
    """Also when no other header gives it away."""
    for name in NAMES:
        assert ask(system, "orders", headers={name: admin}).status == 401, name
        assert ask(system, "orders", headers={name: admin}, direct=True).status == 401, name


def test_two_authorizations_are_one_too_many(system: System, customer: Account) -> None:
    """Which of the two would count? Nobody has to find out: 400."""
    two = [("Authorization", f"Bearer {customer.token}"), ("Authorization", f"Bearer {system.admin_token()}")]
    assert system.call("GET", "/api/users/me", headers=two).status == 400


def test_the_key_of_a_service_opens_what_it_is_for(system: System) -> None:
    """Introspection: the gateway may ask, payments with its own key may not, nor a stranger; from outside nobody."""
    keys = {system.service_key("gateway"): 200, system.service_key("payments"): 401, secrets.token_hex(16): 401}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for key, expected in keys.items():
        sent = {**form, "X-Api-Key": key}
        asked = system.call("POST", "/auth/introspect", content=b"token=x", headers=sent, service="users")
        assert asked.status == expected
        assert system.call("POST", "/api/auth/introspect", content=b"token=x", headers=sent).status == 404
