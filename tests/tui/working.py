"""What tests of quiz and mock share: a learner at a desk, the screen on the real app, the keys of right answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from tests.tui.shell import Desk, settle
from tutor.coach.coach import Coach
from tutor.coach.quiz import Quiz
from tutor.study.queue import Filter
from tutor.study.session import Ask
from tutor.tui.app import TutorApp
from tutor.tui.screens.mock import MockScreen
from tutor.tui.screens.quiz import Part, QuizScreen

PACK = Path(__file__).parents[1] / "packs" / "tui_small"
KINDS = {
    "single": "one-single",
    "multi": "two-multi",
    "order": "three-order",
    "match": "four-match",
    "cloze": "five-cloze",
    "spot": "six-spot",
    "predict": "seven-predict",
    "open": "eight-open",
}


class WorkDesk(Desk):
    """A learner on the pack that has one question of each kind and a short interview."""

    def another(self) -> Coach:
        """A second tutor on the same store."""
        return self.on(PACK)


@dataclass
class Ticks:
    """A clock moved by hand, in seconds."""

    at: float = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.at


@dataclass
class Seat:
    """A screen with somebody in front of it."""

    pilot: Pilot[None]
    ticks: Ticks

    @property
    def app(self) -> TutorApp:
        """The app."""
        assert isinstance(self.pilot.app, TutorApp)
        return self.pilot.app

    @property
    def screen(self) -> Screen[Any]:
        """What is on top."""
        return self.app.screen

    @property
    def quiz(self) -> Quiz:
        """The sitting on the screen."""
        assert isinstance(self.screen, QuizScreen)
        return self.screen.quiz

    async def press(self, *keys: str) -> None:
        """Press keys and wait until what they did is painted."""
        await self.pilot.press(*keys)
        await settle(self.pilot)

    async def write(self, text: str) -> None:
        """Type letters and spaces."""
        await self.press(*("space" if letter == " " else letter for letter in text))


@asynccontextmanager
async def seated(coach: Coach, screen: QuizScreen | MockScreen, size: tuple[int, int]) -> AsyncIterator[Seat]:
    """The screen on the real app, its clock moved by hand."""
    ticks = Ticks()
    screen.clock = ticks
    app = TutorApp(coach)
    async with app.run_test(size=size, notifications=True) as pilot:
        await settle(pilot)
        app.push_screen(screen)
        await settle(pilot)
        yield Seat(pilot, ticks)


def sitting(coach: Coach, *kinds: str) -> QuizScreen:
    """A sitting with questions of these kinds, or of all."""
    return QuizScreen(coach, coach.quiz(Filter(questions=frozenset(KINDS[kind] for kind in kinds))))


def now_at(screen: QuizScreen) -> Part:
    """The part of the round that the screen is in."""
    return screen.part


def right_keys(ask: Ask) -> list[str]:
    """The keys that answer a question of the small pack right."""
    if ask.question.kind == "order":
        return [*_sorting(list(ask.arrangement)), "enter"]
    if ask.question.kind == "match":
        return [*("abcd"[ask.arrangement.index(right)] for right in range(3)), "enter"]
    return _RIGHT[ask.question.kind]


def wrong_keys(ask: Ask) -> list[str]:
    """The keys that answer a question of the small pack wrong."""
    if ask.question.kind == "match":
        return [*("abcd"[ask.arrangement.index(right)] for right in (1, 2, 0)), "enter"]
    return _WRONG[ask.question.kind]


def _sorting(order: list[int]) -> list[str]:
    """Keys that sort entries: each in turn is raised to its place."""
    keys: list[str] = []
    for place in range(len(order)):
        here = order.index(place)
        keys += ["home", *["down"] * here, *["K"] * (here - place)]
        order.insert(place, order.pop(here))
    return keys


_RIGHT = {
    "single": ["a", "enter"],
    "predict": ["down", "enter"],
    "multi": ["space", "b", "enter"],
    "cloze": ["2", "0", "0", "tab", "4", "2", "9", "enter"],
    "spot": ["down", "down", "space", "enter"],
    "open": [*"routing", "ctrl+s"],
}
_WRONG = {
    "single": ["down", "down", "enter"],
    "predict": ["2", "enter"],
    "multi": ["c", "enter"],
    "order": ["enter"],
    "cloze": ["1", "0", "0", "enter", "4", "2", "9", "enter"],
    "spot": ["space", "enter"],
    "open": [*"soup", "ctrl+s"],
}
