"""Pictures of a question, its reveal and a graded stage, at both sizes. Everything random is pinned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from tests.tui.shell import SIZES, settle
from tests.tui.working import Ticks, WorkDesk, sitting
from tutor.tui.app import TutorApp
from tutor.tui.screens.mock import MockScreen

SAID = "A timeout leaves the outcome unknown, so I look it up before I repeat it."
Pictures = Callable[..., bool]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[WorkDesk]:
    """A learner with the small pack."""
    made = WorkDesk(tmp_path)
    yield made
    made.close()


def picture(
    compare: Pictures, desk: WorkDesk, make: Callable[[], Screen[Any]], keys: tuple[str, ...], size: tuple[int, int]
) -> bool:
    """Open the screen, press the keys, compare."""

    async def ready(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        screen = make()
        screen.clock = Ticks()  # type: ignore[attr-defined]
        pilot.app.push_screen(screen)
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)

    return compare(TutorApp(desk.coach), terminal_size=size, run_before=ready)


def graded(desk: WorkDesk) -> MockScreen:
    """An interview in which the first stage is to be graded."""
    mock = desk.coach.mock("payments-small")
    mock.clarify("How many orders?", [0])
    mock.answer(SAID, 70, 95)
    mock.reply("Rate times time.", 20)
    mock.reply("", 5)
    return MockScreen(desk.coach, mock)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    ("kind", "keys"),
    [("spot", ("down", "down", "space")), ("multi", ("space", "c", "enter", "4"))],
    ids=["question", "reveal"],
)
def test_quiz_picture(
    desk: WorkDesk, snap_compare: Pictures, kind: str, keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    """A question with a marked line, and one laid open, look as they did when somebody last looked."""
    assert picture(snap_compare, desk, lambda: sitting(desk.coach, kind), keys, size)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_mock_picture(desk: WorkDesk, snap_compare: Pictures, size: tuple[int, int]) -> None:
    """Own words beside the expected points look as they did when somebody last looked."""
    assert picture(snap_compare, desk, lambda: graded(desk), ("down", "space"), size)
