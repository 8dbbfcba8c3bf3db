"""The learner's own requests: through the gateway, as somebody, with what came back and the same for a shell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.sitting import Learner, learner
from tutor.errors import MachineError, UsageError
from tutor.labs.console import Console, Wanted, understood
from tutor.labs.engine.base import Action


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Learner]:
    """A learner who has just started the lab."""
    for made in learner(tmp_path):
        list(made.session().start())
        yield made


@pytest.fixture
def console(ana: Learner) -> Console:
    """A console at that lab."""
    return ana.session().console()


def test_a_request_goes_through_the_gateway(console: Console) -> None:
    """The status, the body, the curl command, and a trace that can be looked for."""
    came = console.send(Wanted("get /api/products"))
    assert came.status == 200 and json.loads(came.text) == {"items": []}
    assert came.wanted.line == "GET /api/products" and came.curl.startswith("curl -i http://127.0.0.1:")
    assert len(came.trace) == 32 and came.trace in came.curl


def test_it_is_sent_as_whoever_can_log_in(console: Console, ana: Learner) -> None:
    """An account is logged in when it is needed, anew when its token is refused; the command names the token alone."""
    first = console.send(Wanted("/api/users/me", who="customer"))
    assert first.status == 200 and json.loads(first.text)["id"] == ana.run().accounts["customer"].id
    assert '"$CUSTOMER_TOKEN"' in first.curl
    ana.project.shop.database.tokens.clear()
    assert console.send(Wanted("/api/users/me", who="customer")).status == 200


def test_whoever_logs_in_here_is_mine(console: Console) -> None:
    """Before anybody has, that is said; afterwards the token of the answer is used."""
    with pytest.raises(UsageError, match="Nobody has logged in"):
        console.send(Wanted("/api/users/me", who="mine"))
    account = '{"email": "me@learner.test", "password": "correct-horse-battery", "name": "Me"}'
    made = console.send(Wanted("/api/users", body=account))
    assert made.status == 201
    login = console.send(Wanted("POST /api/auth/login", body=account))
    assert login.status == 200 and "access_token" in login.text
    me = console.send(Wanted("/api/users/me", who="mine"))
    assert me.status == 200 and json.loads(me.text)["id"] == json.loads(made.text)["id"]


def test_a_body_is_posted_and_headers_are_sent(console: Console) -> None:
    """Without a method a body means POST; JSON says that it is; headers are separated by semicolons."""
    request = understood(Wanted("/api/orders", "Idempotency-Key: a: b ; X-Y:z;", '{"a": 1}'))
    assert (request.method, request.headers) == (
        "POST", {"Idempotency-Key": "a: b", "X-Y": "z", "Content-Type": "application/json"}
    )  # fmt: skip
    assert "Content-Type" not in understood(Wanted("PUT /x", body="plain")).headers
    assert understood(Wanted("/x", "traceparent: 00-1-2-01")).traceparent is None


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(""), "That is no request"),
        (Wanted("GET /a b"), "That is no request"),
        (Wanted("FETCH /a"), "FETCH is no method"),
        (Wanted("GET products"), "The path of this request is wrong"),
        (Wanted("GET http://example.org/"), "The path of this request is wrong"),
        (Wanted("/a", "no colon"), "`no colon` is no header"),
        (Wanted("/a", "Ä: b"), "The headers of this request is wrong"),
        (Wanted("/a", who="root"), "Nobody is called root"),
    ],
)
def test_what_is_no_request_is_refused_in_a_sentence(console: Console, wanted: Wanted, words: str) -> None:
    """Nothing is sent, and the sentence says what is wrong; no address but the gateway's can be named."""
    with pytest.raises(UsageError, match=words):
        console.send(wanted)


def test_a_gateway_that_is_away_is_seen_as_such(console: Console, ana: Learner) -> None:
    """No answer is an exchange without a status; somebody who cannot log in then is a sentence."""
    _, running = ana.site().run()
    ana.site().engine("docker").act(running, Action("stop", "gateway"))
    came = console.send(Wanted("/api/products"))
    assert came.status is None and "does not accept connections" in came.text
    with pytest.raises(MachineError, match="It was not sent"):
        console.send(Wanted("/api/products", who="customer"))
