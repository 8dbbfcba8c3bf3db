"""Who is asking, and what they may do: the gateway's header, service keys, and the dependencies that routes use."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import jwt
import pytest
from fastapi import Depends
from httpx import ASGITransport, AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from chassis.identity import internal
from chassis.identity.claims import InvalidToken
from chassis.identity.dependency import current_identity, identity_required, require, require_or_caller
from chassis.identity.internal import parse_keys, sign, verify
from chassis.identity.model import Identity
from chassis.identity.permissions import ROLES, permissions_of
from chassis.identity.service_keys import caller_of, caller_required, hash_key, parse_callers
from chassis.middleware import Edge
from chassis.service import new_api

NEW, OLD = "n" * 64, "o" * 64
KEYS = parse_keys(f"k1={NEW},k0={OLD}")
ANN = Identity("ann", frozenset({"support"}), permissions_of(["support"]), "user", "t-1", "s-1", 2_000_000_000)


def test_a_signed_identity_is_read_as_it_was_written() -> None:
    """Everything but the permissions, which follow from the roles."""
    assert verify(sign(ANN, KEYS, "orders"), KEYS, "orders") == ANN
    plain = Identity("svc", frozenset(), frozenset(), "service")
    assert verify(sign(plain, KEYS, "orders"), KEYS, "orders") == plain


def test_the_first_key_signs_and_all_verify() -> None:
    """That is how the key is rotated: add the new one everywhere, put it first, remove the old one."""
    by_old = sign(ANN, parse_keys(f"k0={OLD}"), "orders")
    assert verify(by_old, KEYS, "orders") == ANN
    assert jwt.get_unverified_header(sign(ANN, KEYS, "orders"))["kid"] == "k1"
    with pytest.raises(InvalidToken):
        verify(by_old, parse_keys(f"k1={NEW}"), "orders")


def _encoded(key: str = NEW, kid: object = "k1", algorithm: str = "HS256", **changed: Any) -> str:
    now = int(time.time())
    claims = {"iss": "gateway", "aud": "orders", "sub": "ann", "roles": ["admin"], "kind": "user", "iat": now}
    said = {**claims, "exp": now + 30, **changed}
    headers = {"kid": kid} if kid is not None else {}
    return jwt.encode(
        {name: value for name, value in said.items() if value is not None}, key, algorithm=algorithm, headers=headers
    )


@pytest.mark.parametrize(
    "header",
    [
        _encoded(aud="payments"),
        _encoded(iss="orders"),
        _encoded(exp=int(time.time()) - 1),
        _encoded(exp=None),
        _encoded(iat=None),
        _encoded(kind=None),
        _encoded(aud=None),
        _encoded(key="x" * 64),
        _encoded(key=OLD),
        _encoded(kid=None),
        _encoded(kid="k9"),
        _encoded(algorithm="HS512", key=NEW),
        _encoded(key="", algorithm="none"),
        "",
        "ann",
        "..",
        "\u00e9.\u00e9.\u00e9",
        base64.urlsafe_b64encode(b"[" * 20_000).decode() + ".e30.x",
        base64.urlsafe_b64encode(b'{"kid":' + b"[" * 20_000).decode() + ".e30.x",
    ],
    ids=[
        "audience",
        "issuer",
        "expired",
        "endless",
        "undated",
        "kindless",
        "anybody",
        "forged",
        "swapped",
        "keyless",
        "unknown",
        "longer",
        "none",
        "empty",
        "plain",
        "dots",
        "accents",
        "deep",
        "deeper",
    ],
)
def test_a_header_that_does_not_prove_itself_is_refused(header: str) -> None:
    """For another service, of another issuer, too old, by another key or algorithm, or no header at all."""
    with pytest.raises(InvalidToken):
        verify(header, KEYS, "orders")


@given(st.text(max_size=200))
def test_any_header_is_an_identity_or_refused(header: str) -> None:
    """Nothing else is raised for what somebody sends."""
    with pytest.raises(InvalidToken):
        verify(header.encode("latin-1", "replace").decode("latin-1"), KEYS, "orders")


def test_a_header_lives_for_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long enough for one request, too short to be worth stealing."""
    monkeypatch.setattr("chassis.identity.internal.time.time", lambda: NOW - internal.LIFETIME - 1)
    header = sign(ANN, KEYS, "orders")
    monkeypatch.undo()
    with pytest.raises(InvalidToken):
        verify(header, KEYS, "orders")


NOW = time.time()


@pytest.mark.parametrize("text", ["", " , ", "k1", "k1=short", f"={NEW}", f"k1={NEW},k1={OLD}", f"k1={NEW},k0=short"])
def test_keys_that_cannot_be_used_are_refused(text: str) -> None:
    """Too short to resist guessing, without a name, or two of one name; the message repeats none of them."""
    with pytest.raises(ValueError, match="key") as refused:
        parse_keys(text)
    assert NEW not in str(refused.value)


KEY_A, KEY_B = "key-of-gateway", "key-of-orders"
CALLERS = parse_callers(
    f"gateway=sha256:{hash_key('older')},sha256:{hash_key(KEY_A)}; orders=sha256:{hash_key(KEY_B)} ;"
)


def test_a_service_key_names_its_caller() -> None:
    """Two keys per caller, so that one can be replaced while the other still works."""
    assert caller_of(KEY_A, CALLERS) == caller_of("older", CALLERS) == "gateway"
    assert caller_of(KEY_B, CALLERS) == "orders"


@given(st.text(max_size=60))
def test_other_keys_name_nobody(key: str) -> None:
    """Whatever bytes a header carries."""
    assert caller_of(key.encode("utf-8", "replace").decode("latin-1"), CALLERS) is None


@pytest.mark.parametrize(
    "text",
    [
        "gateway",
        "gateway=",
        "gateway=plain",
        "gateway=md5:abc",
        "gateway=sha256:abc",
        f"=sha256:{'a' * 64}",
        f"a=sha256:{'a' * 64};a=sha256:{'b' * 64}",
        f"a=sha256:{'A' * 64}",
        f"a=sha256:{'g' * 64}",
    ],
)
def test_only_hashes_are_configured(text: str) -> None:
    """A plain key, another hash, or two callers of one name are refused."""
    with pytest.raises(ValueError, match=r"key hash|each caller"):
        parse_callers(text)


def test_a_fresh_key_is_printed_with_its_hash() -> None:
    """Once, for the one who calls and for those who are called; the two belong together."""
    command = [sys.executable, "-m", "chassis.identity.service_keys", "orders"]
    env = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    key, hashed = (line.split("=", 1)[1] for line in done.stdout.splitlines())
    assert caller_of(key, parse_callers(hashed)) == "orders"
    assert hashed == f"orders=sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def test_each_role_may_what_the_smaller_one_may() -> None:
    """Customer, support, admin: each adds; several roles add up."""
    assert ROLES["customer"] < ROLES["support"] < ROLES["admin"]
    assert permissions_of(["customer", "nobody"]) == ROLES["customer"]
    assert permissions_of([]) == frozenset()
    assert permissions_of(["customer", "support"]) == ROLES["support"]


class Tokens:
    """A verifier that knows two tokens."""

    async def verify(self, token: str) -> Identity:
        """Whose token this is."""
        known = {"ann.of.support": ANN, "ben.the.customer": _user("ben", "customer")}
        if token not in known:
            raise InvalidToken("unknown")
        return known[token]


def _user(name: str, *roles: str) -> Identity:
    return Identity(name, frozenset(roles), permissions_of(roles), "user")


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    """A service with a route of each kind."""
    api = new_api("Guarded")
    api.state.identify = identity_required(Tokens(), KEYS, "orders")
    api.state.callers = CALLERS

    @api.get("/me")
    async def me(identity: Annotated[Identity, Depends(current_identity)]) -> str:
        return identity.subject

    @api.get("/any")
    async def read_any(identity: Annotated[Identity, Depends(require("orders:read:any"))]) -> str:
        return identity.subject

    @api.get("/internal")
    async def internally(caller: Annotated[str, Depends(caller_required("orders"))]) -> str:
        return caller

    @api.get("/both")
    async def both(identity: Annotated[Identity, Depends(require_or_caller("payments:read:any", "orders"))]) -> str:
        return f"{identity.kind} {identity.subject}"

    transport = ASGITransport(app=Edge(api, max_body=1000))
    async with AsyncClient(transport=transport, base_url="http://s") as client:
        yield client


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _header(identity: Identity, audience: str = "orders") -> dict[str, str]:
    return {"X-Identity": sign(identity, KEYS, audience)}


# A signed header lives for a minute only, and tests are collected long before they run: each is signed by its test.
GOOD: dict[str, Callable[[], dict[str, str]]] = {
    "token": lambda: _bearer("ann.of.support"),
    "spelling": lambda: {"Authorization": "bEARER   ann.of.support "},
    "header": lambda: _header(ANN),
    "both": lambda: _header(ANN) | _bearer("ann.of.support"),
    "opaque": lambda: _header(ANN) | _bearer("opaquetoken"),
}
BAD: dict[str, Callable[[], dict[str, str]]] = {
    "forged": lambda: _bearer("forged.token.x"),
    "opaque alone": lambda: _bearer("opaquetoken"),
    "audience": lambda: _header(ANN, "payments"),
    "plain": lambda: {"X-Identity": "ann"},
    "empty": lambda: {"X-Identity": ""},
    "disagree": lambda: _header(ANN) | _bearer("ben.the.customer"),
    "half": lambda: _header(ANN) | _bearer("forged.token.x"),
    "other half": lambda: {"X-Identity": "forged"} | _bearer("ann.of.support"),
    "deep": lambda: {"X-Identity": base64.urlsafe_b64encode(b"[" * 20_000).decode() + ".e30.x"},
}


@pytest.mark.parametrize("proof", GOOD)
async def test_who_is_proven_is_let_in(client: AsyncClient, proof: str) -> None:
    """By a token, by the gateway's word, or by both when they agree."""
    answer = await client.get("/me", headers=GOOD[proof]())
    assert (answer.status_code, answer.json()) == (200, "ann")


@pytest.mark.parametrize("proof", BAD)
async def test_a_bad_proof_is_a_401_that_says_no_more(client: AsyncClient, proof: str) -> None:
    """One answer for all of them: which check failed would guide a forger."""
    answer = await client.get("/me", headers=BAD[proof]())
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="shop", error="invalid_token"'
    body = json.loads(answer.content)
    assert (body["title"], "detail" in body) == ("The access token is not valid", False)


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}, {"X-User": "ann"}]
)
async def test_no_proof_is_a_401_that_says_what_is_wanted(client: AsyncClient, headers: dict[str, str]) -> None:
    """Without an error code, as RFC 6750 says for a request that shows nothing."""
    answer = await client.get("/me", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="shop"'


async def test_a_permission_is_asked_for_and_not_a_role(client: AsyncClient) -> None:
    """Who is known and may not is told which permission it takes."""
    assert (await client.get("/any", headers=_bearer("ann.of.support"))).status_code == 200
    refused = await client.get("/any", headers=_bearer("ben.the.customer"))
    assert (refused.status_code, refused.json()["detail"]) == (403, "This needs the permission orders:read:any.")
    assert (await client.get("/any")).status_code == 401


async def test_service_keys_open_what_they_are_for(client: AsyncClient) -> None:
    """Unknown: 401. Known, and not meant: 403."""
    assert (await client.get("/internal", headers={"X-Api-Key": KEY_B})).json() == "orders"
    assert (await client.get("/internal", headers={"X-Api-Key": KEY_A})).status_code == 403
    for headers in ({}, {"X-Api-Key": ""}, {"X-Api-Key": "guess"}, _bearer("ann.of.support")):
        answer = await client.get("/internal", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("ApiKey")


async def test_a_service_that_forwards_a_user_may_no_more_than_the_user(client: AsyncClient) -> None:
    """Its own key counts only when it asks for itself."""
    key = {"X-Api-Key": KEY_B}
    assert (await client.get("/both", headers=key)).json() == "service orders"
    assert (await client.get("/both", headers=key | _bearer("ann.of.support"))).json() == "user ann"
    assert (await client.get("/both", headers=key | _bearer("ben.the.customer"))).status_code == 403
    assert (await client.get("/both", headers={"X-Api-Key": KEY_A})).status_code == 401
    assert (await client.get("/both", headers=key | {"X-Identity": "forged"})).status_code == 401
