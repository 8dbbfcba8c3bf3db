"""Every kind of question is answered with the keyboard alone, and explained only after the bet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Markdown

from tests.tui.shell import SIZES, SMALL, seen
from tests.tui.working import KINDS, Seat, WorkDesk, now_at, right_keys, seated, sitting, wrong_keys
from tutor.schedule.memory import Rating
from tutor.tui.screens.quiz import Part, QuizScreen
from tutor.tui.screens.quiz_reveal import RevealView
from tutor.tui.widgets.points import Points
from tutor.tui.widgets.ratings import Ratings

CLOSED = [kind for kind in KINDS if kind != "open"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[WorkDesk]:
    """A learner with the small pack."""
    made = WorkDesk(tmp_path)
    yield made
    made.close()


def explained(seat: Seat) -> bool:
    """True when any text of the explanation is mounted or painted."""
    texts = [text.source for text in seat.screen.query(Markdown)]
    return bool(seat.screen.query(RevealView)) or "EXPLAINED" in seen(seat.app) + "".join(texts)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", CLOSED)
async def test_a_right_answer_is_said_to_be_right(desk: WorkDesk, kind: str, size: tuple[int, int]) -> None:
    """By keys alone: answer, bet, read that it is right, take the suggested rating; the answer is in the log."""
    screen = sitting(desk.coach, kind)
    async with seated(desk.coach, screen, size) as seat:
        ask = seat.quiz.ask
        assert ask is not None
        seat.ticks.at += 7
        await seat.press(*right_keys(ask))
        assert now_at(screen) is Part.BETTING and not explained(seat)
        await seat.press("4")
        assert now_at(screen) is Part.REVEALED and "Right." in seen(seat.app)
        await seat.press("enter")
    answered, reviewed = (event.body for event in desk.coach.events if event.kind in ("answered", "reviewed"))
    assert (answered["question"], answered["confidence"], answered["seconds"]) == (KINDS[kind], 90, 7.0)
    assert reviewed["correct"] and reviewed["rating"] == Rating.GOOD


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", CLOSED)
async def test_a_wrong_answer_is_said_to_be_wrong(desk: WorkDesk, kind: str, size: tuple[int, int]) -> None:
    """A wrong answer says so in words, explains itself, and suggests Again."""
    screen = sitting(desk.coach, kind)
    async with seated(desk.coach, screen, size) as seat:
        ask = seat.quiz.ask
        assert ask is not None
        await seat.press(*wrong_keys(ask), "2")
        assert "Not right." in seen(seat.app) and explained(seat)
        assert screen.query_one(Ratings).suggested is Rating.AGAIN


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_is_explained_before_the_bet(desk: WorkDesk, kind: str) -> None:
    """Neither the question nor the bet has any text of the explanation mounted."""
    async with seated(desk.coach, sitting(desk.coach, kind), SMALL) as seat:
        ask = seat.quiz.ask
        assert ask is not None and not explained(seat)
        await seat.press(*right_keys(ask))
        assert not explained(seat)
        await seat.press("3")
        assert explained(seat)


@pytest.mark.parametrize("size", SIZES)
async def test_points_of_an_open_answer_are_ticked_one_by_one(desk: WorkDesk, size: tuple[int, int]) -> None:
    """What the text seems to say is a marked suggestion; Space ticks more, and the rating follows."""
    screen = sitting(desk.coach, "open")
    async with seated(desk.coach, screen, size) as seat:
        await seat.write("routing")
        await seat.press("ctrl+s", "4")
        points = screen.query_one(Points)
        assert points.met == ("routing",) and "suggested: you wrote" in seen(seat.app)
        assert screen.query_one(Ratings).suggested is Rating.HARD
        await seat.press("down", "space", "down", "space")
        assert screen.query_one(Ratings).suggested is Rating.GOOD
        await seat.press("enter")
    reviewed = next(event.body for event in desk.coach.events if event.kind == "reviewed")
    assert reviewed["met"] == ["routing", "limits", "no-rules"] and reviewed["score"] == 1


async def test_letters_go_into_a_text(desk: WorkDesk) -> None:
    """In an open answer, keys that are commands elsewhere are letters."""
    screen = sitting(desk.coach, "open")
    async with seated(desk.coach, screen, SMALL) as seat:
        await seat.write("suxfi-q?")
        assert isinstance(seat.screen, QuizScreen) and now_at(screen) is Part.ANSWERING
        await seat.press("ctrl+s", "3")
        assert screen.quiz.reveal is not None and screen.quiz.reveal.given == "suxfi-q?"


async def test_an_answer_can_be_changed_before_the_bet(desk: WorkDesk) -> None:
    """Backspace at the bet goes back to the answer; the time goes on from where it was."""
    screen = sitting(desk.coach, "single")
    async with seated(desk.coach, screen, SMALL) as seat:
        seat.ticks.at += 5
        await seat.press("c", "enter")
        seat.ticks.at += 60
        await seat.press("backspace")
        seat.ticks.at += 2
        await seat.press("a", "enter", "5")
        assert "Right." in seen(seat.app)
    answered = next(event.body for event in desk.coach.events if event.kind == "answered")
    assert answered["given"] == [0] and answered["seconds"] == 7.0
