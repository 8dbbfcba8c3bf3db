"""Exports README's pictures from the real app on the real content: `python -m tests.tui.export_pictures docs`."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.tui.shell import NOW, Desk, settle
from tutor import paths
from tutor.coach.coach import Coach
from tutor.content.library import Library
from tutor.schedule.memory import Rating
from tutor.store.log import Log
from tutor.study.queue import Filter

SIZE = (110, 34)
Steps = Callable[[Pilot[Any]], Awaitable[None]]


class Week7Desk(Desk):
    """A learner with ten days of week 7 behind them and an interview ahead."""

    def another(self) -> Coach:
        """A second tutor on the same store."""
        log = Log(self.folder / "progress.db", lambda: self.at)
        return Coach(Library(paths.bundled_content() / paths.DEFAULT_PACK, self.folder / "cache"), log, lambda: self.at)

    def study(self) -> None:
        """Ten days of study: most recalled, some missed, an interview in twelve days."""
        for days in (10, 9, 8, 6, 5, 3, 2, 1):
            self.at = NOW - timedelta(days=days)
            quiz = self.coach.quiz(Filter(limit=14, new=8, kinds=frozenset({"single", "predict", "multi", "match"})))
            while (ask := quiz.ask) and quiz.session.asked < 16:
                missed = (ask.position + days) % 5 == 0
                quiz.answer("", 0, 20.0) if missed else quiz.answer(_right(ask.question), 90, 20.0)
                quiz.rate(Rating.AGAIN if missed else Rating.GOOD)
            quiz.end()
        self.at = NOW
        self.coach.plan((NOW + timedelta(days=12)).date())


def _right(question: Any) -> Any:
    if question.kind == "match":
        return [pair.right for pair in question.pairs]
    return [index for index, option in enumerate(question.options) if option.correct]


async def _nothing(pilot: Pilot[Any]) -> None:
    await settle(pilot)


async def _reveal(pilot: Pilot[Any]) -> None:
    for key in ("z", "d", "enter", "4"):
        await pilot.press(key)
        await settle(pilot)


async def _section(pilot: Pilot[Any]) -> None:
    await pilot.press("space")
    await settle(pilot)


PICTURES: dict[str, tuple[str, Steps]] = {
    "home": ("home", _nothing),
    "quiz": ("home", _reveal),
    "recap": ("recap", _section),
    "mock": ("mock", _nothing),
    "progress": ("progress", _nothing),
    "checklist": ("checklist", _nothing),
}


async def _export(folder: Path) -> None:
    for name, (start, steps) in PICTURES.items():
        with tempfile.TemporaryDirectory() as home:
            desk = Week7Desk(Path(home))
            desk.study()
            app = desk.app(start)
            async with app.run_test(size=SIZE) as pilot:
                await settle(pilot)
                await steps(pilot)
                (folder / f"{name}.svg").write_text(app.export_screenshot(title="tutor"), encoding="utf-8")
            desk.close()


if __name__ == "__main__":
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(_export(target))
