"""Roles and passwords: what changes who may do what, and ends what was open before."""

from __future__ import annotations

import asyncio

import pytest
from httpx import Response

from processes.valkey import Valkey
from tests.system.users.running import PASSWORD, Person, Users, running
from users.settings import Settings

NEW = "an-entirely-new-password"
NOBODY = "00000000-0000-4000-8000-000000000000"


async def give(users: Users, by: Person, whom: str, *roles: str) -> Response:
    """Ask for these roles."""
    return await users.call("PUT", f"/users/{whom}/roles", by.access, json={"roles": roles})


async def change(users: Users, person: Person, current: str, new: str) -> Response:
    """Ask for another password."""
    body = {"current": current, "new": new}
    return await users.call("PUT", "/users/me/password", person.access, json=body)


async def test_only_administrators_give_roles(users: Users) -> None:
    """Customers and support get 403, even for themselves; the administrator gets the changed account."""
    admin, customer, support = await users.admin(), await users.person(), await users.person()
    answer = await give(users, admin, support.id, "support", "customer", "support")
    assert (answer.status_code, answer.json()["roles"]) == (200, ["customer", "support"])
    support = await users.session(support.email)
    for person in (customer, support):
        assert (await give(users, person, person.id, "admin")).status_code == 403
    assert (await give(users, admin, NOBODY, "customer")).status_code == 404
    for bad in (["root"], ["admin"] * 11, [7], "admin", None):
        body = {"roles": bad}
        answer = await users.call("PUT", f"/users/{customer.id}/roles", admin.access, json=body)
        assert answer.status_code == 422, bad


async def test_a_role_that_is_taken_is_gone_at_once(users: Users) -> None:
    """Sessions end with it, so that no token goes on saying what is no longer true; a role given ends nothing."""
    admin, person = await users.admin(), await users.person()
    assert (await give(users, admin, person.id, "customer", "support")).status_code == 200
    assert await users.is_active(person.access)
    person = await users.session(person.email)
    assert (await give(users, admin, person.id, "customer")).status_code == 200
    assert not await users.is_active(person.access)
    assert (await users.refresh(person.refresh)).status_code == 401


async def test_the_last_administrator_cannot_lose_the_role(users: Users) -> None:
    """409 and nothing changes; with a second one it works."""
    admin, other = await users.admin(), await users.person()
    answer = await give(users, admin, admin.id, "customer")
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert (await give(users, admin, other.id, "admin")).status_code == 200
    assert (await give(users, admin, admin.id, "customer")).status_code == 200
    other = await users.session(other.email)
    assert (await give(users, other, other.id)).status_code == 409


async def test_two_administrators_cannot_depose_each_other_at_once(users: Users) -> None:
    """However the two requests meet, one administrator is left."""
    admin = await users.admin()
    for _ in range(4):
        second = await users.person()
        assert (await give(users, admin, second.id, "admin", "customer")).status_code == 200
        second = await users.session(second.email)
        answers = await asyncio.gather(
            give(users, admin, second.id, "customer"), give(users, second, admin.id, "customer")
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        left = await users.rows("SELECT email FROM users WHERE 'admin' = ANY (roles)")
        assert len(left) == 1
        admin = await users.session(left[0]["email"], admin.password if left[0]["email"] == admin.email else PASSWORD)


async def test_a_new_password_ends_every_other_session(users: Users) -> None:
    """204; the session it was changed in goes on, the others are over, and only the new password opens another."""
    person = await users.person()
    others = [await users.session(person.email), await users.session(person.email, token_type="opaque")]
    assert (await change(users, person, PASSWORD, NEW)).status_code == 204
    for other in others:
        assert not await users.is_active(other.access)
        assert (await users.refresh(other.refresh)).status_code == 401
    assert await users.is_active(person.access)
    assert (await users.refresh(person.refresh)).status_code == 200
    assert (await users.login(person.email)).status_code == 401
    assert (await users.login(person.email, NEW)).status_code == 200


async def test_the_current_password_is_needed_and_cannot_be_guessed(configured: Settings) -> None:
    """403 for a wrong one and 429 soon after: a screen that was left unlocked is not an account that is lost."""
    async with running(configured.model_copy(update={"login_account_burst": 3})) as users:
        person = await users.person()
        tries = [(await change(users, person, f"guess-number-{n}", NEW)).status_code for n in range(4)]
        assert tries == [403, 403, 403, 429]
        assert (await change(users, person, PASSWORD, NEW)).status_code == 429
        for bad in ("short", "x" * 129):
            assert (await change(users, person, PASSWORD, bad)).status_code == 422
        assert await users.is_active(person.access)


async def test_two_changes_of_a_password_at_once_are_one(users: Users) -> None:
    """The second finds that the password it names is not the current one any more."""
    person = await users.person()
    answers = await asyncio.gather(*(change(users, person, PASSWORD, f"{NEW}-{n}") for n in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204, 403, 403]
    (won,) = [n for n, answer in enumerate(answers) if answer.status_code == 204]
    assert (await users.login(person.email, f"{NEW}-{won}")).status_code == 200


@pytest.mark.parametrize("times", [5])
async def test_a_login_and_a_change_of_password_at_once_leave_no_old_session(users: Users, times: int) -> None:
    """Whichever comes first: no session that was opened with the old password outlives the change."""
    person = await users.person()
    current = PASSWORD
    for n in range(times):
        new = f"{NEW}-{n}"
        answers = await asyncio.gather(
            change(users, person, current, new), *(users.login(person.email, current) for _ in range(3))
        )
        assert answers[0].status_code == 204
        for login in answers[1:]:
            if login.status_code == 200:
                assert not await users.is_active(login.json()["access_token"])
        current = new


async def test_a_password_is_not_changed_when_sessions_could_not_be_ended(shaky: Users, own_redis: Valkey) -> None:
    """Without Redis it is a 503 before anything has happened."""
    person = await shaky.person()
    own_redis.stop()
    assert (await change(shaky, person, PASSWORD, NEW)).status_code == 503
    changed = await shaky.rows("SELECT updated_at > created_at AS changed FROM users WHERE id = :id", id=person.id)
    assert changed == [{"changed": False}]
