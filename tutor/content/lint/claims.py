"""Statements that interviews reward and practice refutes. Refuses them wherever a learner is meant to believe the text.

They may stand in wrong options, traps, red flags, notes, weak examples and faulty code, and in a sentence that denies
them. A sentence denies a claim when it holds a word such as `not` or `myth`; of a claim that is itself a denial, the
claim's own words do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tutor.content.lint.teaching import taught
from tutor.content.placed import PackSource
from tutor.errors import Problem


class Claim(NamedTuple):
    """A wrong statement: a pattern within one sentence, and what to write instead."""

    name: str
    pattern: re.Pattern[str]
    instead: str
    denies: bool


def _claim(name: str, pattern: str, instead: str, denies: bool = False) -> Claim:
    return Claim(name, re.compile(pattern, re.IGNORECASE), instead, denies)


_IN_SENTENCE = r"[^.;:!?]*"
_FIVE = r"(?:5|five)"

CLAIMS = (
    _claim(
        "a breaker opens after five failures",
        rf"\b(?:breaker|circuit)\b{_IN_SENTENCE}\b(?:opens?|trips?|opened)\b{_IN_SENTENCE}"
        rf"\bafter\s+{_FIVE}\s+(?:consecutive\s+)?(?:failures|errors|failed)",
        "thresholds are configuration: a failure rate over a window, with a minimum number of calls",
    ),
    _claim(
        "a JWT cannot be revoked",
        rf"\b(?:JWTs?|access tokens?|self-contained tokens?)\b{_IN_SENTENCE}"
        r"\b(?:can ?not|can't|can never|impossible to)\s+(?:be\s+)?(?:revoked?|invalidated?)\b"
        r"(?!\s+(?:by|without|alone|individually|through|on its own|directly))",
        "short lifetimes, a denylist of `jti`, introspection and key rotation revoke it, each at a price",
        denies=True,
    ),
    _claim(
        "fanout chooses the channel",
        rf"\bfan-?out\b(?:\s+exchange)?{_IN_SENTENCE}\b(?:channels?|email(?:\s+and|,|/)|SMS|push)\b",
        "fanout ignores the routing key; choose channels with a topic or direct exchange",
    ),
    _claim(
        "read replicas scale writes",
        rf"\breplicas?\b{_IN_SENTENCE}\b(?:scales?|absorbs?|takes?|spreads?|handles?|increases?|raises?)\b"
        r"[^.;:!?]{0,30}\b(?:writes?|inserts?|order peaks?)\b",
        "replicas serve reads and lag; writes need shorter transactions, batches, queues or partitions",
    ),
    _claim(
        "exactly-once delivery",
        r"\bexactly[- ]once\s+(?:message\s+)?delivery\b",
        "delivery is at most once or at least once; an idempotent consumer makes the effect happen once",
    ),
    _claim(
        "ACID transactions do not work",
        rf"\bACID\b{_IN_SENTENCE}\b(?:(?:do|does)(?:n't|\s+not)\s+work|(?:is|are)\s+(?:impossible|useless|gone|dead)\b)",
        "ACID transactions work inside each service; what is missing is one across services",
        denies=True,
    ),
    _claim(
        "a dead letter queue retries",
        r"\b(?:dead[- ]letter(?:ed)?(?:ing|\s+(?:queue|exchange))?|DLQ|DLX)s?\s+"
        r"(?:(?:then|automatically|simply|will)\s+)*(?:retries|retry|redelivers?|resends?)\b",
        "a dead letter queue stores failures; retries need a delay, a backoff and a limit",
    ),
    _claim(
        "every service shares one token secret",
        rf"\b(?:share[sd]?|same|one|common)\b[^.;:!?]{{0,40}}\b(?:HS256|HMAC|JWT|signing)\s+(?:secret|key)\b"
        rf"{_IN_SENTENCE}\b(?:every|all|each)\b[^.;:!?]{{0,30}}\b(?:services?|verifiers?)\b",
        "whoever can verify with a shared secret can also sign; use RS256, ES256 or EdDSA with public keys",
    ),
    _claim(
        "event sourcing replaces distributed transactions",
        rf"\bevent sourcing\b{_IN_SENTENCE}\b(?:solves?|handles?|replaces?|gives?|provides?)\b[^.;:!?]{{0,40}}"
        r"\b(?:distributed transactions?|cross-service (?:consistency|atomicity)|atomicity across services)\b",
        "event sourcing stores one service's state as events; consistency across services still needs a saga",
    ),
    _claim(
        "payment and confirmation react to the created order",
        rf"\b(?:inventory|payments?|notifications?)\b{_IN_SENTENCE}\b(?:inventory|payments?|notifications?)\b"
        rf"{_IN_SENTENCE}\b(?:all|both)\b[^.;:!?]{{0,20}}\b(?:react|listen|subscribe|respond|consume)s?\b"
        rf"{_IN_SENTENCE}\border[._ -]?created\b",
        "trigger each step by the event that makes it valid: reserve, then pay, then confirm",
    ),
    _claim(
        "forwarded identity headers can be trusted",
        r"\b(?:services?|they|orders)\s+(?:can\s+|may\s+|simply\s+|just\s+)*trusts?\s+(?:the\s+)?"
        r"(?:plain\s+)?(?:X-User|identity header|user id header)",
        "strip client-sent variants, close the direct path, or pass a short signed internal token",
    ),
    _claim(
        "a role check is enough",
        r"\b(?:roles?|permissions?|scopes?)(?:\s+checks?)?\s+(?:is|are|alone\s+is)\s+(?:enough|sufficient)\b",
        "also check that this caller may touch this object: ownership or tenant",
    ),
    _claim(
        "check the stock, then reserve",
        r"\bchecks?\s+(?:the\s+)?(?:stock|availability)\b[^.;:!?]{0,40}\bthen\s+(?:\w+ly\s+)?reserves?\b",
        "the conditional reservation is the check; anything before it is a race",
    ),
    _claim(
        "services read the issuer's token store",
        rf"\b(?:each|every|all|other)\s+services?\b{_IN_SENTENCE}\b(?:reads?|looks?\s+up)\b[^.;:!?]{{0,30}}\btokens?\b"
        rf"{_IN_SENTENCE}\b(?:issuer's|auth(?:entication)? service's|shared)\s+(?:redis|database|store)\b",
        "ask the issuer by authenticated introspection (RFC 7662), and store hashes of tokens",
    ),
    _claim(
        "service authentication is authorization",
        r"\b(?:mTLS|service-to-service auth\w*|mutual TLS)\s+(?:is|gives|provides)\s+(?:\w+\s+)?authorization\b",
        "it authenticates the workload; a policy says what that workload may call",
    ),
)

_DENIALS = re.compile(
    r"\b(?:not|no|never|nor|neither|nobody|none|cannot|nothing|ignores?|without|wrong|false|myths?|misconceptions?|mistaken?|incorrect|"
    r"instead|rather|absolute|unlike|misses|overclaims?|promises?|claims?|trap|untrue|hardly|too)\b|n't\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?;])[\"')*]*\s+|\n\s*\n|\n\s*(?:[-*|]|\d+\.)\s+")


def taught_wrong(source: PackSource) -> Iterator[Problem]:
    """Every wrong statement that the pack teaches."""
    for at, text in taught(source):
        for claim, sentence in wrong_claims(text):
            yield at.problem(f"teaches that {claim.name} ({sentence!r:.90}); write instead: {claim.instead}")


def wrong_claims(text: str) -> Iterator[tuple[Claim, str]]:
    """The wrong claims that `text` makes, each with its sentence."""
    for part in _SENTENCE_END.split(text):
        sentence = " ".join(part.replace("\u2019", "'").split())
        for claim in CLAIMS:
            found = claim.pattern.search(sentence)
            if found and not _denied(claim, sentence, found):
                yield claim, sentence


def _denied(claim: Claim, sentence: str, found: re.Match[str]) -> bool:
    around = f"{sentence[: found.start()]} {sentence[found.end() :]}"
    return bool(_DENIALS.search(around if claim.denies else sentence))
