"""Progress: the numbers of the coach, the interview date, and the questions that need a look."""

from __future__ import annotations

from datetime import date

import pytest

from tests.tui.shell import INTERVIEW, SIZES, SMALL, Desk, seen, settle
from tutor.tui.screens.progress import ProgressScreen
from tutor.tui.screens.quiz import QuizScreen


async def test_everything_is_on_the_page(studied: Desk) -> None:
    """Due, recall now and on the day, confidence with its verdict, the weeks, and the troubles."""
    app = studied.app("progress")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        text = seen(app)
        for part in ("3 due now", "Queues and brokers", "Underconfident by 11", "said 80 %", "2 days in a row"):
            assert part in text
        for part in ("suspended", "flagged", "What is a stampede good for?"):
            assert part in text


@pytest.mark.parametrize("size", SIZES)
async def test_the_interview_date_is_set_and_cleared(studied: Desk, size: tuple[int, int]) -> None:
    """d opens a field with the date; what is typed is logged, an empty field clears it."""
    app = studied.app("progress")
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("d", "end", "backspace", *"9", "enter")
        await settle(pilot)
        assert studied.coach.standing().interview == date(2026, 4, 9)
        await pilot.press("d", *["backspace"] * 10, "enter")
        await settle(pilot)
        assert studied.coach.standing().interview is None
        assert "No interview date yet" in seen(app)


async def test_what_is_no_date_is_said_and_nothing_is_logged(studied: Desk) -> None:
    """A wrong date keeps the window open with a sentence; Esc leaves the date as it was."""
    app = studied.app("progress")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("d", *["backspace"] * 10, *"soon", "enter")
        await settle(pilot)
        assert "That is no date" in seen(app)
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(app.screen, ProgressScreen)
    assert studied.coach.standing().interview == INTERVIEW


async def test_a_date_that_has_passed_is_a_sentence(studied: Desk) -> None:
    """The coach's refusal becomes a notification."""
    app = studied.app("progress")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await settle(pilot)
        await pilot.press("d", *["backspace"] * 10, *"2020-01-01", "enter")
        await settle(pilot)
        assert "2020-01-01 has passed." in seen(app)
    assert studied.coach.standing().interview == INTERVIEW


async def test_u_lifts_a_suspension(studied: Desk) -> None:
    """The highlighted suspended question is asked again afterwards."""
    app = studied.app("progress")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        app.screen.query_one("#trouble").focus()
        await settle(pilot)
        await pilot.press("u")
        await settle(pilot)
    assert studied.coach.standing().suspended == ()


@pytest.mark.parametrize("columns", [60, 80, 100, 120])
async def test_the_legend_of_the_weeks_is_whole(studied: Desk, columns: int) -> None:
    """However narrow the column, each mark keeps its meaning."""
    app = studied.app("progress")
    async with app.run_test(size=(columns, 60)) as pilot:
        await settle(pilot)
        assert "█ 20+" in seen(app)


async def test_the_footer_of_the_troubles_says_what_works(studied: Desk) -> None:
    """On a suspended question u lifts that; on a flagged one Enter asks it."""
    app = studied.app("progress")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("tab")
        await settle(pilot)
        last = seen(app).splitlines()[-1]
        assert "u Lift suspension" in last and "Ask it" not in last
        await pilot.press("down")
        await settle(pilot)
        assert "Enter Ask it" in seen(app).splitlines()[-1]


async def test_enter_on_a_flagged_question_asks_it(studied: Desk) -> None:
    """Down to the flagged one, Enter, and it is put."""
    app = studied.app("progress")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        app.screen.query_one("#trouble").focus()
        await settle(pilot)
        await pilot.press("down", "enter")
        await settle(pilot)
        assert isinstance(app.screen, QuizScreen)
        ask = app.screen.quiz.ask
    assert ask is not None and ask.question.id == "queues-1"


async def test_a_learner_without_answers_sees_no_invented_number(desk: Desk) -> None:
    """Nothing answered: no percentage anywhere, and a verdict that says what it takes."""
    app = desk.app("progress")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        text = seen(app)
        assert "0 of 10 answers" in text
        assert "%" not in text
