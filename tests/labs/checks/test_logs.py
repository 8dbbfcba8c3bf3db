"""The `logs` kind, on lines as an engine gives them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.labs.checks.conftest import START
from tests.labs.checks.looking import Here, check, looked, unmet
from tutor.labs.check import CannotLook
from tutor.labs.checks import logs
from tutor.labs.engine.base import LogLine
from tutor.labs.reach import Reach


def line(part: str, second: float, instance: str = "", **fields: Any) -> LogLine:
    """One line of a service, as JSON."""
    at = START + timedelta(seconds=second)
    return LogLine(part, instance or f"{part}-1", at, json.dumps(fields), fields)


@pytest.fixture(autouse=True)
def written(here: Here) -> None:
    """What two parts have written, and one thing from before the lab."""
    here.written = {
        "gateway": [
            line("gateway", -5, message="old", level="ERROR"),
            line("gateway", 1, message="request", level="INFO", status=200, trace_id="a1"),
            line("gateway", 4, message="request", level="WARNING", status=503, trace_id="b2"),
        ],
        "orders": [
            line("orders", 2, "orders-1", message="Order created", level="INFO", trace_id="a1"),
            line("orders", 3, "orders-2", message="login of ann@example.com", level="INFO"),
            LogLine("orders", "orders-2", START + timedelta(seconds=5), "Traceback: plain text", {}),
        ],
    }


async def test_it_passes_and_fails_by_what_was_written(reach: Reach) -> None:
    """Lines that fit are counted, with who wrote them; lines from before the lab do not count."""
    reach.variables["trace"] = "a1"
    seen = await looked(reach, "logs", parts=["gateway", "orders"], where={"trace_id": "${trace}"})
    right: dict[str, Any] = {
        "count": 2,
        "parts": ["gateway", "orders"],
        "instances": ["gateway-1", "orders-1"],
        "lines": [
            {"part": "gateway", "instance": "gateway-1", "at": "2026-03-02T12:00:01+00:00"},
            {"part": "orders", "fields": {"message": "Order created"}},
        ],
    }
    assert unmet({**right, "lines": {"consist_of": right["lines"]}}, seen) == []
    assert unmet({"count": 0, "parts": {"contains": "users"}}, seen) == ["count", "parts"]
    none = await looked(reach, "logs", parts=["gateway"], where={"level": "ERROR"})
    assert unmet({"count": 0, "lines": {"empty": True}}, none) == []


@pytest.mark.parametrize(
    ("keys", "count"),
    [
        ({"text": "ann@example.com"}, 1),
        ({"text": {"matches": "(?i)TRACEBACK"}}, 1),
        ({"text": {"contains": "request"}, "where": {"status": {"ge": 500}}}, 1),
        ({"where": {"level": {"in": ["WARNING", "ERROR"]}}}, 1),
        ({"where": {"status": {"exists": True}}}, 2),
        ({"text": "ANN"}, 0),
    ],
)
async def test_lines_are_chosen_by_text_and_fields(reach: Reach, keys: dict[str, Any], count: int) -> None:
    """A plain text anywhere in the line, or what an expectation says of the line and of its fields."""
    assert (await looked(reach, "logs", parts=["gateway", "orders"], **keys)).values["count"] == count


async def test_what_was_written_before_the_evaluation_can_be_left_out(reach: Reach) -> None:
    """`since: look` begins when this evaluation did."""
    reach.began = START + timedelta(seconds=3)
    seen = await looked(reach, "logs", parts=["gateway", "orders"], text={"exists": True}, since="look")
    assert unmet({"count": 3, "parts": ["gateway", "orders"]}, seen) == []


async def test_older_lines_that_were_not_seen_are_not_taken_for_none(
    reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a log that is longer than what is read, "there is no such line" cannot be said; "there is one" can."""
    monkeypatch.setattr(logs, "MAX_LINES", 2)
    with pytest.raises(CannotLook, match="older ones were not seen"):
        await looked(reach, "logs", parts=["orders"], text="Order created")
    assert (await looked(reach, "logs", parts=["orders"], text="Traceback")).values["count"] == 1


async def test_secrets_in_lines_are_found_and_not_shown(here: Here, reach: Reach) -> None:
    """A check that looks for a password finds it, and does not print it once more."""
    reach.variables["customer.password"] = "correct-horse"
    here.written["users"] = [line("users", 1, message="login with correct-horse")]
    seen = await looked(reach, "logs", parts=["users"], text="${customer.password}")
    assert seen.values["count"] == 1
    assert "correct-horse" not in seen.shown + seen.values["lines"][0]["text"]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"parts": ["orders"]}, "say which lines"),
        ({"parts": [], "text": "x"}, "at least 1 item"),
        ({"parts": ["orders"], "where": {}}, "at least 1 item"),
        ({"parts": ["orders"], "where": {"level": {"in": []}}}, "a list with at least one entry"),
        ({"parts": ["orders"], "text": {"matches": "("}}, "a regular expression"),
    ],
)
def test_a_mistake_is_named(keys: dict[str, Any], says: str) -> None:
    """What a lab cannot mean is refused when it is read."""
    with pytest.raises(ValueError, match=says):
        check("logs", **keys)
