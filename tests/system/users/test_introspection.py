"""Introspection (RFC 7662): everything about a good token to services, nothing about any other, nothing to others."""

from __future__ import annotations

import jwt
import pytest

from processes.valkey import Valkey
from tests.system.messaging.waiting import until
from tests.system.users.running import FORM, SERVICE_KEYS, Users

INACTIVE = {"active": False}


async def test_an_active_jwt_is_described_by_its_claims(users: Users) -> None:
    """Who, until when, with which roles, of which session; not to be stored."""
    person = await users.person()
    answer = await users.introspect(person.access)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    claims = jwt.decode(person.access, options={"verify_signature": False})
    del claims["nbf"]
    assert answer.json() == {"active": True, "token_type": "Bearer", **claims}
    assert (claims["sub"], claims["roles"], claims["aud"]) == (person.id, ["customer"], "shop")


async def test_an_active_opaque_token_is_described_alike(users: Users) -> None:
    """The same fields, but for the id of a JWT, and for the same services."""
    person = await users.person("opaque")
    for caller in ("gateway", "orders"):
        known = (await users.introspect(person.access, caller)).json()
        assert set(known) == {"active", "token_type", "sub", "sid", "roles", "iat", "exp", "iss", "aud"}
        assert (known["sub"], known["active"], known["roles"]) == (person.id, True, ["customer"])
        assert known["exp"] - known["iat"] == 900


async def test_anything_else_is_inactive_and_not_a_word_more(users: Users) -> None:
    """Invented, refresh tokens, changed, of nobody: exactly {"active": false}, whatever is wrong with it."""
    person, opaque = await users.person(), await users.person("opaque")
    head, body, signature = person.access.split(".")
    tokens = ("x", "\x00", "a.b.c", "..", "é" * 3000, person.refresh, opaque.access[:-1], opaque.access + "x")
    for token in (*tokens, f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{body}.", "x." * 1000, "." * 5000):
        answer = await users.introspect(token)
        assert (answer.status_code, answer.json(), answer.headers["cache-control"]) == (200, INACTIVE, "no-store"), (
            token
        )


async def test_an_opaque_token_ends_by_itself(users: Users) -> None:
    """Redis forgets it when it expires, with the index of its session; then it is inactive."""
    person = await users.person("opaque")
    keys = await users.redis.call("KEYS", "opaque:*")
    assert len(keys) == 2
    for key in keys:
        assert 890 <= await users.redis.call("TTL", key) <= 900
        await users.redis.call("PEXPIRE", key, 1)
    await until(lambda: inactive(users, person.access))


async def inactive(users: Users, token: str) -> bool:
    """Whether the token is described as nothing at all."""
    return bool((await users.introspect(token)).json() == INACTIVE)


async def test_only_services_that_need_it_may_ask(users: Users) -> None:
    """No key, a wrong one, one of a service that has no business here: a problem, and not a word about the token."""
    person = await users.person()
    keys = {None: 401, "": 401, "not-a-key": 401, SERVICE_KEYS["payments"]: 403, SERVICE_KEYS["orders"]: 200}
    for key, status in keys.items():
        headers = {"X-Api-Key": key} if key is not None else {}
        answer = await users.call("POST", "/auth/introspect", headers=headers, data={"token": person.access})
        assert answer.status_code == status
        assert (person.id in answer.text) == (status == 200)
        assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_no_user_may_ask_whatever_they_are(users: Users) -> None:
    """An administrator's token is no service key."""
    admin = await users.admin()
    answer = await users.call("POST", "/auth/introspect", admin.access, data={"token": admin.access})
    assert answer.status_code == 401


async def test_the_caller_is_known_before_anything_is_read(users: Users) -> None:
    """A stranger with a bad form learns that he is a stranger, and not what is wrong with the form."""
    assert (await users.call("POST", "/auth/introspect", json={"token": "x"})).status_code == 401
    gateway = {"X-Api-Key": SERVICE_KEYS["gateway"]}
    assert (await users.call("POST", "/auth/introspect", headers=gateway, json={"token": "x"})).status_code == 415
    answer = await users.call("POST", "/auth/introspect", headers={**gateway, **FORM}, content=b"token=a&token=b")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("kind", ["jwt", "opaque"])
async def test_without_redis_nothing_is_said_about_a_token(shaky: Users, own_redis: Valkey, kind: str) -> None:
    """Neither active nor inactive would be known to be true, so it is a 503."""
    person = await shaky.person(kind)
    own_redis.stop()
    answer = await shaky.introspect(person.access)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")


async def test_redis_holds_no_token_that_works(users: Users) -> None:
    """Neither keys nor values contain an opaque token, and the hash in their place is not one."""
    person = await users.person("opaque")
    (key,) = [key for key in await users.redis.call("KEYS", "opaque:*") if ":sid:" not in key]
    assert person.access not in key + await users.redis.call("GET", key)
    assert (await users.introspect(key.removeprefix("opaque:"))).json() == INACTIVE
