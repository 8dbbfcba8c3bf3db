"""Whose token it is decides who gets in: forged, foreign, expired and withdrawn ones do not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chassis.identity.denylist import Denylist
from chassis.identity.internal import parse_keys, verify
from chassis.redis import Redis
from tests.system.gateway.conftest import StartGateway
from tests.system.gateway.running import IDENTITY_KEY, Gateway, routes, until
from tests.system.gateway.tokens import KID, bearer, claims, jwks, private_key, token, unsigned
from tests.system.gateway.upstream import Behaviour, Received, Upstream, answer, answer_json, hang, hang_up

USER = str(uuid.uuid4())
GOOD_HEADER = {"alg": "RS256", "typ": "at+jwt", "kid": KID}
MINE = {"path": "/api/mine", "methods": ["GET"], "upstream": "orders"}


def signed_as(header: dict[str, Any]) -> str:
    """A token with a genuine signature of the right key under this header."""
    return jwt.encode(claims(USER), private_key(), algorithm="RS256", headers=header)


def confused() -> str:
    """HS256 with the published key as its secret: what a verifier accepts that believes the header."""
    pem = (
        private_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    parts = unsigned(claims(USER), {**GOOD_HEADER, "alg": "HS256"}).rsplit(".", 1)[0]
    signature = hmac.new(pem, parts.encode(), hashlib.sha256).digest()
    return f"{parts}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def tampered() -> str:
    """A good token whose claims were exchanged."""
    header, _, signature = token(USER).split(".")
    other = base64.urlsafe_b64encode(json.dumps(claims(USER, "admin")).encode()).rstrip(b"=").decode()
    return f"{header}.{other}.{signature}"


def of_another_key() -> str:
    """Signed by somebody else under our key's name."""
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims(USER), stranger, algorithm="RS256", headers={"kid": KID, "typ": "at+jwt"})


BAD: dict[str, Callable[[], str]] = {
    "alg none": lambda: unsigned(claims(USER), {**GOOD_HEADER, "alg": "none"}),
    "alg None": lambda: unsigned(claims(USER), {**GOOD_HEADER, "alg": "None"}),
    "alg HS256": confused,
    "no signature": lambda: unsigned(claims(USER), GOOD_HEADER),
    "exchanged claims": tampered,
    "another key": of_another_key,
    "unknown kid": lambda: signed_as({"kid": "nobody", "typ": "at+jwt"}),
    "no kid": lambda: signed_as({"typ": "at+jwt"}),
    "kid as a path": lambda: signed_as({"kid": "../../etc/passwd", "typ": "at+jwt"}),
    "another type": lambda: signed_as({"kid": KID, "typ": "JWT"}),
    "a critical extension": lambda: signed_as({"kid": KID, "typ": "at+jwt", "crit": ["x"], "x": 1}),
    "expired": lambda: token(USER, exp=int(time.time()) - 60),
    "not yet valid": lambda: token(USER, nbf=int(time.time()) + 600),
    "wrong audience": lambda: token(USER, aud="bank"),
    "wrong issuer": lambda: token(USER, iss="https://evil.test"),
    "no expiry": lambda: token(USER, exp=None),
    "no subject": lambda: token(USER, sub=None),
    "no id": lambda: token(USER, jti=None),
    "roles as text": lambda: token(USER, roles="admin"),
    "subject as number": lambda: token(USER, sub=7),
    "dots": lambda: "a.b.c",
    "only dots": lambda: "..",
    "too long": lambda: token(USER, filler="x" * 5000),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_a_bad_token_is_no_token(gateway: Gateway, upstream: Upstream, bad: Callable[[], str]) -> None:
    """Each gets the same 401 with a challenge, and none of them reaches the service."""
    answered = await gateway.get("/api/mine", **bearer(bad()))
    assert answered.status_code == 401
    assert answered.headers["www-authenticate"] == 'Bearer realm="shop", error="invalid_token"'
    assert answered.headers["content-type"] == "application/problem+json"
    assert upstream.received == []


@pytest.mark.parametrize("value", ["Basic dXNlcjpwYXNz", "Bearer", "bearer", "Token x", "x"])
async def test_another_scheme_is_no_token(gateway: Gateway, upstream: Upstream, value: str) -> None:
    """What is not a bearer token is refused, also where a token may be left out."""
    for path in ("/api/mine", "/api/either"):
        answered = await gateway.get(path, Authorization=value)
        assert answered.status_code == 401
        assert answered.headers["www-authenticate"].startswith("Bearer")
    assert upstream.received == []


async def test_a_token_is_needed_where_the_route_says_so(gateway: Gateway) -> None:
    """Without one: 401 with a challenge where it is required, 200 where it is optional or not asked for."""
    assert (await gateway.get("/api/mine")).headers["www-authenticate"] == 'Bearer realm="shop"'
    for path, status in (("/api/mine", 401), ("/api/either", 200), ("/api/things", 200)):
        assert (await gateway.get(path)).status_code == status
    assert (await gateway.get("/api/things", Authorization="Bearer a.b.c")).status_code == 200
    assert (await gateway.get("/api/either", Authorization="Bearer a.b.c")).status_code == 401


async def test_a_withdrawn_token_is_refused_at_once(gateway: Gateway, upstream: Upstream, redis_url: str) -> None:
    """Denied by its id or by its session, a token that still has time to live is refused from then on."""
    redis = Redis(redis_url)
    denylist = Denylist(redis)
    expires = int(time.time()) + 900
    for deny, name in ((denylist.deny, "jti"), (denylist.deny_session, "sid")):
        value = uuid.uuid4().hex
        shown = bearer(token(USER, **{name: value}))
        assert (await gateway.get("/api/mine", **shown)).status_code == 200
        await deny(value, expires)
        assert (await gateway.get("/api/mine", **shown)).status_code == 401
        assert (await gateway.get("/api/either", **shown)).status_code == 401
    assert len(upstream.received) == 2
    await redis.stop()


async def test_keys_that_were_loaded_go_on_working(gateway: Gateway, keys: Upstream) -> None:
    """Users may be down: tokens are verified with the keys that are known."""
    assert (await gateway.get("/api/mine", **bearer(token()))).status_code == 200
    await keys.stop()
    assert (await gateway.get("/api/mine", **bearer(token()))).status_code == 200
    assert (await gateway.get("/health/ready")).status_code == 200


async def test_without_any_key_nothing_is_said_about_tokens(
    start_gateway: StartGateway, upstream: Upstream, keys: Upstream
) -> None:
    """503 and not ready until the first keys came, for 401 would end good sessions; then all is well by itself."""
    keys.behave = answer(503)
    gateway = await start_gateway(routes({"orders": [upstream.url]}, MINE))
    answered = await gateway.get("/api/mine", **bearer(token()))
    assert (answered.status_code, answered.headers["retry-after"]) == (503, "2")
    assert (await gateway.get("/health/ready")).status_code == 503
    assert (await gateway.get("/health/live")).status_code == 200
    keys.behave = answer_json(jwks())
    before = len(keys.received)
    await until(lambda: len(keys.received) > before)
    assert (await gateway.get("/api/mine", **bearer(token()))).status_code == 200


def users(active: dict[str, Any]) -> Behaviour:
    """A users that knows one opaque token."""

    async def introspect(request: Received, writer: Any) -> None:
        assert (request.method, request.target) == ("POST", "/auth/introspect")
        assert request.value("content-type") == "application/x-www-form-urlencoded"
        assert request.value("x-api-key") == "the-service-key"
        known = request.body == b"token=opaque%2F1"
        await answer_json(active if known else {"active": False})(request, writer)

    return introspect


@pytest.fixture
async def asking(start_gateway: StartGateway, upstream: Upstream, issuer: Upstream) -> Gateway:
    """A gateway with a users to ask about opaque tokens."""
    described = {"orders": [upstream.url], "users": [issuer.url]}
    return await start_gateway(routes(described, MINE), service_key="the-service-key")


@pytest.fixture
async def issuer(start_upstream: Any) -> Upstream:
    """A users where the token opaque/1 is active."""
    started: Upstream = await start_upstream(users({"active": True, "sub": USER, "roles": ["support"], "sid": "s-1"}))
    return started


async def test_an_opaque_token_is_exchanged_for_an_identity(
    asking: Gateway, upstream: Upstream, issuer: Upstream
) -> None:
    """Users says whom it stands for; the service gets a signed header, as for a JWT."""
    assert (await asking.get("/api/mine", **bearer("opaque/1"))).status_code == 200
    identity = verify(upstream.received[0].value("x-identity"), parse_keys(f"k1={IDENTITY_KEY}"), "orders")
    assert (identity.subject, set(identity.roles), identity.session_id) == (USER, {"support"}, "s-1")
    assert (await asking.get("/api/mine", **bearer("opaque/2"))).status_code == 401
    assert (await asking.get("/api/mine", **bearer(token()))).status_code == 200
    assert len(issuer.received) == 2  # a JWT is nothing to ask about


async def test_a_revoked_opaque_token_is_refused_at_once(asking: Gateway, issuer: Upstream) -> None:
    """Nothing is remembered: the next request after the revocation is refused."""
    assert (await asking.get("/api/mine", **bearer("opaque/1"))).status_code == 200
    issuer.behave = answer_json({"active": False})
    assert (await asking.get("/api/mine", **bearer("opaque/1"))).status_code == 401


async def test_a_denied_session_ends_opaque_tokens_too(asking: Gateway, redis_url: str) -> None:
    """The session behind an opaque token is looked up on the denylist like any other."""
    redis = Redis(redis_url)
    await Denylist(redis).deny_session("s-1", int(time.time()) + 900)
    assert (await asking.get("/api/mine", **bearer("opaque/1"))).status_code == 401
    await redis.stop()


@pytest.mark.parametrize(
    "behaviour",
    [
        answer(500),
        answer(401),
        answer(200, "not json"),
        answer_json([]),
        answer_json({"active": "yes"}),
        answer_json({}),
        answer(200, b"[" * 100_000),
        hang_up,
        hang,
    ],
    ids=["500", "401", "not JSON", "a list", "active as text", "nothing", "nested", "hangs up", "hangs"],
)
async def test_when_users_cannot_say_nobody_guesses(asking: Gateway, issuer: Upstream, behaviour: Behaviour) -> None:
    """No usable answer is 503: neither does the token pass, nor is a good session ended by a 401."""
    issuer.behave = behaviour
    answered = await asking.get("/api/mine", **bearer("opaque/1"))
    assert (answered.status_code, answered.headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize("said", [{}, {"sub": 7}, {"sub": ""}, {"sub": None}])
async def test_an_active_token_of_nobody_is_refused(asking: Gateway, issuer: Upstream, said: dict[str, Any]) -> None:
    """Active, but without a subject that could be anybody."""
    issuer.behave = answer_json({"active": True, **said})
    assert (await asking.get("/api/mine", **bearer("opaque/1"))).status_code == 401


async def test_a_failed_instance_of_users_is_not_the_end(asking: Gateway, issuer: Upstream) -> None:
    """Asking changes nothing, so it is repeated."""
    issuer.script = [hang_up]
    assert (await asking.get("/api/mine", **bearer("opaque/1"))).status_code == 200


async def test_without_a_users_opaque_tokens_cannot_be_checked(start_gateway: StartGateway, upstream: Upstream) -> None:
    """A routes file that names no users leaves JWTs working and opaque tokens at 503."""
    gateway = await start_gateway(routes({"orders": [upstream.url]}, MINE))
    assert (await gateway.get("/api/mine", **bearer("opaque"))).status_code == 503
    assert (await gateway.get("/api/mine", **bearer(token()))).status_code == 200
