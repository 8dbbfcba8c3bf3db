"""The `input` kind: what the learner typed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.labs.checks.looking import check, looked, unmet
from tutor.labs.looking import Looking
from tutor.labs.reach import Reach
from tutor.labs.verdict import Mismatch

PROMPT: dict[str, Any] = {"prompt": "Which service answers last?"}


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("payments", "payments"),
        ("  Payments. ", "payments"),
        ("PAYMENTS\t", "payments"),
        ("\uff30ayments", "payments"),
        ("two  words", "two words"),
    ],
)
async def test_an_answer_is_the_same_however_it_is_typed(reach: Reach, typed: str, answer: str) -> None:
    """Case, space, a full stop and wide letters do not matter; another word does."""
    reach.variables["input.this-check"] = typed
    seen = await looked(reach, "input", **PROMPT)
    assert unmet({"given": True, "answer": answer}, seen) == []
    assert unmet({"answer": "orders"}, seen) == ["answer"]


@pytest.mark.parametrize("typed", [None, "", "  "])
async def test_no_answer_does_not_pass(reach: Reach, typed: Any) -> None:
    """Who has not answered has not found it; what would be typed is said."""
    if typed is not None:
        reach.variables["input.this-check"] = typed
    seen = await looked(reach, "input", **PROMPT)
    assert unmet({"given": False}, seen) == []
    assert unmet({"answer": "payments", "number": {"gt": 0}}, seen) == ["answer", "number"]
    assert seen.command == 'tutor lab find this-check "your answer"'


@pytest.mark.parametrize(
    ("typed", "number"),
    [("37", 37), (" 1,500 ", 1500), ("2.5", 2.5), ("about 3", None), ("1e400", None), ("nan", None)],
)
async def test_a_number_is_one(reach: Reach, typed: str, number: Any) -> None:
    """It can be compared as a number; a sentence with a number in it is none."""
    reach.variables["input.this-check"] = typed
    assert unmet({"number": number}, await looked(reach, "input", **PROMPT)) == []


@pytest.mark.parametrize(
    ("typed", "expect", "actual"),
    [("orders", {"answer": "payments"}, "'orders'"), (None, {"answer": "payments"}, "nothing"), (None, {}, "nothing")],
)
async def test_a_wrong_answer_is_not_told_the_right_one(
    reach: Reach, typed: str | None, expect: dict[str, str], actual: str
) -> None:
    """Who looks before they have found out sees the question again, and what they have answered so far."""
    if typed:
        reach.variables["input.this-check"] = typed
    sight = await Looking(check("input", expect or {"given": True}, **PROMPT), reach, {}).run(lambda looked: None)
    assert sight.mismatches == [Mismatch("answer", 'what answers "Which service answers last?"', actual)]
