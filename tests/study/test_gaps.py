"""A gap takes typing slips and usual spellings of numbers, and refuses the neighbor that means something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.content.models.question import Blank, NearMiss
from tutor.study.gaps import fits


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("idempotent", "Idempotent."),
        ("idempotent", "idempotant"),
        ("circuit breaker", "circut  breaker"),
        ("half-open", "half open"),
        ("dead letter queue", "dead-letter-queue"),
        ("synchronous", "synchronuos"),
        ("at least once", "at-least-once"),
        ("`Retry-After`", "retry-after"),
        ("authentication", "authentification"),
    ],
)
def test_slips_and_spellings_are_taken(wanted: str, said: str) -> None:
    """Case, hyphens, spaces, backticks and a slip in a long word do not matter."""
    assert fits(Blank(accept=(wanted,)), said).ok


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("synchronous", "asynchronous"),
        ("asynchronous", "synchronous"),
        ("authentication", "authorization"),
        ("at-least-once", "at-most-once"),
        ("at least once delivery", "at most once delivery"),
        ("idempotent", "non-idempotent"),
        ("idempotent", "idempotency"),
        ("read committed", "read uncommitted"),
        ("encryption", "decryption"),
        ("interservice", "intraservice"),
        ("mutable", "immutable"),
        ("OAuth 2.0", "OAuth 2.1"),
        ("RS256", "HS256"),
        ("horizontal scaling", "vertical scaling"),
        ("circuit breaker", "circuit"),
        ("saga", ""),
    ],
)
def test_neighbors_that_mean_something_else_are_refused(wanted: str, said: str) -> None:
    """Terms that look alike and are opposites or siblings never pass as slips of each other."""
    assert not fits(Blank(accept=(wanted,)), said).ok


def test_a_listed_near_miss_is_refused_with_its_reason() -> None:
    """What an author listed as a confusion is refused and explained; a slip nearer to it is refused too."""
    blank = Blank(accept=("throughput",), reject=(NearMiss(text="throughout", why="That is a preposition."),))
    assert fits(blank, "Throughout").why == "That is a preposition."
    assert not fits(blank, "throughoutt").ok
    assert fits(blank, "thruoghput").ok


@pytest.mark.parametrize(
    ("wanted", "unit", "said", "ok"),
    [
        ("8400", None, "8,400", True),
        ("8400", None, "8 400", True),
        ("8400", None, "8_400", True),
        ("8400", None, "8.4e3", True),
        ("8400", None, "8401", False),
        ("7.5", "s", "7,5", True),
        ("7.5", "s", "7.5 seconds", True),
        ("7.5", "s", "7.5s", True),
        ("7.5", "s", "7.5 ms", False),
        ("7.5", "s", "7.5.1", False),
        ("5", "days", "5 day", True),
        ("5", "days", "5 hours", False),
        ("5", None, "0,5", False),
        ("14", None, "1 4", False),
        ("14", None, "14 or 15", False),
        ("14", "series", "14 apples", False),
        ("42", "million series", "42 million", True),
        ("42", "million series", "42 series", False),
        ("99.5", "%", "99.5 percent", True),
        ("-3", None, "-3", True),
        ("3", None, "-3", False),
        ("3", None, "three", False),
        ("1,500", None, "1500", True),
    ],
)
def test_numbers(wanted: str, unit: str | None, said: str, ok: bool) -> None:
    """Thousands separators, decimal commas and units are read as people mean them."""
    assert fits(Blank(accept=(wanted,), tolerance=0, unit=unit), said).ok is ok


@pytest.mark.parametrize(("said", "ok"), [("19", True), ("21", True), ("18.99", False), ("21.01", False)])
def test_tolerance_includes_its_ends(said: str, ok: bool) -> None:
    """Plus or minus one means from one less to one more, ends included."""
    assert fits(Blank(accept=("20",), tolerance=1), said).ok is ok


HOSTILE = [
    "nan",
    "inf",
    "-inf",
    "1e999",
    "-1e999",
    "9" * 100_000,
    "1" + ",000" * 20_000,
    "\x00",
    "٣",
    "²",
    "e",
    "1e",
    ".",
]


@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_numbers_are_wrong_and_nothing_worse(said: str) -> None:
    """No text makes a numeric gap raise, and none of these is fourteen."""
    assert not fits(Blank(accept=("14",), tolerance=0.5, unit="s"), said).ok


@given(st.text(max_size=40))
def test_any_text_gets_a_verdict(said: str) -> None:
    """Gaps of both kinds judge whatever was typed."""
    fits(Blank(accept=("14",), tolerance=0.5, unit="s"), said)
    fits(Blank(accept=("circuit breaker",)), said)


@given(st.floats(-1e9, 1e9).map(lambda value: round(value, 3)))
def test_a_number_written_out_fits_itself(value: float) -> None:
    """A number fits however Python or a person with thousands separators would write it."""
    blank = Blank(accept=(f"{value:.3f}",), tolerance=0.0005)
    assert fits(blank, f"{value:.3f}").ok
    assert fits(blank, f"{value:,.3f}").ok
