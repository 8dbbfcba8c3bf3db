"""Signing what was signed a moment ago costs nothing, and never gives an old header or somebody else's."""

from __future__ import annotations

import pytest

from chassis.identity.internal import LIFETIME, verify
from chassis.identity.model import Identity
from chassis.identity.permissions import permissions_of
from gateway import signing
from gateway.signing import USED_FOR, Signer

KEYS = {"k1": b"1" * 32, "k0": b"0" * 32}


def identity(subject: str, *roles: str) -> Identity:
    """A user with these roles."""
    return Identity(subject, frozenset(roles), permissions_of(roles), "user")


def test_a_header_is_used_again_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same caller to the same service within a third of its life; after that there is a new one."""
    now = 1000.0
    monkeypatch.setattr("gateway.signing.time.monotonic", lambda: now)
    signer = Signer(KEYS)
    first = signer.header(identity("a", "customer"), "orders")
    assert signer.header(identity("a", "customer"), "orders") is first
    now += USED_FOR + 1
    assert signer.header(identity("a", "customer"), "orders") is not first
    assert USED_FOR * 2 < LIFETIME  # what is used has most of its life before it when it arrives


def test_nobody_gets_anybody_elses_header() -> None:
    """Another subject, other roles or another service: another header, and each verifies as what it is."""
    signer = Signer(KEYS)
    asked = [
        ("a", "customer", "orders"),
        ("b", "customer", "orders"),
        ("a", "admin", "orders"),
        ("a", "customer", "users"),
    ]
    for subject, role, audience in asked * 2:
        found = verify(signer.header(identity(subject, role), audience), KEYS, audience)
        assert (found.subject, set(found.roles)) == (subject, {role})


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest headers make room, and are signed anew when they are wanted again."""
    monkeypatch.setattr(signing, "REMEMBERED", 3)
    signer = Signer(KEYS)
    headers = {name: signer.header(identity(name), "orders") for name in "abcd"}
    assert signer.header(identity("d"), "orders") is headers["d"]
    assert len(signer._made) == 3
    assert verify(signer.header(identity("a"), "orders"), KEYS, "orders").subject == "a"
