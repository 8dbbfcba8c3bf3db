"""Accounts: registering, looking, changing, and whose business they are."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.system.users.running import PASSWORD, Users

JSON = {"content-type": "application/json"}
ODD_ADDRESSES: list[Any] = [
    "",
    "ada",
    "@example.com",
    "ada@",
    "ada@localhost",
    "ada@@example.com",
    "ada@exa mple.com",
    " ada@example.com",
    "ada@example.com\n",
    "ada\x00@example.com",
    "a\ud800@example.com",
    "ад@example.com",
    "ada@exämple.com",
    '"ada"@example.com',
    ".ada@example.com",
    "a..da@example.com",
    "ada@-example.com",
    "ada@example..com",
    "ada@[127.0.0.1]",
    "a" * 250 + "@example.com",
    7,
    None,
    ["ada@example.com"],
]
BAD_FIELDS: list[tuple[str, Any]] = [
    ("password", "elevenchars"),
    ("password", "x" * 129),
    ("password", "surrogate-\ud800-inside"),
    ("password", 123456789012),
    ("password", None),
    ("name", ""),
    ("name", "x" * 201),
    ("name", "nul\x00byte"),
    ("name", "line\nbreak"),
    ("phone", "030 123456"),
    ("phone", "+" + "9" * 400),
    ("device", "\x1b[2J"),
    ("roles", ["admin"]),
]
PROFILE = {"id", "email", "name", "phone", "device", "roles", "created_at"}


async def test_an_account_is_made_and_announced_in_one_transaction(users: Users) -> None:
    """201 with the profile and where it is; one event with the same id in the outbox; never the password."""
    answer = await users.register("Ada.Lovelace@Example.COM", phone="+4930123456", device="phone-1")
    assert answer.status_code == 201
    profile = answer.json()
    assert set(profile) == PROFILE
    assert (profile["email"], profile["name"], profile["roles"]) == ("ada.lovelace@example.com", "Ada", ["customer"])
    assert answer.headers["location"] == f"users/{profile['id']}"
    (row,) = await users.rows("SELECT event FROM outbox WHERE subject = :id", id=profile["id"])
    event = row["event"]
    assert (event["type"], event["producer"]) == ("user.registered", "users")
    assert event["data"] == {
        "user_id": profile["id"],
        "email": "ada.lovelace@example.com",
        "name": "Ada",
        "phone": "+4930123456",
        "device": "phone-1",
    }
    assert PASSWORD not in json.dumps(event)


async def test_an_address_has_one_account_however_it_is_written(users: Users) -> None:
    """The same address in other letters is 409, and the first account is as it was."""
    assert (await users.register("ada@example.com", name="First")).status_code == 201
    again = await users.register("ADA@example.com", name="Second")
    assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")
    person = await users.session("aDa@Example.com")
    assert (await users.call("GET", "/users/me", person.access)).json()["name"] == "First"


async def test_two_registrations_of_one_address_at_once_make_one_account(users: Users) -> None:
    """Eight at the same moment: one 201, the others 409, one row and one event."""
    answers = await asyncio.gather(*(users.register("race@example.com") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert await users.rows("SELECT count(*) AS n FROM users WHERE email = 'race@example.com'") == [{"n": 1}]
    told = "SELECT count(*) AS n FROM outbox WHERE event -> 'data' ->> 'email' = 'race@example.com'"
    assert await users.rows(told) == [{"n": 1}]


async def test_odd_addresses_are_refused_with_a_problem(users: Users) -> None:
    """Nothing that could not be compared or stored gets an account, and the answer says where it is wrong."""
    for address in ODD_ADDRESSES:
        body = {"email": address, "password": PASSWORD, "name": "Ada"}
        answer = await users.call("POST", "/users", headers=JSON, content=json.dumps(body))
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), address
        assert [error["pointer"].split("/")[1] for error in answer.json()["errors"]] == ["email"], address


async def test_ordinary_addresses_are_accepted(users: Users) -> None:
    """What people have is fine."""
    for address in ("a@b.co", "first.last+tag@sub.example.co.uk", "o'brien@xn--bcher-kva.example"):
        assert (await users.register(address)).status_code == 201, address


async def test_bad_fields_are_refused_and_never_echoed(users: Users) -> None:
    """422 with a pointer to the field; whatever was sent is not in the answer."""
    for name, value in BAD_FIELDS:
        body = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada", name: value}
        answer = await users.call("POST", "/users", headers=JSON, content=json.dumps(body))
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), (name, value)
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{name}"]
        assert PASSWORD not in answer.text
        assert not value or str(value) not in answer.text


async def test_a_password_has_12_to_128_characters_of_any_kind(users: Users) -> None:
    """Both ends of the range work, with characters from anywhere, NUL included."""
    for length in (12, 128):
        email, password = f"{length}@example.com", ("pässwörd \x00 🔑" * 20)[:length]
        assert (await users.register(email, password=password)).status_code == 201
        assert (await users.login(email, password)).status_code == 200
        assert (await users.login(email, password[:-1])).status_code == 401


async def test_a_password_is_the_same_however_its_letters_are_composed(users: Users) -> None:
    """An é as one character and an e with an accent are one password: keyboards differ."""
    assert (await users.register("ada@example.com", password="caf\u00e9-caf\u00e9-caf\u00e9")).status_code == 201
    assert (await users.login("ada@example.com", "cafe\u0301-cafe\u0301-cafe\u0301")).status_code == 200


async def test_a_profile_changes_where_it_is_mentioned(users: Users) -> None:
    """PATCH leaves alone what it does not mention, takes away what is null, and refuses what is nobody's to change."""
    person = await users.person(phone="+4930123456", device="phone-1")

    async def patch(**change: Any) -> tuple[int, dict[str, Any]]:
        answer = await users.call("PATCH", "/users/me", person.access, json=change)
        return answer.status_code, answer.json()

    status, profile = await patch(name="Countess", device=None)
    assert (status, profile["name"], profile["phone"], profile["device"]) == (200, "Countess", "+4930123456", None)
    assert await patch() == (200, profile)
    assert (await users.call("GET", "/users/me", person.access)).json() == profile
    for refused in ({"name": None}, {"name": ""}, {"email": "new@example.com"}, {"roles": ["admin"]}, {"id": "1"}):
        assert (await patch(**refused))[0] == 422


async def test_somebody_elses_account_does_not_exist(users: Users) -> None:
    """404 for the account of another as for one that is not there, word for word; support sees what is true."""
    ada, eve, nobody = await users.person(), await users.person(), "00000000-0000-4000-8000-000000000000"
    assert (await users.call("GET", f"/users/{ada.id}", ada.access)).json()["email"] == ada.email
    others, missing = [await users.call("GET", f"/users/{who}", eve.access) for who in (ada.id, nobody)]
    assert (others.status_code, missing.status_code) == (404, 404)
    assert others.json()["detail"] == missing.json()["detail"]
    admin = await users.admin()
    assert (await users.call("GET", f"/users/{ada.id}", admin.access)).json()["email"] == ada.email
    assert (await users.call("GET", f"/users/{nobody}", admin.access)).status_code == 404


async def test_the_list_is_complete_in_pages_and_for_support_only(users: Users) -> None:
    """Walking the pages meets every account once, newest first, even when one is made on the way."""
    emails = [(await users.register(f"user-{number}@example.com")).json()["email"] for number in range(5)]
    eve = await users.person()
    assert (await users.call("GET", "/users", eve.access)).status_code == 403
    admin = await users.admin()
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        answer = (await users.call("GET", "/users", admin.access, params=query)).json()
        seen += [item["email"] for item in answer["items"]]
        await users.register()
        if (cursor := answer["next_cursor"]) is None:
            break
    assert seen == [eve.email, *reversed(emails), admin.email]
    for bad in ({"limit": 0}, {"limit": 10**30}, {"cursor": "x"}, {"cursor": "_" * 32}):
        assert (await users.call("GET", "/users", admin.access, params=bad)).status_code == 422


async def test_without_a_token_there_is_only_a_challenge(users: Users) -> None:
    """401 with WWW-Authenticate, whatever else is right or wrong about the request."""
    nobody = "/users/00000000-0000-4000-8000-000000000000"
    requests: list[tuple[str, str, Any]] = [
        ("GET", "/users/me", None),
        ("PATCH", "/users/me", {}),
        ("PUT", "/users/me/password", {"current": PASSWORD, "new": PASSWORD}),
        ("GET", "/users", None),
        ("GET", nobody, None),
        ("PUT", f"{nobody}/roles", {"roles": []}),
        ("POST", "/auth/logout", None),
        ("GET", "/auth/keys", None),
        ("POST", "/auth/keys/rotate", None),
    ]
    for method, path, body in requests:
        answer = await users.call(method, path, json=body)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="shop"'), path
