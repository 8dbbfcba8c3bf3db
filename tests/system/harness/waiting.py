"""Bounded waits by polling. Refuses to sleep for a fixed time and hope."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
POLL = 0.1


def eventually(look: Callable[[], T | None], timeout: float = 30.0) -> T:
    """Call `look` until it returns something true without a failed assertion; its last failure when time is up."""
    deadline = time.monotonic() + timeout
    while True:
        failure: AssertionError | None = None
        found: T | None = None
        try:
            found = look()
        except AssertionError as error:
            failure = error
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {timeout:g} s; last seen: {found!r}") from failure
        time.sleep(POLL)
