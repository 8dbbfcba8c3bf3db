"""People of the shop: made when needed, logged in freshly, and a sentence when that does not work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.labs.engine.shop import Answer
from tests.labs.making import lab
from tests.labs.running import Started, started
from tutor.labs.accounts import Accounts, accounts_in
from tutor.labs.bridge import finished
from tutor.labs.check import CannotLook
from tutor.labs.engine.base import Action


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Started]:
    """A running shop."""
    with started(tmp_path) as made:
        yield made


def _log_in(small: Started, account: str) -> dict[str, Any]:
    reach = small.reach()

    async def log_in() -> Any:
        async with reach.open():
            return await Accounts(small.file, small.running.credentials).log_in(reach, account)

    return dict(finished(log_in))


@pytest.mark.parametrize("account", ["customer", "stranger"])
def test_a_customer_is_made_once_and_logged_in_each_time(small: Started, account: str) -> None:
    """The same person, never the same token; what is needed to come again is kept."""
    first, second = _log_in(small, account), _log_in(small, account)
    assert set(first) == {f"{account}.{name}" for name in ("token", "id", "email", "password")}
    assert first[f"{account}.token"] != second[f"{account}.token"]
    assert first[f"{account}.id"] == second[f"{account}.id"]
    assert small.run().accounts[account].email == first[f"{account}.email"]


def test_support_gets_its_role_from_the_administrator(small: Started) -> None:
    """The administrator is the one that the engine has made."""
    _log_in(small, "support")
    users = small.project.shop.database.users
    assert users[small.run().accounts["support"].email]["roles"] == ["customer", "support"]
    admin = _log_in(small, "admin")
    assert (admin["admin.email"], admin["admin.id"]) == ("admin@shop.test", "u0")


def test_an_account_that_is_not_known_any_more_is_made_anew(small: Started) -> None:
    """Somebody has reset the data behind our back."""
    before = _log_in(small, "customer")
    small.project.shop.database.users.pop(before["customer.email"])
    after = _log_in(small, "customer")
    assert after["customer.email"] != before["customer.email"]


def test_a_login_that_fails_is_a_sentence_with_the_part_that_was_asked(small: Started) -> None:
    """Users that do not work, a gateway that is gone, an administrator that nobody has made."""
    small.project.shop.users_work = False
    with pytest.raises(CannotLook, match="customer could not register: HTTP 503") as raised:
        _log_in(small, "customer")
    assert raised.value.part == "users"
    small.engine.act(small.running, Action("kill", "gateway"))
    with pytest.raises(CannotLook, match="the gateway does not accept connections") as raised:
        _log_in(small, "admin")
    assert raised.value.part == "gateway"
    small.running = replace(small.running, credentials={})
    with pytest.raises(CannotLook, match="no administrator"):
        _log_in(small, "admin")


def test_a_login_that_is_put_off_is_tried_again(small: Started) -> None:
    """By an answer that says when, or by a gateway that did not wait for the hash; and not for ever."""
    shop = small.project.shop
    _log_in(small, "customer")
    later = Answer(503, headers={"Retry-After": "0"})
    shop.busy = [later, Answer(504), later]
    assert _log_in(small, "customer")["customer.token"]
    shop.busy = [later, later, Answer(504), later, later]
    with pytest.raises(CannotLook, match="customer could not log in: HTTP 503"):
        _log_in(small, "customer")
    assert shop.busy == [later]


def test_a_check_wants_the_accounts_that_it_names(small: Started) -> None:
    """With `as`, or in any text, however deep; others are not logged in."""
    accounts = Accounts(small.file, {})
    wanted = {check.id: accounts.wanted(check) for check in lab().checks}
    assert wanted["note-is-left"] == {"customer"}
    assert wanted["shop-is-open"] == set()
    data = {
        "path": "/x/${stranger.id}",
        "mix": [{"as": "support"}, {"json": {"a": ["${admin.token}"]}}],
        "to": "customer",
    }
    assert accounts_in(data) == {"stranger", "support", "admin"}
