"""A mock interview from the first question to the report, and every way to stop in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Static, TextArea

from tests.tui.shell import LARGE, SIZES, SMALL, seen, settle
from tests.tui.working import Seat, WorkDesk, seated
from tutor.interview.run import Phase
from tutor.tui.app import TutorApp
from tutor.tui.screens.mock import MockScreen
from tutor.tui.screens.mock_compare import CompareScreen
from tutor.tui.screens.mock_grade import GradePane
from tutor.tui.screens.mocks import MocksScreen
from tutor.tui.widgets.points import Points
from tutor.tui.widgets.stopwatch import Stopwatch

SCENARIO = "payments-small"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkDesk]:
    """A learner with the small pack, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    made = WorkDesk(tmp_path)
    yield made
    made.close()


def interview(desk: WorkDesk) -> MockScreen:
    """A new interview."""
    return MockScreen(desk.coach, desk.coach.mock(SCENARIO))


def taken_up(desk: WorkDesk) -> MockScreen:
    """The last interview as another tutor on the same store takes it up."""
    coach = desk.another()
    return MockScreen(coach, coach.resume_mock(coach.mocks()[0].id))


async def clarify(seat: Seat) -> None:
    """Ask something, tick nothing more."""
    await seat.write("how many orders arrive a minute")
    await seat.press("ctrl+s")
    await seat.press("ctrl+s")


async def answer_stage(seat: Seat, said: str, replies: int) -> None:
    """Answer, bet 70 percent, reply to each follow-up, accept the suggested points."""
    await seat.write(said)
    await seat.press("ctrl+s", "3")
    for _ in range(replies):
        await seat.write("a reply")
        await seat.press("ctrl+s")
    await seat.press("ctrl+s")


async def whole(seat: Seat) -> None:
    """A whole interview, graded 3 throughout."""
    await clarify(seat)
    await answer_stage(seat, "the outcome unknown", 2)
    await answer_stage(seat, "pending", 1)
    await answer_stage(seat, "slowly and look up", 1)
    await seat.press("3", "3", "3", "3")
    await seat.press("ctrl+s")


@pytest.mark.parametrize("size", SIZES)
async def test_an_interview_runs_to_its_report(desk: WorkDesk, size: tuple[int, int], tmp_path: Path) -> None:
    """Clarify, answer, follow-ups, grades, rubric: the end shows total and band, and the report is written."""
    screen = interview(desk)
    async with seated(desk.coach, screen, size) as seat:
        await whole(seat)
        assert screen.mock.phase is Phase.DONE
        text = seen(seat.app)
        assert screen.mock.result.band.capitalize() in text and f"{screen.mock.result.total:.0f} %" in text
        assert "You expected 70 %" in text
        await seat.press("r", "enter")
    report = next(tmp_path.glob("tutor-payments-small-*.md"))
    assert report.read_text(encoding="utf-8") == screen.mock.report()
    assert screen.mock.run.asked == (0,) and screen.mock.fed == ["six-spot"]


async def test_expected_points_appear_after_answer_and_followups(desk: WorkDesk) -> None:
    """Until the stage is to be graded, no text of its points or strong answers is mounted."""
    screen = interview(desk)
    async with seated(desk.coach, screen, LARGE) as seat:
        await clarify(seat)
        await seat.write("the outcome unknown")
        await seat.press("ctrl+s")
        assert not screen.query(GradePane) and "fill the slots" not in seen(seat.app)
        await seat.press("3")
        assert "The interviewer goes deeper (1 of 2)" in seen(seat.app)
        await seat.write("a lot")
        await seat.press("ctrl+s")
        assert "The interviewer brings a failure (2 of 2)" in seen(seat.app)
        assert "Rate times time" not in seen(seat.app)
        await seat.press("ctrl+s", "ctrl+s")
        assert "fill the slots" in seen(seat.app) and "suggested: you wrote" in seen(seat.app)


async def test_space_goes_through_yes_partly_and_no(desk: WorkDesk) -> None:
    """A point can be made in part, and that is what is logged."""
    screen = interview(desk)
    async with seated(desk.coach, screen, SMALL) as seat:
        await clarify(seat)
        await seat.write("waiting")
        await seat.press("ctrl+s", "3", "ctrl+s", "ctrl+s", "ctrl+s", "ctrl+s")
        points = screen.query_one(Points)
        await seat.press("space", "space", "down", "space")
        assert (points.met, points.partly) == (("slots",), ("unknown",))
        await seat.press("ctrl+s")
    assert screen.mock.run.grades["read"].partly == ("unknown",)


async def test_a_pause_stops_the_clock_and_hides_the_question(desk: WorkDesk) -> None:
    """While paused no second counts, and neither question nor text can be read; the answer's time leaves it out."""
    screen = interview(desk)
    async with seated(desk.coach, screen, SMALL) as seat:
        await clarify(seat)
        seat.ticks.at += 30
        await seat.write("thinking")
        await seat.press("ctrl+t")
        assert "What is broken" not in seen(seat.app) and "thinking" not in seen(seat.app)
        seat.ticks.at += 600
        await seat.press("ctrl+t")
        assert "What is broken" in seen(seat.app) and screen.query_one(TextArea).has_focus
        seat.ticks.at += 12
        screen.query_one(Stopwatch).tick()
        assert screen.query_one(Stopwatch).shown == "00:42 / 5 min"
        await seat.press("ctrl+s", "3")
    assert screen.mock.run.answers["read"].seconds == 42


async def test_text_and_time_survive_until_the_interview_is_taken_up(desk: WorkDesk) -> None:
    """What was typed, drawn and spent before leaving is there for another tutor on the same store."""
    screen = interview(desk)
    async with seated(desk.coach, screen, SMALL) as seat:
        await clarify(seat)
        seat.ticks.at += 90
        await seat.write("half a thought")
        await seat.press("ctrl+o")
        await seat.write("graph LR")
        await seat.press("escape")
        assert "This interview is kept" in seen(seat.app)
    again = taken_up(desk)
    async with seated(again.coach, again, SMALL):
        assert again.query_one("#said", TextArea).text == "half a thought"
        assert again.query_one("#board-text", TextArea).text == "graph LR"
        assert again.query_one(Stopwatch).seconds == 90


async def test_typing_is_kept_every_few_seconds(desk: WorkDesk) -> None:
    """A draft is in the store before the screen is left, so that a kill costs seconds."""
    screen = interview(desk)
    async with seated(desk.coach, screen, SMALL) as seat:
        await seat.write("first question")
        screen.keep_typed()
        other = desk.another()
        assert other.resume_mock(other.mocks()[0].id).draft == "first question"


@pytest.mark.parametrize("size", SIZES)
async def test_the_whiteboard_draws(desk: WorkDesk, size: tuple[int, int]) -> None:
    """Mermaid text is drawn beside it, half-typed text is met quietly, and the answer carries the drawing's text."""
    screen = interview(desk)
    async with seated(desk.coach, screen, size) as seat:
        await clarify(seat)
        await seat.write("see the board")
        await seat.press("ctrl+o")
        board = screen.query_one("#board-text", TextArea)
        board.insert("graph LR\n  orders --> payments")
        await seat.pilot.pause(0.5)
        drawing = str(screen.query_one(".drawing", Static).content)
        assert "orders" in drawing and "payments" in drawing
        board.text = "sequenceDiagram\n  a->>"
        await seat.pilot.pause(0.5)
        board.text = "graph LR\n  orders --> payments"
        await seat.press("ctrl+s", "3")
    said = screen.mock.run.answers["read"].text
    assert said == "see the board\n\n```mermaid\ngraph LR\n  orders --> payments\n```"


async def test_an_interview_is_given_up_only_after_a_question(desk: WorkDesk) -> None:
    """Enter at the question keeps it; y gives it up for good."""
    screen = interview(desk)
    async with seated(desk.coach, screen, SMALL) as seat:
        await seat.press("ctrl+g", "enter")
        assert seat.screen is screen and not screen.mock.run.abandoned
        await seat.press("ctrl+g", "y")
        assert seat.screen is not screen
    assert desk.coach.mocks()[0].abandoned and not desk.coach.mocks()[0].open


async def test_every_criterion_has_to_be_graded(desk: WorkDesk) -> None:
    """Ending with criteria open says how many, and a red flag found in the words is marked as a suggestion."""
    screen = interview(desk)
    async with seated(desk.coach, screen, LARGE) as seat:
        await clarify(seat)
        await answer_stage(seat, "retry everything", 2)
        await answer_stage(seat, "pending", 1)
        await answer_stage(seat, "slowly", 1)
        await seat.press("2", "ctrl+s")
        assert "3 criteria are not graded yet" in seen(seat.app)
        await seat.press("end", "up", "up")
        assert "suggested: you wrote “retry everything”" in seen(seat.app)
        await seat.press("space", "home", "2", "3", "4", "1", "ctrl+s")
    assert screen.mock.run.criteria == {"scope": 2, "design": 3, "failure": 4, "talk": 1}
    assert screen.mock.run.flags == ()


async def test_a_report_never_replaces_a_file_silently(desk: WorkDesk, tmp_path: Path) -> None:
    """A file that exists is asked about: n keeps it, y replaces it; a folder that is missing is said."""
    screen = interview(desk)
    target = tmp_path / "mine.md"
    target.write_text("precious", encoding="utf-8")
    async with seated(desk.coach, screen, SMALL) as seat:
        await whole(seat)
        for answer, left in (("n", "precious"), ("y", screen.mock.report())):
            await seat.press("r", "ctrl+u")
            await seat.write("mine.md")
            await seat.press("enter", answer)
            assert target.read_text(encoding="utf-8") == left
        await seat.press("r", "ctrl+u")
        await seat.write("nowhere/mine.md")
        await seat.press("enter")
        assert "Not written" in seen(seat.app)


@pytest.mark.parametrize("size", SIZES)
async def test_the_list_shows_open_ones_first(desk: WorkDesk, size: tuple[int, int]) -> None:
    """Open runs, scenarios with best result, past runs with the change; Enter goes on with an open run."""
    for grade in (2, 4):
        mock = desk.coach.mock(SCENARIO)
        mock.clarify("", [])
        for stage in mock.scenario.stages:
            mock.answer("words", 70, 60)
            for _ in stage.followups:
                mock.reply("", 1)
            mock.grade([], [])
        mock.finish({criterion.id: grade for criterion in mock.scenario.rubric}, [])
    desk.coach.mock(SCENARIO)
    app = TutorApp(desk.coach, "mock")
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        text = seen(app)
        assert text.index("To be continued") < text.index("Scenarios") < text.index("Past interviews")
        assert "done 2 times, best 50 % (lean no hire)" in text and "+33 to the one before" in text
        await pilot.press("c")
        await settle(pilot)
        assert isinstance(app.screen, CompareScreen) and "lean no hire" in seen(app)
        await pilot.press("escape", "enter")
        await settle(pilot)
        assert isinstance(app.screen, MockScreen) and app.screen.mock.phase is Phase.CLARIFY
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, MocksScreen)
