"""Pictures of the finished screens, at both sizes, of a learner with a fixed history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.shell import SIZES, Desk, settle


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    ("start", "keys"), [("home", ()), ("recap", ("space",)), ("progress", ())], ids=["home", "recap", "progress"]
)
def test_picture(
    studied: Desk, snap_compare: Callable[..., bool], start: str, keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    """The screen looks as it did when somebody last looked at it."""

    async def ready(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)

    assert snap_compare(studied.app(start), terminal_size=size, run_before=ready)
