"""What ends a session ends it everywhere, from the moment in which it was answered."""

from __future__ import annotations

from tests.system.harness.asking import BELIEVED, REFUSED, statuses
from tests.system.harness.base import Account, Response, System

NEW_PASSWORD = "another-horse-another-battery"


def _refresh(system: System, token: str) -> Response:
    return system.call("POST", "/api/auth/refresh", json={"refresh_token": token})


def _revoke(system: System, token: str) -> Response:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return system.call("POST", "/api/auth/revoke", content=f"token={token}".encode(), headers=form)


def test_logout_ends_this_session_and_no_other(system: System, customer: Account) -> None:
    """Its access token is refused for every service, its refresh token too; the same user's other session goes on."""
    other = system.login(customer.email, customer.password)
    assert statuses(system, customer.token) == BELIEVED
    assert system.call("POST", "/api/auth/logout", token=customer.token).status == 204
    assert statuses(system, customer.token) == REFUSED
    assert _refresh(system, customer.refresh_token).status == 401
    assert statuses(system, other["access_token"]) == BELIEVED


def test_a_refresh_token_that_comes_back_ends_the_whole_family(system: System, customer: Account) -> None:
    """Whoever sent it: the tokens of both who hold it are refused for every service, the newest refresh token too."""
    renewed = _refresh(system, customer.refresh_token).json()
    assert statuses(system, renewed["access_token"]) == BELIEVED
    assert _refresh(system, customer.refresh_token).status == 401
    for token in (customer.token, renewed["access_token"]):
        assert statuses(system, token) == REFUSED
    assert _refresh(system, renewed["refresh_token"]).status == 401


def test_a_password_that_is_changed_ends_all_other_sessions(system: System, customer: Account) -> None:
    """Of both kinds of token; the one that changed it goes on."""
    others = [system.login(customer.email, customer.password, kind) for kind in ("jwt", "opaque")]
    body = {"current": customer.password, "new": NEW_PASSWORD}
    assert system.call("PUT", "/api/users/me/password", token=customer.token, json=body).status == 204
    for other in others:
        assert statuses(system, other["access_token"]) == REFUSED
        assert _refresh(system, other["refresh_token"]).status == 401
    assert statuses(system, customer.token) == BELIEVED
    assert system.login(customer.email, NEW_PASSWORD)


def test_an_opaque_token_is_revoked_at_once(system: System, customer: Account) -> None:
    """No cache anywhere: the next request is refused, and a refresh makes another one."""
    tokens = system.login(customer.email, customer.password, "opaque")
    assert "." not in tokens["access_token"]
    assert statuses(system, tokens["access_token"]) == BELIEVED
    assert _revoke(system, tokens["access_token"]).status == 200
    assert statuses(system, tokens["access_token"]) == REFUSED
    assert statuses(system, _refresh(system, tokens["refresh_token"]).json()["access_token"]) == BELIEVED


def test_revoking_a_refresh_token_ends_its_session(system: System, customer: Account) -> None:
    """And nobody learns from the answer whether a string was a token."""
    assert _revoke(system, "not-a-token").status == 200
    assert _revoke(system, customer.refresh_token).status == 200
    assert statuses(system, customer.token) == REFUSED
    assert _refresh(system, customer.refresh_token).status == 401


def test_a_role_that_is_taken_is_gone_at_once(system: System, customer: Account) -> None:
    """Support for a moment: the token that still says so is refused, and the next one does not say it."""
    admin, path = system.admin_token(), f"/api/users/{customer.id}/roles"
    assert system.call("PUT", path, token=admin, json={"roles": ["customer", "support"]}).status == 200
    support = system.login(customer.email, customer.password)["access_token"]
    assert system.call("GET", "/api/users", token=support).status == 200
    assert system.call("PUT", path, token=admin, json={"roles": ["customer"]}).status == 200
    assert system.call("GET", "/api/users", token=support).status == 401
    again = system.login(customer.email, customer.password)["access_token"]
    assert system.call("GET", "/api/users", token=again).status == 403
