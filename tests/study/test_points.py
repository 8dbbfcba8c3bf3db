"""Key points are suggested from the learner's own words; negations and opposites do not count."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from tutor.content.models.base import KeyPoint
from tutor.study.points import suggest_points

POINTS = (
    KeyPoint(id="idem", text="Idempotent.", phrases=("idempotent", "same key twice")),
    KeyPoint(id="sync", text="Synchronous.", phrases=("synchronous call",)),
    KeyPoint(id="none", text="No shared database.", phrases=("no shared database",)),
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The consumer is Idempotent, so", {"idem": "idempotent"}),
        ("it sends the same keys twice", {"idem": "same keys twice"}),
        ("it is idempotant", {"idem": "idempotant"}),
        ("POST is not idempotent", {}),
        ("POST isn\u2019t idempotent", {}),
        ("they aren't really idempotent", {}),
        ("it is non-idempotent", {}),
        ("synchronous calls everywhere", {"sync": "synchronous calls"}),
        ("asynchronous calls everywhere", {}),
        ("there is no shared database", {"none": "no shared database"}),
        ("POST is not idempotent. PUT, though, is idempotent", {"idem": "idempotent"}),
        ("", {}),
        ("\x00\u2028```", {}),
    ],
)
def test_what_a_text_reveals(text: str, found: dict[str, str]) -> None:
    """Plurals and slips count, negations and opposites do not, and the learner's own words are shown."""
    assert suggest_points(POINTS, text) == found


def _calls(text: str) -> int:
    count = 0

    def on(frame: FrameType, what: str, argument: Any) -> None:
        nonlocal count
        count += what in ("call", "c_call")

    sys.setprofile(on)
    try:
        suggest_points(POINTS, text)
    finally:
        sys.setprofile(None)
    return count


def test_work_grows_with_the_text_and_no_faster() -> None:
    """A text ten times as long costs at most about ten times the calls."""
    text = "synchronous message brokers deliver idempotently whatever they were given "
    assert _calls(text * 200) <= 11 * _calls(text * 20)
