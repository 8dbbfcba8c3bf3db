"""Home and the welcome: the one thing to do now is one key away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.tui.shell import NOW, SIZES, SMALL, Desk, seen, settle
from tutor.study.queue import Filter
from tutor.tui.screens.home import HomeScreen
from tutor.tui.screens.home_view import proposal, sitting, span
from tutor.tui.screens.quiz import QuizScreen
from tutor.tui.screens.welcome import WelcomeScreen


@pytest.mark.parametrize("size", SIZES)
async def test_first_run_leads_to_a_question_with_one_key(desk: Desk, size: tuple[int, int]) -> None:
    """The welcome fits the screen, and Enter puts the first of ten questions."""
    app = desk.app()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, WelcomeScreen)
        text = seen(app)
        assert "Your first ten questions" in text and "Leave at any time" in text
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, QuizScreen)
        assert isinstance(app.screen_stack[1], HomeScreen)
    assert desk.coach.resume_quiz() is not None


async def test_first_run_can_be_left_for_home(desk: Desk) -> None:
    """Esc on the welcome goes to Home, which proposes new questions."""
    app = desk.app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, HomeScreen)
        assert "Meet 10 new questions" in seen(app)


@pytest.mark.parametrize("size", SIZES)
async def test_home_says_what_is_due_and_enter_does_it(studied: Desk, size: tuple[int, int]) -> None:
    """Due questions come first; the countdown, the numbers and the topics are on the same page."""
    app = studied.app()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        text = seen(app)
        assert "Answer 3 due questions" in text
        assert "in 17 days, Thu 02 Apr" in text
        assert "Habits across topics" in text
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, QuizScreen)


async def test_home_always_shows_help_and_quit(studied: Desk) -> None:
    """On 80 columns the last line holds every key of Home, Help and Quit included."""
    app = studied.app()
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        last = seen(app).splitlines()[-1]
        for label in ("Quiz", "Mock", "Recap", "Progress", "Checklist", "Tips", "Labs", "? Help", "q Quit"):
            assert label in last


async def test_home_sees_what_another_tutor_did(studied: Desk) -> None:
    """Coming back to Home reads the log again."""
    app = studied.app()
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("t")
        await settle(pilot)
        other = studied.another()
        quiz = other.quiz(Filter(limit=1, new=0))
        quiz.answer([0], 90, 3.0)
        other.log.close()
        await pilot.press("escape")
        await settle(pilot)
        assert "Continue your sitting" in seen(app)


async def test_q_quits(studied: Desk) -> None:
    """q ends the app from Home."""
    app = studied.app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("q")
        await settle(pilot)
        assert not app.is_running or app.return_code == 0


async def test_labs_are_announced_and_not_a_dead_key(studied: Desk) -> None:
    """l opens a list of what is coming, which says that it is not there yet."""
    app = studied.app()
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("l")
        await settle(pilot)
        assert "not there yet" in seen(app) and "The lost message" in seen(app)


def test_an_open_sitting_is_proposed_first(studied: Desk) -> None:
    """Whatever is due, a sitting that was left open is what to go on with."""
    studied.coach.quiz(Filter(limit=3, new=0))
    coach = studied.coach
    now = proposal(coach.standing(), coach.resume_quiz(), coach.mocks(), NOW)
    assert (now.kind, now.wanted) == ("continue", None)
    assert now.title == "Continue your sitting, 0 of 3 answered"


async def test_a_question_fed_by_a_mock_is_not_seen(desk: Desk) -> None:
    """What a mock interview made due counts as due and not as seen, in Home's numbers and in the topic's row."""
    desk.sit(NOW, Filter(questions=frozenset({"caches-1"})), "+")
    mock = desk.coach.mock("outage")
    desk.coach.record(("fed", {"run": mock.run.id, "questions": ["queues-1", "queues-2"]}))
    app = desk.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        text = seen(app)
        assert f"1 of {desk.coach.standing().total} questions seen" in text
        row = next(line for line in text.splitlines() if "Queues and brokers" in line)
        assert "new" in row and "2 due" in row


def test_a_mock_left_open_today_comes_before_due_questions(studied: Desk) -> None:
    """An interview that is a day old or younger is worth more while it is warm; later it waits behind the questions."""
    mock = studied.coach.mock("outage")
    coach = studied.coach
    assert proposal(coach.standing(), None, coach.mocks(), NOW).run == mock.run.id
    assert proposal(coach.standing(), None, coach.mocks(), NOW + timedelta(days=2)).kind == "due"


def test_caught_up_offers_practice(studied: Desk) -> None:
    """With nothing due and nothing new, Home says when the next question is due and offers cram."""
    studied.sit(NOW - timedelta(minutes=50), Filter(limit=20), "+" * 12)
    coach = studied.coach
    now = proposal(coach.standing(), None, [], NOW)
    assert now.kind == "cram" and now.wanted is not None and now.wanted.cram
    assert "next question is due" in now.detail
    quiz_key = sitting(False, coach.standing())
    assert quiz_key is not None and quiz_key.cram


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        (timedelta(seconds=5), "1 minute"),
        (timedelta(minutes=42), "42 minutes"),
        (timedelta(hours=5), "5 hours"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_waits_are_said_in_words(wait: timedelta, words: str) -> None:
    """A wait is given in the unit that a person would use."""
    assert span(wait) == words
