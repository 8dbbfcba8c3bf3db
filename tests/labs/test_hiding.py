"""Secrets are named and not shown."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.labs.hiding import HIDDEN, Secrets, quoted

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
KNOWN = Secrets.among(
    {"customer.token": "token-of-a-customer", "customer.email": "ann@example.com", "order": "o-1", "mine": JWT},
    {
        "rabbitmq.password": "hush-hush",
        "rabbitmq.user": "shop",
        "identity.key": "signs-identities",
        "sql.orders": "postgresql://r:pw@127.0.0.1/orders",
    },
)


def test_secrets_are_known_by_name_and_by_their_looks() -> None:
    """Tokens, passwords and database addresses are; who somebody is and which order it is are not."""
    assert set(KNOWN.names.values()) == {
        *("CUSTOMER_TOKEN", "MINE"),
        *("RABBITMQ_PASSWORD", "IDENTITY_KEY", "SQL_ORDERS"),
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bearer token-of-a-customer", "Bearer $CUSTOMER_TOKEN"),
        ('{"access_token":"abcdef123456","id":1}', f'{{"access_token":"{HIDDEN}","id":1}}'),
        ('{"password": "x1234"}', f'{{"password": "{HIDDEN}"}}'),
        (f"a {JWT.replace('eyJz', 'eyJx')} b", f"a {HIDDEN} b"),
        ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY----- after", f"{HIDDEN} after"),
        ("ann@example.com has order o-1", "ann@example.com has order o-1"),
    ],
)
def test_a_text_loses_its_secrets(text: str, shown: str) -> None:
    """Those that are known become their variables; what looks like one is hidden."""
    assert KNOWN.text(text) == shown


def test_short_values_are_no_secrets() -> None:
    """Hiding each `1` would make everything unreadable."""
    assert Secrets.among({"a.token": "1", "b.token": ""}).names == {}


def test_of_two_secrets_the_longer_one_is_hidden_first() -> None:
    """One that contains another is not cut in two."""
    both = Secrets.among({"a.token": "secret", "b.token": "secret-and-more"})
    assert both.text("secret-and-more, secret") == "$B_TOKEN, $A_TOKEN"


@given(
    st.lists(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=20), max_size=4)
)
def test_a_shell_reads_back_what_was_meant(words: list[str]) -> None:
    """Whatever stands in a command is one word of it, and a variable becomes its value."""
    meant = [f"{word}token-of-a-customer{word}" for word in words]
    command = KNOWN.command("printf", "%s\\0", "x", *meant)
    assert "token-of-a-customer" not in command
    environment = {"CUSTOMER_TOKEN": "token-of-a-customer", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True, env=environment)
    assert done.stdout.decode("utf-8", "surrogateescape").split("\0")[1:-1] == meant


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("plain", "plain"),
        ("two words", "'two words'"),
        ("status = 'PENDING'", "\"status = 'PENDING'\""),
        ("it's $5", """'it'"'"'s $5'"""),
        ("it's `x`!", """'it'"'"'s `x`!'"""),
    ],
)
def test_a_query_with_literals_can_be_read(text: str, word: str) -> None:
    """Double quotes around single ones, unless a shell would see more in them than the text."""
    assert quoted(text) == word
