"""Statements that must never be taught: found when claimed, left alone when denied, and absent from what ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.content.conftest import QUESTIONS, PackFolder
from tutor.content.lint import lint
from tutor.content.lint.claims import CLAIMS, wrong_claims
from tutor.content.lint.teaching import taught
from tutor.content.source import read_pack
from tutor.paths import bundled_content

SAID = {
    "a breaker opens after five failures": [
        "The circuit breaker opens after 5 failures.",
        "A breaker trips after five consecutive failures and closes later.",
    ],
    "a JWT cannot be revoked": [
        "A JWT cannot be revoked before it expires.",
        "JWTs are fast, but they can't be invalidated.",
    ],
    "fanout chooses the channel": [
        "Use a fanout exchange to reach all channels.",
        "One fan-out exchange feeds email, SMS and push.",
    ],
    "read replicas scale writes": [
        "For ten times the orders, read replicas absorb the writes.",
        "Add replicas so that the database takes more writes.",
    ],
    "exactly-once delivery": ["RabbitMQ gives exactly-once delivery with confirms.", "We need exactly once delivery."],
    "ACID transactions do not work": [
        "In microservices ACID doesn't work.",
        "Traditional ACID transactions do not work here.",
    ],
    "a dead letter queue retries": [
        "The dead letter queue retries the message.",
        "A DLQ then redelivers it to the consumer.",
    ],
    "every service shares one token secret": [
        "Share the HS256 secret with every service.",
        "The same JWT secret is set in all services, so each can verify.",
    ],
    "event sourcing replaces distributed transactions": [
        "Event sourcing solves distributed transactions.",
        "Event sourcing gives cross-service consistency.",
    ],
    "payment and confirmation react to the created order": [
        "Inventory, payments and notifications all react to order.created.",
    ],
    "forwarded identity headers can be trusted": ["The services simply trust the X-User-Id header."],
    "a role check is enough": ["For deleting an order, the role check is enough."],
    "check the stock, then reserve": ["Orders checks the stock synchronously and then reserves it."],
    "services read the issuer's token store": ["Every service looks up the token in the shared Redis."],
    "service authentication is authorization": ["mTLS is service authorization."],
}

DENIED = [
    "No breaker opens after 5 failures by law; the threshold is configuration.",
    "That a JWT cannot be revoked is a myth.",
    "A JWT cannot be revoked by deleting it, so keep a denylist of `jti` until `exp`.",
    "It's not fanout: fanout ignores the routing key, so each notification would go to every channel.",
    "A fanout exchange ignores the routing key, so each message would reach email, SMS and push.",
    "Read replicas do not scale writes.",
    "Read replicas serve reads and lag behind.",
    "Nobody sells exactly-once delivery, and there is no such thing.",
    "ACID transactions work inside each service.",
    "A dead letter queue stores failures. A worker retries after a delay.",
    "Never share one signing key with every service.",
    "Event sourcing stores state as events; a saga is needed across services.",
    "The role check is necessary, ownership is checked after it.",
    "mTLS is not authorization.",
    "The breaker opens when half of the last 100 calls failed.",
]


def test_every_claim_has_examples() -> None:
    """Each pattern of the table is proved by a sentence that it must catch."""
    assert set(SAID) == {claim.name for claim in CLAIMS}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in SAID.items() for text in texts])
def test_wrong_statement_is_caught(name: str, text: str) -> None:
    """A sentence that claims it is caught, in the middle of a text and across line breaks as well."""
    for wrapped in (text, f"First this. {text} Then that.", f"- a point\n- {text.replace(' ', chr(10), 2)}\n- more"):
        assert name in [claim.name for claim, _ in wrong_claims(wrapped)]


@pytest.mark.parametrize("text", DENIED)
def test_denial_is_left_alone(text: str) -> None:
    """A sentence that denies the claim, or says the precise thing, is fine."""
    assert list(wrong_claims(text)) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "at"),
    [
        (QUESTIONS, "The response carries a lifetime", "{} The response carries a lifetime", "The circuit"),
        (QUESTIONS, "why: The server compares", "why: {} The server compares", "The circuit"),
        (QUESTIONS, "later: An hour", "later: {} An hour", "The circuit"),
        (QUESTIONS, "listen_for: A cache", "listen_for: {} A cache", "The circuit"),
        ("recap/http-caching.yaml", "listen_for: A hash", "listen_for: {} A hash", "The circuit"),
        ("scenarios/slow-news-page.yaml", "strong: Serve", "strong: {} Serve", "The circuit"),
        ("scenarios/slow-news-page.yaml", "text: The hit ratio", "text: {} The hit ratio", "The circuit"),
        ("tips.yaml", "good: How", "good: {} How", "The circuit"),
    ],
)
def test_claim_is_found_where_it_is_taught(pack: PackFolder, name: str, old: str, new: str, at: str) -> None:
    """Answers, right options, what to listen for, strong replies, key points and good examples are all read."""
    pack.replace(name, old, new.format("The circuit breaker opens after 5 failures."))
    (problem,) = lint(pack.folder)
    assert problem.file == pack.path(name)
    assert abs(problem.line - pack.line(name, at)) <= 1
    assert "a failure rate over a window" in problem.what


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (
            QUESTIONS,
            "Nothing, because an ETag makes a response fresh",
            "The breaker opens after 5 failures at a server",
        ),
        ("recap/http-caching.yaml", "`no-cache` sounds", "The breaker opens after 5 failures. `no-cache` sounds"),
        ("scenarios/slow-news-page.yaml", "text: Caches", "text: The breaker opens after 5 failures. Caches"),
        (
            "scenarios/slow-news-page.yaml",
            "interviewer_note: Let",
            "interviewer_note: A breaker opens after 5 errors. Let",
        ),
        ("tips.yaml", "weak: I would", "weak: The breaker opens after 5 failures, so I would"),
    ],
)
def test_claim_may_stand_where_it_is_exposed(pack: PackFolder, name: str, old: str, new: str) -> None:
    """Wrong options, traps, red flags, notes and weak examples are there to show what is wrong."""
    pack.replace(name, old, new)
    assert lint(pack.folder) == []


def test_shipped_pack_teaches_nothing_that_is_wrong() -> None:
    """Every text of week 7 that a learner is meant to believe is free of the listed statements."""
    found = [
        (str(at.problem(claim.name)), sentence)
        for at, text in taught(read_pack(bundled_content() / "week7"))
        for claim, sentence in wrong_claims(text)
    ]
    assert found == []


def test_scan_reads_much_of_the_shipped_pack() -> None:
    """The scan is no empty promise: it reads more than five hundred texts of the pack."""
    assert sum(1 for _ in taught(read_pack(Path(bundled_content()) / "week7"))) > 500
