"""The round of a sitting: undo, skip, suspend, flag, do not know, leave and resume, and the summary at the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import TextArea

from tests.tui.shell import SIZES, SMALL, seen
from tests.tui.working import KINDS, Seat, WorkDesk, now_at, seated, sitting
from tutor.study.queue import Filter
from tutor.tui.screens.error import ErrorScreen
from tutor.tui.screens.quiz import Part, QuizScreen
from tutor.tui.screens.summary import SummaryScreen


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[WorkDesk]:
    """A learner with the small pack."""
    made = WorkDesk(tmp_path)
    yield made
    made.close()


def asked(seat: Seat) -> str:
    """The id of the question on the screen."""
    ask = seat.quiz.ask
    assert ask is not None
    return ask.question.id


def resumed(desk: WorkDesk) -> QuizScreen:
    """The sitting as another tutor on the same store takes it up."""
    coach = desk.another()
    started = [event.id for event in coach.events if event.kind == "session-started"]
    quiz = coach.resume_quiz(started[-1])
    assert quiz is not None
    return QuizScreen(coach, quiz)


@pytest.mark.parametrize("size", SIZES)
async def test_the_line_on_top_says_where_the_sitting_is(desk: WorkDesk, size: tuple[int, int]) -> None:
    """Place, topic, level and kind; after a rating, what it did; after a miss, what comes again."""
    async with seated(desk.coach, sitting(desk.coach, "single", "spot"), size) as seat:
        assert "1/2 · day 44 · junior · single" in seen(seat.app)
        await seat.press("c", "enter", "4", "enter")
        text = seen(seat.app)
        assert "2/3 · 1 coming again" in text and "Last: Again, due in 10 min" in text


async def test_each_rating_shows_its_interval(desk: WorkDesk) -> None:
    """The four ratings say how long until the question comes back, and a number takes one."""
    async with seated(desk.coach, sitting(desk.coach, "single"), SMALL) as seat:
        await seat.press("a", "enter", "4")
        text = seen(seat.app)
        assert all(word in text for word in ("1 Again 10 min", "2 Hard", "3 Good 2 days", "4 Easy 8 days"))
        await seat.press("4")
    assert next(event.body["rating"] for event in desk.coach.events if event.kind == "reviewed") == 4


async def test_undo_goes_back_to_the_reveal(desk: WorkDesk) -> None:
    """u takes the last rating back; the question is laid open again and can be rated otherwise."""
    screen = sitting(desk.coach, "single", "predict")
    async with seated(desk.coach, screen, SMALL) as seat:
        first = asked(seat)
        await seat.press("a", "enter", "4", "3")
        assert asked(seat) != first
        await seat.press("u")
        assert asked(seat) == first and now_at(screen) is Part.REVEALED and "Right." in seen(seat.app)
        await seat.press("1")
    kinds = [event.kind for event in desk.coach.events]
    assert kinds.count("reviewed") == 2 and "undone" in kinds


async def test_skip_leaves_the_question_out(desk: WorkDesk) -> None:
    """s goes on without an answer; the question is not asked again in this sitting."""
    async with seated(desk.coach, sitting(desk.coach, "single", "predict"), SMALL) as seat:
        first = asked(seat)
        await seat.press("s")
        assert asked(seat) != first and first not in seat.quiz.session.pending


async def test_suspend_wants_two_presses(desk: WorkDesk) -> None:
    """x warns, x again suspends: the question is asked in no sitting any more."""
    async with seated(desk.coach, sitting(desk.coach, "single", "predict"), SMALL) as seat:
        first = asked(seat)
        await seat.press("x")
        assert asked(seat) == first and not desk.coach.history.suspended
        await seat.press("x")
        assert asked(seat) != first and desk.coach.history.suspended == {first}


async def test_a_flag_keeps_a_note(desk: WorkDesk) -> None:
    """f asks for a note in a window; the question stays where it is."""
    async with seated(desk.coach, sitting(desk.coach, "single"), SMALL) as seat:
        first = asked(seat)
        await seat.press("f")
        await seat.write("option c is vague")
        await seat.press("enter")
        assert asked(seat) == first
    assert desk.coach.history.flagged == {first: ["option c is vague"]}


@pytest.mark.parametrize("kind", KINDS)
async def test_i_do_not_know_is_a_miss_without_a_bet(desk: WorkDesk, kind: str) -> None:
    """One key lays any question open as missed; no confidence is asked."""
    screen = sitting(desk.coach, kind)
    async with seated(desk.coach, screen, SMALL) as seat:
        await seat.press("ctrl+r")
        assert now_at(screen) is Part.REVEALED and "You did not know this one" in seen(seat.app)
        await seat.press("enter")
    answered, reviewed = (event.body for event in desk.coach.events if event.kind in ("answered", "reviewed"))
    assert (answered["given"], answered["confidence"]) == ("", 0)
    assert (reviewed["rating"], reviewed["correct"], reviewed["score"]) == (1, False, 0)


async def test_a_sitting_left_is_taken_up_at_the_same_question(desk: WorkDesk) -> None:
    """Esc says that the sitting is kept; another tutor goes on with the question that was open."""
    async with seated(desk.coach, QuizScreen(desk.coach, desk.coach.quiz(Filter())), SMALL) as seat:
        await seat.press("ctrl+r", "enter")
        second = asked(seat)
        await seat.press("escape")
        assert "This sitting is kept" in seen(seat.app)
    screen = resumed(desk)
    async with seated(screen.coach, screen, SMALL) as seat:
        assert asked(seat) == second and now_at(screen) is Part.ANSWERING


async def test_a_sitting_killed_at_the_reveal_is_taken_up_at_the_reveal(desk: WorkDesk) -> None:
    """An answer given and not rated is not asked again: the resumed sitting lays it open."""
    async with seated(desk.coach, sitting(desk.coach, "spot"), SMALL) as seat:
        await seat.press("down", "down", "space", "enter", "4")
    screen = resumed(desk)
    async with seated(screen.coach, screen, SMALL) as seat:
        assert now_at(screen) is Part.REVEALED and "The code as it should be" in seen(seat.app).replace("  ", " ")
        await seat.press("enter")
        assert isinstance(seat.screen, SummaryScreen)


async def test_a_half_typed_answer_survives(desk: WorkDesk) -> None:
    """Text typed and not given is there again when the sitting is taken up."""
    async with seated(desk.coach, sitting(desk.coach, "open"), SMALL) as seat:
        await seat.write("half a sentence")
        await seat.press("escape")
    screen = resumed(desk)
    async with seated(screen.coach, screen, SMALL):
        assert screen.query_one(TextArea).text == "half a sentence"


async def test_an_answer_that_cannot_be_kept_is_not_lost(desk: WorkDesk) -> None:
    """When the store refuses, a window says so and the text is still in the editor; later it can be given."""
    screen = sitting(desk.coach, "open")
    async with seated(desk.coach, screen, SMALL) as seat:
        await seat.write("routing")
        await seat.press("ctrl+s")
        other = sqlite3.connect(desk.coach.log.path)
        other.execute("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
        await seat.press("3")
        assert isinstance(seat.screen, ErrorScreen) and "disk is full" in seen(seat.app)
        await seat.press("enter")
        assert now_at(screen) is Part.BETTING and screen.query_one(TextArea).text == "routing"
        other.execute("DROP TRIGGER full")
        other.close()
        await seat.press("3")
        assert now_at(screen) is Part.REVEALED


@pytest.mark.parametrize("size", SIZES)
async def test_the_summary_leads_on(desk: WorkDesk, size: tuple[int, int]) -> None:
    """The end shows retention, what was missed and what is next; m asks the missed ones again."""
    async with seated(desk.coach, sitting(desk.coach, "single", "predict"), size) as seat:
        await seat.press("a", "enter", "4", "enter")
        await seat.press("c", "enter", "4", "enter")
        await seat.press("b", "enter", "4", "1", "i", "1", "i", "1")
        assert isinstance(seat.screen, SummaryScreen)
        text = seen(seat.app)
        assert "50%" in text and "recalled at the first try" in text and "The broker restarts" in text
        await seat.press("m")
        assert asked(seat) == "seven-predict" and seat.quiz.session.total == 1


async def test_the_summary_opens_the_recap(desk: WorkDesk) -> None:
    """Enter on a missed question opens the recap of its topic; Esc at the end goes home."""
    async with seated(desk.coach, sitting(desk.coach, "single"), SMALL) as seat:
        await seat.press("i", "1", "i", "1", "i", "1", "i", "1")
        assert isinstance(seat.screen, SummaryScreen)
        await seat.press("enter")
        assert type(seat.screen).__name__ == "RecapScreen"


async def test_what_is_missing_is_said(desk: WorkDesk) -> None:
    """Enter without a choice gives nothing and says what to do."""
    screen = sitting(desk.coach, "single")
    async with seated(desk.coach, screen, SMALL) as seat:
        await seat.press("enter")
        assert now_at(screen) is Part.ANSWERING and "Choose an option first" in seen(seat.app)
