"""Phrases are found in somebody's own words, and a slip or a negation never turns their meaning."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.phrases import opposed, reveal, words_of


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("circuit breaker", "I'd put a Circuit Breaker there", "circuit breaker"),
        ("circuit breaker", "two circuit breakers", "circuit breakers"),
        ("idempotency key", "send an idempotencey key", "idempotencey key"),
        ("max-age", "Cache-Control: MAX-AGE=60", "max age"),
        ("circuit breaker", "a circuit-breaker", "circuit breaker"),
        ("at-least-once", "at least once delivery", "at least once"),
        ("304", "answers 304.", "304"),
        ("doesn't retry", "It doesn\u2019t retry", "doesn't retry"),
        ("asynchronous", "a synchronous call", ""),
        ("authorized", "unauthorized", ""),
        ("shared database", "they do not have a shared database", "shared database"),
        ("shared database", "never a shared database", ""),
        ("not shared", "it is not shared", "not shared"),
        ("retry", "no retry", ""),
        ("circuit breaker", "circuit and breaker", ""),
        ("->", "a -> b", ""),
        ("anything", "", ""),
    ],
)
def test_phrase_is_found_in_the_learners_words(phrase: str, text: str, found: str) -> None:
    """Case, plurals and slips are forgiven; opposites, negations and gaps are not."""
    assert reveal([phrase], words_of(text)) == found


def test_first_phrase_that_occurs_is_the_evidence() -> None:
    """Of several phrases the first one that occurs is shown."""
    assert reveal(["outbox", "relay"], words_of("a relay reads the outbox")) == "outbox"


def test_opposites_differ_by_a_prefix() -> None:
    """A prefix that turns the meaning makes two words opposed, with or without a hyphen."""
    assert opposed("asynchronous", "synchronous")
    assert opposed("blocking", "non-blocking")
    assert not opposed("breaker", "breakers")


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=30))
def test_any_text_may_be_searched(text: str, phrase: str) -> None:
    """Whatever is typed, the result is words of the text."""
    found = reveal([phrase], words_of(text))
    assert all(word in words_of(text) for word in found.split())
