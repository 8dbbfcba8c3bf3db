"""Logging in: what it tells, what it costs, and how often it may be tried."""

from __future__ import annotations

import asyncio

import pytest
from httpx import Response
from prometheus_client import REGISTRY

from processes.valkey import Valkey
from tests.system.messaging.waiting import until
from tests.system.users.running import PASSWORD, Users, ready, running, settings
from users.settings import Settings

JWKS = "/.well-known/jwks.json"
WRONG = "not-the-password-at-all"


def hashes(operation: str = "verify") -> float:
    """How many hashes were computed in this process so far."""
    return REGISTRY.get_sample_value("password_hashes_total", {"operation": operation}) or 0.0


def without_id(answer: Response) -> dict[str, object]:
    """The problem, but for what differs in each answer."""
    return {name: value for name, value in answer.json().items() if name != "correlation_id"}


async def test_a_login_gives_tokens_that_nobody_may_store(users: Users) -> None:
    """The agreed shape for both kinds, and Cache-Control: no-store."""
    await users.register("ada@example.com")
    for kind in ("jwt", "opaque"):
        answer = await users.login("ada@example.com", token_type=kind)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        tokens = answer.json()
        assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in"}
        assert (tokens["token_type"], "." in tokens["access_token"]) == ("Bearer", kind == "jwt")
        assert 890 <= tokens["expires_in"] <= 900
        assert (await users.call("GET", "/users/me", tokens["access_token"])).status_code == 200


async def test_a_jwt_is_what_is_asked_for_by_default(users: Users) -> None:
    """Without token_type there is a JWT; with another word a 422."""
    await users.register("ada@example.com")
    body = {"email": "ada@example.com", "password": PASSWORD}
    assert "." in (await users.call("POST", "/auth/login", json=body)).json()["access_token"]
    assert (await users.call("POST", "/auth/login", json={**body, "token_type": "saml"})).status_code == 422


async def test_an_unknown_address_costs_and_answers_what_a_wrong_password_does(users: Users) -> None:
    """The same 401, word for word, after as many hashes: neither content nor work tells who is a customer."""
    await users.register("ada@example.com")
    counted, answers = [], []
    for email in ("ada@example.com", "nobody@example.com"):
        before = hashes(), hashes("hash")
        answers.append(await users.login(email, WRONG))
        counted.append((hashes() - before[0], hashes("hash") - before[1]))
    assert counted == [(1, 0), (1, 0)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert without_id(answers[0]) == without_id(answers[1])
    assert answers[0].headers["www-authenticate"] == answers[1].headers["www-authenticate"]


async def test_a_hash_with_old_parameters_is_replaced_by_the_next_login(configured: Settings) -> None:
    """Only a login knows the password; after it the stored hash has today's parameters, and nothing else changed."""
    async with running(configured) as users:
        await users.register("ada@example.com")
    stronger = configured.model_copy(update={"hash_passes": 2})
    async with running(stronger) as users:
        look = "SELECT password_hash FROM users WHERE email = 'ada@example.com'"
        (before,) = await users.rows(look)
        assert ",t=1," in before["password_hash"]
        assert (await users.login("ada@example.com", WRONG)).status_code == 401
        assert await users.rows(look) == [before]
        assert (await users.login("ada@example.com")).status_code == 200
        (after,) = await users.rows(look)
        assert ",t=2," in after["password_hash"]
        counted = hashes("hash")
        assert (await users.login("ada@example.com")).status_code == 200
        assert (hashes("hash"), await users.rows(look)) == (counted, [after])


async def test_a_password_that_was_changed_while_it_was_checked_opens_nothing(
    users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the check and the session somebody changes the password: 401 and no session that outlives the change."""
    person = await users.person()
    check = users.parts.passwords.verify

    async def slow(stored: str | None, password: str) -> bool:
        right = await check(stored, password)
        monkeypatch.setattr(users.parts.passwords, "verify", check)
        change = {"current": PASSWORD, "new": "another-password"}
        changed = await users.call("PUT", "/users/me/password", person.access, json=change)
        assert changed.status_code == 204
        return right

    monkeypatch.setattr(users.parts.passwords, "verify", slow)
    assert (await users.login(person.email)).status_code == 401
    left = await users.rows("SELECT id FROM sessions WHERE user_id = :id AND ended_at IS NULL", id=person.id)
    assert len(left) == 1  # the one in which the password was changed


async def test_guessing_one_account_ends_soon_from_wherever(configured: Settings) -> None:
    """After the burst there is 429 with Retry-After, right password or wrong, account or not; others log in."""
    async with running(configured.model_copy(update={"login_account_burst": 3})) as users:
        await users.register("ada@example.com")
        await users.register("eve@example.com")
        for email in ("ada@example.com", "nobody@example.com"):
            tries = [await users.login(email, WRONG, **{"X-Forwarded-For": f"198.51.100.{n}"}) for n in range(4)]
            assert [answer.status_code for answer in tries] == [401, 401, 401, 429]
            assert 1 <= int(tries[-1].headers["retry-after"]) <= 30
            assert tries[-1].headers["content-type"] == "application/problem+json"
        assert (await users.login("ADA@example.com")).status_code == 429
        assert (await users.login("eve@example.com")).status_code == 200


async def test_guesses_at_once_are_counted_one_by_one(configured: Settings) -> None:
    """Twelve wrong passwords at the same moment: exactly the burst is checked."""
    async with running(configured.model_copy(update={"login_account_burst": 5})) as users:
        await users.register("ada@example.com")
        answers = await asyncio.gather(*(users.login("ada@example.com", WRONG) for _ in range(12)))
        assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_who_knows_the_password_is_never_locked_out_by_logging_in(configured: Settings) -> None:
    """A login that succeeds forgets the attempts before it."""
    async with running(configured.model_copy(update={"login_account_burst": 3})) as users:
        await users.register("ada@example.com")
        for _ in range(3):
            assert (await users.login("ada@example.com", WRONG)).status_code == 401
            assert (await users.login("ada@example.com", WRONG)).status_code == 401
            assert (await users.login("ada@example.com")).status_code == 200


async def test_one_address_cannot_try_many_accounts(configured: Settings) -> None:
    """The burst of an address covers all accounts, a success among them does not refill it, and no account pays."""
    limited = {"login_address_burst": 3, "login_address_pause": 60.0, "login_account_burst": 1}
    async with running(configured.model_copy(update=limited)) as users:
        await users.register("own@example.com")
        await users.register("victim@example.com")
        source = {"X-Forwarded-For": "198.51.100.7"}
        assert (await users.login("a@example.com", WRONG, **source)).status_code == 401
        assert (await users.login("own@example.com", **source)).status_code == 200
        assert (await users.login("b@example.com", WRONG, **source)).status_code == 401
        for _ in range(3):
            assert (await users.login("victim@example.com", WRONG, **source)).status_code == 429
        assert (await users.login("victim@example.com", **{"X-Forwarded-For": "203.0.113.1"})).status_code == 200


async def test_an_address_is_what_the_gateway_says_and_nothing_else(configured: Settings) -> None:
    """All of an IPv6 network is one client; what is not one address is not believed, and the peer is counted."""
    limited = {"login_address_burst": 1, "login_address_pause": 600.0}
    async with running(configured.model_copy(update=limited)) as users:

        async def status(number: int, source: str) -> int:
            answer = await users.login(f"user-{number}@example.com", WRONG, **{"X-Forwarded-For": source})
            return answer.status_code

        assert [await status(1, "2001:db8::1"), await status(2, "2001:db8::ffff:1")] == [401, 429]
        assert await status(3, "2001:db8:0:1::1") == 401
        assert [await status(4, "198.51.100.1, 10.0.0.1"), await status(5, "unknown"), await status(6, "")] == [
            401,
            429,
            429,
        ]


async def test_redis_learns_nobodys_address(users: Users) -> None:
    """The keys of the limits are hashes; no e-mail address lies around in Redis."""
    await users.person(email="ada@example.com")
    await users.login("ada@example.com", WRONG)
    keys = await users.redis.call("KEYS", "*")
    assert any(key.startswith("login:account:") for key in keys)
    assert not [key for key in keys if "ada" in key or "@" in key]


async def test_more_passwords_than_can_be_hashed_are_refused_honestly(configured: Settings) -> None:
    """With one slot and one place to wait, most of twelve at once get a 503 that says when to come back."""
    tight = configured.model_copy(update={"hash_slots": 1, "hash_queue": 1})
    async with running(tight) as users:
        answers = await asyncio.gather(*(users.register() for _ in range(12)))
        assert {answer.status_code for answer in answers} == {201, 503}
        refused = [answer for answer in answers if answer.status_code == 503]
        assert all(answer.headers["retry-after"] == "1" for answer in refused)
        assert (await users.register()).status_code == 201


async def test_without_redis_nobody_logs_in_unless_that_was_chosen(postgres_url: str, own_redis: Valkey) -> None:
    """Closed, the default: 503 with Retry-After. Open: JWTs for everybody, and still no opaque token out of nothing."""
    closed = settings(postgres_url, own_redis.url())
    opened = closed.model_copy(update={"login_without_redis": "open"})
    async with running(closed) as users, running(opened) as lenient:
        await until(lambda: ready(users))
        await users.register("ada@example.com")
        own_redis.stop()
        answer = await users.login("ada@example.com")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert (await lenient.login("ada@example.com")).status_code == 200
        assert (await lenient.login("ada@example.com", WRONG)).status_code == 401
        assert (await lenient.login("ada@example.com", token_type="opaque")).status_code == 503
        assert await users.rows("SELECT token_type FROM sessions") == [{"token_type": "jwt"}]
        assert await ready(users)
        for status in ((await users.register()).status_code, (await users.call("GET", JWKS)).status_code):
            assert status < 300
