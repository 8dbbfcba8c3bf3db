"""Logging out and revoking: at once, for good, and never claimed when it is not true yet."""

from __future__ import annotations

import time

import jwt
import pytest

from chassis.identity.denylist import Denylist
from chassis.identity.internal import parse_keys, sign
from processes.valkey import Valkey
from tests.system.messaging.waiting import until
from tests.system.users.running import FORM, IDENTITY_KEY, Users
from users.denials import Denials
from users.opaque import OpaqueTokens, identity_in
from users.sweeper import Sweeper


async def revoke(users: Users, token: str, **extra: str) -> int:
    """Revoke a token; the status."""
    return (await users.call("POST", "/auth/revoke", data={"token": token, **extra})).status_code


@pytest.mark.parametrize("kind", ["jwt", "opaque"])
async def test_a_logout_ends_this_session_and_no_other(users: Users, kind: str) -> None:
    """204; its refresh token and all its access tokens are dead, the user's other session lives."""
    person = await users.person(kind)
    newer = (await users.refresh(person.refresh)).json()
    other = await users.session(person.email, token_type=kind)
    answer = await users.call("POST", "/auth/logout", newer["access_token"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await users.refresh(newer["refresh_token"])).status_code == 401
    assert not await users.is_active(newer["access_token"])
    assert not await users.is_active(person.access)
    assert await users.is_active(other.access)
    assert (await users.refresh(other.refresh)).status_code == 200


async def test_a_logout_denies_by_jti_and_sid_for_as_long_as_the_token_lives(users: Users) -> None:
    """What the gateway looks for is in Redis, and goes by itself when nobody could believe the token any more."""
    person = await users.person()
    claims = jwt.decode(person.access, options={"verify_signature": False})
    await users.call("POST", "/auth/logout", person.access)
    for key in (f"deny:jti:{claims['jti']}", f"deny:sid:{claims['sid']}"):
        left = await users.redis.call("TTL", key)
        assert claims["exp"] - time.time() - 2 <= left <= claims["exp"] - time.time() + 10, key


async def test_nothing_of_an_opaque_session_is_left_in_redis(users: Users) -> None:
    """Tokens and index are deleted, not only denied."""
    person = await users.person("opaque")
    await users.refresh(person.refresh)
    assert len(await users.redis.call("KEYS", "opaque:*")) == 3
    await users.call("POST", "/auth/logout", person.access)
    assert await users.redis.call("KEYS", "opaque:*") == []


async def test_a_logout_through_the_gateway_ends_an_opaque_session(users: Users) -> None:
    """The gateway has exchanged the opaque token for its own header; the session in it is the one that ends."""
    person = await users.person("opaque")
    content = (await users.introspect(person.access)).json()
    header = sign(identity_in(content), parse_keys(f"k1={IDENTITY_KEY}"), "users")
    answer = await users.call("POST", "/auth/logout", person.access, headers={"X-Identity": header})
    assert answer.status_code == 204
    assert not await users.is_active(person.access)


async def test_logging_out_twice_is_logging_out(users: Users) -> None:
    """A repeat finds what it asks for and says so again."""
    person = await users.person()
    for _ in range(2):
        assert (await users.call("POST", "/auth/logout", person.access)).status_code == 204


async def test_revoking_a_refresh_token_ends_its_session(users: Users) -> None:
    """Even a used one: whoever holds it holds the session. A wrong hint changes nothing."""
    person = await users.person()
    newer = (await users.refresh(person.refresh)).json()
    assert await revoke(users, person.refresh, token_type_hint="access_token") == 200
    assert (await users.refresh(newer["refresh_token"])).status_code == 401
    assert not await users.is_active(newer["access_token"])


@pytest.mark.parametrize("kind", ["jwt", "opaque"])
async def test_revoking_an_access_token_ends_it_alone(users: Users, kind: str) -> None:
    """That one is dead, another one of the same session is not, and the session goes on."""
    person = await users.person(kind)
    newer = (await users.refresh(person.refresh)).json()
    assert await revoke(users, person.access, token_type_hint="refresh_token") == 200
    assert not await users.is_active(person.access)
    assert await users.is_active(newer["access_token"])
    assert (await users.refresh(newer["refresh_token"])).status_code == 200


async def test_revoking_anything_else_is_200_as_well(users: Users) -> None:
    """Unknown, malformed, forged, revoked before: what the client wants is true, and nothing is told."""
    person = await users.person()
    forged = ".".join([*person.access.split(".")[:2], "AAAA"])
    for token in (
        "x",
        "\x00",
        "a.b.c",
        "shop_at_x",
        "shop_rt_x",
        "é\ud7ff" * 2000,
        forged,
        person.access,
        person.access,
    ):
        answer = await users.call("POST", "/auth/revoke", data={"token": token})
        assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (200, b"", "no-store")
    assert not await users.is_active(person.access)


async def test_the_form_has_one_token_and_is_a_form(users: Users) -> None:
    """No token, an empty one, two, one in the query: 400 with the code of RFC 6749. JSON: 415. All of them problems."""
    person = await users.person()
    bodies = [b"", b"token=", b"token=a&token=b", b"hint=x", b"token=a&" + b"&".join([b"x=1"] * 50), b"token=\xff&\xff"]
    for path in ("/auth/revoke", f"/auth/revoke?token={person.access}"):
        for body in bodies[:4] if "?" in path else bodies[:-1]:
            answer = await users.call("POST", path, headers=FORM, content=body)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), body
            assert answer.headers["content-type"] == "application/problem+json"
    for kind in ("application/json", "multipart/form-data; boundary=x", "", "text/plain"):
        answer = await users.call("POST", "/auth/revoke", headers={"content-type": kind}, content=bodies[1])
        assert answer.status_code == 415, kind
    assert (await users.call("POST", "/auth/revoke", headers=FORM, content=bodies[-1])).status_code == 400
    assert await users.is_active(person.access)


@pytest.mark.parametrize("kind", ["jwt", "opaque"])
async def test_a_logout_without_redis_is_a_503_that_comes_true_by_itself(
    shaky: Users, own_redis: Valkey, kind: str
) -> None:
    """The refresh token is dead at once; the access token as soon as Redis is back, without anybody asking again."""
    person = await shaky.person(kind)
    header = {}
    if kind == "opaque":  # the gateway cannot introspect now, but may have done so a moment ago
        content = (await shaky.introspect(person.access)).json()
        header = {"X-Identity": sign(identity_in(content), parse_keys(f"k1={IDENTITY_KEY}"), "users")}
    own_redis.stop()
    answer = await shaky.call("POST", "/auth/logout", person.access, headers=header)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "The session is ended" in answer.json()["detail"]
    assert (await shaky.refresh(person.refresh)).status_code == 401
    own_redis.start()

    async def denied() -> bool:
        return not await shaky.is_active(person.access)

    await until(denied)


async def test_a_revocation_without_redis_is_never_claimed(shaky: Users, own_redis: Valkey) -> None:
    """Of each kind of token: 503, after which the client has to assume that the token lives (RFC 7009, 2.2.1)."""
    signed, opaque = await shaky.person(), await shaky.person("opaque")
    own_redis.stop()
    for token in (signed.access, signed.refresh, opaque.access, opaque.refresh):
        assert await revoke(shaky, token) == 503


async def test_revocations_survive_a_redis_that_forgets(shaky: Users, own_redis: Valkey) -> None:
    """Redis comes back empty: what was revoked before is revoked again within moments."""
    ended, single, alive = [await shaky.person() for _ in range(3)]
    assert (await shaky.call("POST", "/auth/logout", ended.access)).status_code == 204
    assert await revoke(shaky, single.access) == 200
    await until(lambda: marked(shaky))
    await shaky.rows("UPDATE denials SET delivered = true")
    own_redis.stop()
    own_redis.start()

    async def denied() -> bool:
        return not await shaky.is_active(ended.access) and not await shaky.is_active(single.access)

    await until(denied)
    await until(lambda: marked(shaky))
    assert await shaky.is_active(alive.access)


async def test_a_redis_that_forgets_while_it_is_told_is_told_again(
    users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Emptied once more between two revocations, it is not taken for complete; in the end all are there."""
    people = [await users.person() for _ in range(3)]
    for person in people:
        assert (await users.call("POST", "/auth/logout", person.access)).status_code == 204
    await users.rows("UPDATE denials SET delivered = true")
    denylist = Denylist(users.redis)
    deny, told = denylist.deny_session, 0

    async def interrupted(session: str, expires: int) -> None:
        nonlocal told
        await deny(session, expires)
        told += 1
        if told == 2:
            await users.redis.call("FLUSHDB")

    monkeypatch.setattr(denylist, "deny_session", interrupted)
    await users.redis.call("FLUSHDB")
    await Denials(users.parts.database, users.redis, denylist, OpaqueTokens(users.redis)).catch_up()

    async def all_denied() -> bool:
        return not any([await users.is_active(person.access) for person in people])

    await until(all_denied)


async def marked(users: Users) -> bool:
    """Whether Redis is known to have all revocations."""
    return bool(await users.redis.call("GET", "deny:complete") == "yes")


async def test_what_has_expired_is_forgotten(users: Users) -> None:
    """Denials, tokens and sessions that nothing can need any more are deleted; others stay."""
    old, new = await users.person(), await users.person()
    await users.call("POST", "/auth/logout", old.access)
    await users.rows("UPDATE denials SET expires_at = now() - interval '1 day'")
    past = "UPDATE sessions SET expires_at = now() - interval '8 days', access_until = now() - interval '8 days'"
    await users.rows(f"{past} WHERE user_id = :id", id=old.id)
    (sweeper,) = [one for one in users.service.components if isinstance(one, Sweeper)]
    await sweeper.clean()
    assert await users.rows("SELECT count(*) AS n FROM denials") == [{"n": 0}]
    assert await users.rows("SELECT user_id::text FROM sessions") == [{"user_id": new.id}]
    assert (await users.refresh(new.refresh)).status_code == 200
