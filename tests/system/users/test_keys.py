"""Signing keys: published before they sign and until nothing needs them, sealed, shared, and replaced unnoticed."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import jwt
import pytest
from httpx import Response

from chassis.identity import tokens
from chassis.identity.tokens import TokenVerifier
from processes.postgres import Postgres
from tests.system.messaging.waiting import until
from tests.system.users.running import ENCRYPTION_KEY, Person, Users, ready, running
from users.keys.ring import WrongEncryptionKey
from users.keys.sealing import Box, Sealed, parse
from users.settings import Settings
from users.sweeper import Sweeper

JWKS = "/.well-known/jwks.json"


def kid_of(token: str) -> str:
    """The key that a token names."""
    return str(jwt.get_unverified_header(token)["kid"])


async def published(users: Users) -> set[str]:
    """The ids of the keys that this instance publishes."""
    answer = await users.call("GET", JWKS)
    assert answer.status_code == 200, answer.text
    return {key["kid"] for key in answer.json()["keys"]}


async def states(users: Users, admin: Person) -> dict[str, str]:
    """The stages of all keys."""
    answer = await users.call("GET", "/auth/keys", admin.access)
    assert answer.status_code == 200, answer.text
    return {key["kid"]: key["state"] for key in answer.json()["items"]}


async def rotate(users: Users, admin: Person) -> Response:
    """Ask for a new key."""
    return await users.call("POST", "/auth/keys/rotate", admin.access)


@asynccontextmanager
async def verifying(users: Users) -> AsyncIterator[TokenVerifier]:
    """A verifier as every service has one, at this instance's key set."""
    made = TokenVerifier(f"{users.url}{JWKS}", "https://users.shop.test", "shop", users.service.settings)
    await made.start()
    try:
        await until(made.check)
        yield made
    finally:
        await made.stop()


async def test_the_key_set_is_public_brief_and_holds_no_secret(configured: Settings) -> None:
    """Only public members, an id by RFC 7638, RS256 for signatures, cacheable for a third of the lead."""
    async with running(configured.model_copy(update={"key_lead": 30.0})) as users:
        answer = await users.call("GET", JWKS)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=10")
        (key,) = answer.json()["keys"]
        assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}
        assert (key["kty"], key["use"], key["alg"], len(key["kid"])) == ("RSA", "sig", "RS256", 43)
        assert len(base64.urlsafe_b64decode(key["n"] + "==")) * 8 == 2048
        person = await users.person()
        assert kid_of(person.access) == key["kid"]
        assert jwt.get_unverified_header(person.access)["typ"] == "at+jwt"


async def test_only_administrators_see_stages_and_rotate(users: Users) -> None:
    """A customer gets 403 for both."""
    person = await users.person()
    assert (await users.call("GET", "/auth/keys", person.access)).status_code == 403
    assert (await rotate(users, person)).status_code == 403


async def test_a_new_key_is_published_before_it_signs(users: Users) -> None:
    """next, then active; the old one active, then retiring; tokens change keys at that moment and all stay good."""
    admin, before = await users.admin(), await users.person()
    old = kid_of(before.access)
    answer = await rotate(users, admin)
    assert answer.status_code == 201
    new = str(answer.json()["kid"])
    assert (answer.json()["state"], answer.json()["signs_until"]) == ("next", None)
    assert await published(users) == {old, new}
    assert await states(users, admin) == {old: "active", new: "next"}
    assert kid_of((await users.person()).access) == old

    async def signs() -> bool:
        return kid_of((await users.person()).access) == new

    await until(signs)
    assert await states(users, admin) == {old: "retiring", new: "active"}
    assert await published(users) == {old, new}
    assert await users.is_active(before.access)
    assert (await users.call("GET", "/users/me", before.access)).status_code == 200


async def test_one_rotation_at_a_time(users: Users) -> None:
    """Of four at once one makes a key, the others are told when to come back; afterwards another one is possible."""
    admin = await users.admin()
    answers = await asyncio.gather(*(rotate(users, admin) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = [answer for answer in answers if answer.status_code == 409]
    assert all(1 <= int(answer.headers["retry-after"]) <= 3 for answer in refused)
    assert len(await published(users)) == 2

    async def again() -> bool:
        return (await rotate(users, admin)).status_code == 201

    await until(again)
    assert len(await published(users)) == 3


async def forge(*verifiers: TokenVerifier) -> None:
    """Show tokens with invented keys for ever: each one may cost a verifier its refetch."""
    while True:
        header = {"alg": "RS256", "typ": "at+jwt", "kid": secrets.token_hex(4)}
        forged = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode() + ".e30.AAAA"
        for verifier in verifiers:
            with pytest.raises(tokens.InvalidToken):
                await verifier.verify(forged)
        await asyncio.sleep(0.02)


async def test_a_rotation_under_load_fails_no_request_anywhere(
    configured: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two instances sign, a verifier at each checks everything while forgers use up its refetches: no good token fails.

    The window of the verifiers is a third of the lead, as it is in production (10 of 30 s).
    """
    monkeypatch.setattr(tokens, "_REFETCH_WINDOW", configured.key_lead / 3)
    async with (
        running(configured) as one,
        running(configured) as two,
        verifying(one) as first,
        verifying(two) as second,
    ):
        admin = await one.admin()
        people = [await one.person() for _ in range(3)]
        seen: Counter[str] = Counter()
        forging = asyncio.create_task(forge(first, second))
        old, new = kid_of(admin.access), str((await rotate(two, admin)).json()["kid"])

        async def live(person: Person) -> None:
            refresh, turns = person.refresh, 0
            while min(seen[old], seen[new]) < 20:
                turns += 1
                answer = await (one, two)[turns % 2].refresh(refresh)
                assert answer.status_code == 200, answer.text
                access, refresh = answer.json()["access_token"], answer.json()["refresh_token"]
                for verifier, token in ((first, access), (second, access), (first, person.access)):
                    assert (await verifier.verify(token)).subject == person.id
                seen[kid_of(access)] += 1

        try:
            async with asyncio.timeout(20):
                await asyncio.gather(*(live(person) for person in people))
        finally:
            forging.cancel()
        assert set(seen) == {old, new}


async def test_all_instances_share_the_keys_and_notice_a_rotation(configured: Settings) -> None:
    """Started together on an empty database: one key and one administrator; a key made by one is published by all."""
    async with running(configured) as one, running(configured) as two, running(configured) as three:
        instances = (one, two, three)
        assert len({frozenset(await published(users)) for users in instances}) == 1
        assert await one.rows("SELECT count(*) AS n FROM users") == [{"n": 1}]
        admin = await one.admin()
        new = (await rotate(two, admin)).json()["kid"]

        async def everywhere() -> bool:
            return all([new in await published(users) for users in instances])

        await until(everywhere, timeout=configured.key_lead / 3 + 5)
        person = await three.person()
        assert (await one.call("GET", "/users/me", person.access)).json()["id"] == person.id


async def test_a_key_is_withdrawn_when_no_token_of_it_lives(users: Users) -> None:
    """After its time it is neither published nor believed, and its private half is deleted."""
    person, admin = await users.person(), await users.admin()
    old = kid_of(person.access)
    await rotate(users, admin)
    past = "signs_from = now() - interval '3 s', signs_until = now() - interval '2 s'"
    past += ", published_until = now() - interval '1 s'"
    await users.rows(f"UPDATE signing_keys SET {past} WHERE kid = :kid", kid=old)
    await users.rows("UPDATE signing_keys SET signs_from = now() - interval '2 s' WHERE kid <> :kid", kid=old)

    async def withdrawn() -> bool:
        return old not in await published(users)

    await until(withdrawn)
    assert (await users.call("GET", "/users/me", person.access)).status_code == 401
    (sweeper,) = [one for one in users.service.components if isinstance(one, Sweeper)]
    await sweeper.clean()
    assert await users.rows("SELECT kid FROM signing_keys WHERE kid = :kid", kid=old) == []


async def test_a_key_set_that_may_be_outdated_is_not_published(
    users: Users, postgres: Postgres, postgres_url: str
) -> None:
    """Without its database the instance says 503 instead, and verifiers keep what they have; then it goes on."""
    name = postgres_url.rsplit("/", 1)[1]
    assert len(await published(users)) == 1
    postgres.close(name)

    async def unavailable() -> bool:
        return (await users.call("GET", JWKS)).status_code == 503

    await until(unavailable)
    await until(lambda: unready(users))
    postgres.open(name)
    await until(lambda: ready(users))
    assert len(await published(users)) == 1


async def unready(users: Users) -> bool:
    """Whether the instance says that it is not ready."""
    return not await ready(users)


async def test_private_keys_are_sealed_and_bound_to_their_names(users: Users) -> None:
    """What is in the table is no key, opens with the right key only, and only under the name it was sealed with."""
    rows = await users.rows("SELECT kid, private_key FROM signing_keys")
    kid, sealed = rows[0]["kid"], bytes(rows[0]["private_key"])
    opened = Box(parse(ENCRYPTION_KEY)).open(kid, sealed)
    assert opened not in sealed
    assert b"RSA" not in sealed
    with pytest.raises(Sealed):
        Box(parse(ENCRYPTION_KEY)).open("another", sealed)
    with pytest.raises(Sealed):
        Box([secrets.token_bytes(32)]).open(kid, sealed)
    with pytest.raises(Sealed):
        Box(parse(ENCRYPTION_KEY)).open(kid, sealed[:10])


async def test_another_encryption_key_does_not_start(configured: Settings) -> None:
    """The instance ends with a sentence for the operator, and leaves keys and accounts as they are."""
    async with running(configured) as users:
        person = await users.person()
    fresh = base64.b64encode(secrets.token_bytes(32)).decode()
    with pytest.raises(WrongEncryptionKey, match="KEY_ENCRYPTION_KEY does not open the signing keys"):
        async with running(configured.model_copy(update={"key_encryption_key": fresh})):
            pytest.fail("it started")
    async with running(configured) as users:
        assert (await users.call("GET", "/users/me", person.access)).status_code == 200


async def test_the_encryption_key_is_replaced_by_naming_both(configured: Settings) -> None:
    """NEW,OLD opens what there is and seals with the new one; after a rotation the old one is not needed any more."""
    fresh = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    async with running(configured):
        pass
    both = configured.model_copy(update={"key_encryption_key": f"{fresh}, {ENCRYPTION_KEY}"})
    async with running(both) as users:
        new = (await rotate(users, await users.admin())).json()["kid"]
        await users.rows("DELETE FROM signing_keys WHERE kid <> :kid", kid=new)
    async with running(configured.model_copy(update={"key_encryption_key": fresh})) as users:
        assert await published(users) == {new}
