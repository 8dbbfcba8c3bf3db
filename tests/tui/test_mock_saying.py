"""An interview in a hurry, and what it shows when: tips, whiteboards, what was missed, what is due."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import TextArea

from tests.tui.shell import LARGE, SMALL, seen
from tests.tui.working import Seat, WorkDesk, seated
from tutor.interview.run import Phase
from tutor.tui.screens import mock as screens
from tutor.tui.screens.mock import MockScreen
from tutor.tui.widgets.diagram import Diagram

GOOD = "so I look it up before I"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[WorkDesk]:
    """A learner with the small pack."""
    made = WorkDesk(tmp_path)
    yield made
    made.close()


def interview(desk: WorkDesk) -> MockScreen:
    """A new interview."""
    return MockScreen(desk.coach, desk.coach.mock("payments-small"))


async def hurry(seat: Seat, screen: MockScreen) -> None:
    """Press on without ever waiting for a part to be painted, until the rubric is asked for."""
    for _ in range(200):
        if screen.mock.phase is Phase.RUBRIC:
            return
        for key in ("x", "ctrl+s", "ctrl+s", "ctrl+s", "3"):
            seat.app.simulate_key(key)
        await seat.pilot.pause()


async def test_keys_that_overtake_the_screen_break_nothing(desk: WorkDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """With drafts kept every millisecond and keys faster than parts change, all that is logged is in order."""
    monkeypatch.setattr(screens, "DRAFT_EVERY", 0.001)
    for _ in range(4):
        screen = interview(desk)
        async with seated(desk.coach, screen, SMALL) as seat:
            await hurry(seat, screen)
            assert screen.mock.phase is Phase.RUBRIC and seat.app.fault is None


async def test_a_good_example_is_shown_after_the_answer_only(desk: WorkDesk) -> None:
    """Before the answer stands the advice with a weak example; the good one comes with the points."""
    screen = interview(desk)
    async with seated(desk.coach, screen, LARGE) as seat:
        await seat.press("x", "ctrl+s", "ctrl+s")
        assert "Weak: I add a retry." in seen(seat.app) and GOOD not in seen(seat.app)
        await seat.press("x", "ctrl+s", "3", "x", "ctrl+s", "x", "ctrl+s")
        assert screen.mock.phase is Phase.GRADE and GOOD in " ".join(seen(seat.app).split())


async def test_a_whiteboard_stays_a_drawing(desk: WorkDesk) -> None:
    """At the follow-ups and when graded, what was drawn is drawn, not shown as text."""
    screen = interview(desk)
    async with seated(desk.coach, screen, LARGE) as seat:
        await seat.press("x", "ctrl+s", "ctrl+s", "x", "ctrl+o")
        screen.query_one("#board-text", TextArea).text = "graph LR\n  client --> gateway --> orders"
        await seat.press("ctrl+s", "3")
        assert screen.query(Diagram) and "mermaid" not in seen(seat.app)
        await seat.press("x", "ctrl+s", "x", "ctrl+s")
        assert "mermaid" not in seen(seat.app) and "gateway │" in seen(seat.app)


async def test_three_boxes_fit_the_whiteboard(desk: WorkDesk) -> None:
    """On a large terminal a drawing of three boxes and the line that says how are whole."""
    screen = interview(desk)
    async with seated(desk.coach, screen, LARGE) as seat:
        await seat.press("x", "ctrl+s", "ctrl+s", "ctrl+o")
        assert "it is drawn as you type." in seen(seat.app)
        screen.query_one("#board-text", TextArea).text = "graph LR\n  client --> gateway --> orders"
        await seat.pilot.pause(0.4)
        drawn = [line for line in seen(seat.app).splitlines() if "client │" in line]
        assert drawn and "orders │" in drawn[0]


async def test_the_end_reads_without_ids(desk: WorkDesk) -> None:
    """Missed points stand under their stage, questions show how they begin, and the total says how it came about."""
    screen = interview(desk)
    async with seated(desk.coach, screen, LARGE) as seat:
        await hurry(seat, screen)
        await seat.press("2", "2", "2", "2", "ctrl+s")
        text = seen(seat.app)
        assert "The mean of key points 0 % and rubric 33 %, no red flags." in text
        assert "Due in the quiz now: 2 questions; z answers them" in text and "two-multi" not in text
        assert "- Which of these belong in a gateway?" in text
        assert text.count("Read the failure") == 2
