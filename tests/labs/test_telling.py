"""Lines of a log as a person reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tutor.labs.engine.base import LogLine
from tutor.labs.telling import log_line

AT = datetime(2026, 3, 2, 12, 30, 5, 250_000, UTC)


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, "orders-1: {}"),
        ({"level": "INFO", "message": "order placed"}, "orders-1 INFO: order placed"),
        ({"level": "INFO", "message": "x", "trace_id": "ab"}, "orders-1 INFO: x trace=ab"),
        (
            {"level": "INFO", "message": "x", "trace_id": "ab", "correlation_id": "c-1"},
            "orders-1 INFO: x trace=ab correlation=c-1",
        ),
        ({"level": "INFO", "message": "x", "trace_id": "", "correlation_id": ""}, "orders-1 INFO: x"),
        (
            {"level": "ERROR", "message": "no", "exception": "Traceback\n  File a\nValueError: 7\n"},
            "no [ValueError: 7]",
        ),
    ],
)
def test_a_line_shows_who_said_what_and_what_was_raised(fields: dict[str, Any], shown: str) -> None:
    """JSON in short, with the id by which the request is found elsewhere; anything else as it is."""
    line = log_line(LogLine("orders", "orders-1", AT, json.dumps(fields), fields))
    assert line.endswith(shown)
    assert line.startswith(f"{AT.astimezone():%H:%M:%S}.250 orders-1")
