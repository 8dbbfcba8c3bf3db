"""Refreshing: each token once, in families that end together when one comes back."""

from __future__ import annotations

import asyncio

import jwt
import pytest

from processes.valkey import Valkey
from tests.system.messaging.waiting import until
from tests.system.users.running import Users, running
from users.settings import Settings


@pytest.mark.parametrize("kind", ["jwt", "opaque"])
async def test_a_session_goes_on_with_new_tokens_of_its_kind(users: Users, kind: str) -> None:
    """Three times in a row: other tokens, the same session and user, no-store; access tokens before stay good."""
    person = await users.person(kind)
    refresh, seen = person.refresh, {person.refresh}
    for _ in range(3):
        answer = await users.refresh(refresh)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        tokens = answer.json()
        assert ("." in tokens["access_token"]) == (kind == "jwt")
        refresh = tokens["refresh_token"]
        assert refresh not in seen
        seen.add(refresh)
        assert (await users.call("GET", "/users/me", tokens["access_token"])).json()["id"] == person.id
    assert await users.is_active(person.access)
    assert await users.rows("SELECT count(*) AS n FROM sessions") == [{"n": 1}]


@pytest.mark.parametrize("kind", ["jwt", "opaque"])
async def test_a_used_token_that_comes_back_ends_the_family(users: Users, kind: str) -> None:
    """401 for it, 401 for its successor, every access token denied at once; other sessions of the user go on."""
    person = await users.person(kind)
    other = await users.session(person.email)
    newer = (await users.refresh(person.refresh)).json()
    assert await users.is_active(newer["access_token"])
    for token in (person.refresh, newer["refresh_token"], person.refresh):
        answer = await users.refresh(token)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
        assert "Bearer" in answer.headers["www-authenticate"]
        assert not await users.is_active(person.access)
        assert not await users.is_active(newer["access_token"])
    assert await users.is_active(other.access)
    assert (await users.refresh(other.refresh)).status_code == 200
    ended = await users.rows("SELECT end_reason FROM sessions WHERE ended_at IS NOT NULL")
    assert ended == [{"end_reason": "reuse"}]


@pytest.mark.parametrize("times", [2, 8])
async def test_one_token_presented_at_once_works_once(users: Users, times: int) -> None:
    """However many at the same moment: one success, and since the rest is reuse, the family is over."""
    person = await users.person()
    answers = await asyncio.gather(*(users.refresh(person.refresh) for _ in range(times)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * (times - 1)
    (won,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert (await users.refresh(won["refresh_token"])).status_code == 401
    assert not await users.is_active(won["access_token"])


async def test_a_bad_token_gets_one_answer_for_all_reasons(users: Users) -> None:
    """Invented, used, expired, of a session that ended, an access token: the same words for each."""
    ended, expired, used = [await users.person() for _ in range(3)]
    await users.call("POST", "/auth/logout", ended.access)
    late = "UPDATE refresh_tokens SET expires_at = now() FROM sessions WHERE session_id = id AND user_id = :id"
    await users.rows(late, id=expired.id)
    await users.refresh(used.refresh)
    told = set()
    for token in ("x", "shop_rt_invented", ended.refresh, expired.refresh, used.refresh, used.access):
        answer = await users.refresh(token)
        assert answer.status_code == 401, token
        told.add(answer.json()["detail"])
    assert len(told) == 1


async def test_an_expired_token_ends_nothing(users: Users) -> None:
    """Coming late is no theft: the token does not work, and the session is not ended for it."""
    person = await users.person()
    newer = (await users.refresh(person.refresh)).json()
    await users.rows("UPDATE refresh_tokens SET expires_at = now() WHERE used_at IS NOT NULL")
    assert (await users.refresh(person.refresh)).status_code == 401
    assert (await users.refresh(newer["refresh_token"])).status_code == 200


async def test_a_family_ends_when_it_was_going_to(configured: Settings) -> None:
    """No refresh moves the end of the session: tokens get shorter towards it, and after it there are none."""
    async with running(configured) as users:
        person = await users.person()
        before = await users.rows("SELECT expires_at FROM sessions")
        newer = (await users.refresh(person.refresh)).json()
        assert await users.rows("SELECT expires_at FROM sessions") == before
        await users.rows("UPDATE sessions SET expires_at = now() + interval '30 seconds'")
        last = (await users.refresh(newer["refresh_token"])).json()
        assert 25 <= last["expires_in"] <= 30
        assert jwt.decode(last["access_token"], options={"verify_signature": False})["exp"] > 0
        times = "SELECT bool_and(t.expires_at <= s.expires_at) AS within FROM refresh_tokens t"
        times += " JOIN sessions s ON s.id = session_id WHERE used_at IS NULL"
        assert await users.rows(times) == [{"within": True}]
        await users.rows("UPDATE sessions SET expires_at = now()")
        assert (await users.refresh(last["refresh_token"])).status_code == 401


async def test_the_database_holds_no_token_that_works(users: Users) -> None:
    """Neither table contains a refresh token; what is there cannot be presented."""
    person = await users.person()
    (row,) = await users.rows("SELECT encode(hash, 'hex') AS hash FROM refresh_tokens")
    assert person.refresh not in str(await users.rows("SELECT * FROM sessions, refresh_tokens"))
    assert (await users.refresh(row["hash"])).status_code == 401


async def test_a_role_that_was_given_shows_in_the_next_token(users: Users) -> None:
    """Roles are read at each refresh, not copied from the token before."""
    person, admin = await users.person(), await users.admin()
    body = {"roles": ["customer", "support"]}
    assert (await users.call("PUT", f"/users/{person.id}/roles", admin.access, json=body)).status_code == 200
    assert (await users.call("GET", "/users", person.access)).status_code == 403
    newer = (await users.refresh(person.refresh)).json()
    assert (await users.call("GET", "/users", newer["access_token"])).status_code == 200


async def test_without_redis_sessions_of_jwts_go_on_and_opaque_ones_lose_nothing(
    shaky: Users, own_redis: Valkey
) -> None:
    """A refresh that needs Redis is a 503 which has not used up the token; one that does not is as always."""
    signed, opaque = await shaky.person(), await shaky.person("opaque")
    own_redis.stop()
    assert (await shaky.refresh(signed.refresh)).status_code == 200
    answer = await shaky.refresh(opaque.refresh)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    own_redis.start()

    async def goes_on() -> bool:
        return (await shaky.refresh(opaque.refresh)).status_code == 200

    await until(goes_on)


async def test_theft_noticed_without_redis_is_punished_when_it_is_back(shaky: Users, own_redis: Valkey) -> None:
    """Reuse is a 401 at once, the family is over at once, and its access tokens end as soon as Redis can say so."""
    person = await shaky.person()
    newer = (await shaky.refresh(person.refresh)).json()
    own_redis.stop()
    assert (await shaky.refresh(person.refresh)).status_code == 401
    assert (await shaky.refresh(newer["refresh_token"])).status_code == 401
    own_redis.start()

    async def denied() -> bool:
        return not await shaky.is_active(newer["access_token"])

    await until(denied)
