"""The labs in the app: what there is, by topic, how far each is, what is coming, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.making import write_files
from tests.labs.sitting import Learner, learner
from tests.tui.shell import SIZES, SMALL, Desk, seen, settle
from tutor.coach.labs import Labs
from tutor.errors import MachineError
from tutor.labs.library import Library
from tutor.tui.app import TutorApp
from tutor.tui.screens.labs import LabsScreen


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Learner]:
    """A learner who has the small lab, about queues, and has started nothing yet."""
    yield from learner(tmp_path / "lab", topic="queues")


def _app(desk: Desk, ana: Learner) -> TutorApp:
    """The app with the small lab, opened as the command line would."""
    site = ana.site()
    labs = Labs(desk.coach, Library(ana.folder / "labs"), lambda _: site)
    return TutorApp(desk.coach, "labs", labs=lambda: labs)


@pytest.mark.parametrize("size", SIZES)
async def test_labs_are_listed_with_all_that_one_chooses_by(studied: Desk, ana: Learner, size: tuple[int, int]) -> None:
    """Below its topic: title, state, level, minutes, engines, what it proves; those that are coming at the end."""
    app = _app(studied, ana)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        text = seen(app)
    for words in ("A small lab  new", "mid, 20 min, edits code, on docker", "Can mend an answer."):
        assert words in text
    assert text.index("A small lab") < text.index("Coming, not there yet") < text.index("The lost message")


async def test_a_lab_in_progress_is_running(studied: Desk, ana: Learner) -> None:
    """What was started elsewhere is seen when one comes back to the list."""
    app = _app(studied, ana)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert "A small lab  new" in seen(app)
        list(ana.session().start())
        await pilot.press("question_mark")
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert "A small lab  running" in seen(app)


async def test_a_broken_lab_is_said_and_hides_no_other(studied: Desk, ana: Learner) -> None:
    """The problem of one lab stands above the list of the others."""
    app = _app(studied, ana)
    write_files(ana.folder / "labs" / "torn-lab", {"lab.yaml": "format_version: 1\nid: torn-lab\n"})
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        text = seen(app)
    unwrapped = "".join(text.split())
    assert "torn-lab/lab.yaml" in unwrapped and "more:tutorlablist" in unwrapped and "A small lab" in text


async def test_labs_that_cannot_be_opened_are_a_sentence(studied: Desk) -> None:
    """The sentence of the error is shown, and what is coming all the same."""

    def failing() -> Labs:
        raise MachineError("The data folder is gone.", "Make it anew.")

    app = TutorApp(studied.coach, "labs", labs=failing)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, LabsScreen)
        assert "The data folder is gone." in seen(app) and "The lost message" in seen(app)
