"""Exports README's pictures from the real app on the real content: `python -m tests.tui.export_pictures docs`.

That of a lab is of a real lab: it starts first-flight without Docker, orders something, and stops it again.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from urllib.request import urlopen

from textual.pilot import Pilot

from tests.tui.shell import NOW, Desk, settle
from tutor import paths
from tutor.bootstrap import open_labs
from tutor.coach.coach import Coach
from tutor.content.library import Library
from tutor.schedule.memory import Rating
from tutor.store.log import Log
from tutor.study.queue import Filter
from tutor.tui.app import TutorApp
from tutor.tui.screens.lab_layout import PANES

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


SHOWN_HOME = "/home/ana/.tutor"
"""What stands in the picture where the temporary folder stood, which is as long."""

LAB, ENGINE = "first-flight", "local"
WIDE = (132, 40)


def _customers(gateway: str, over: Event) -> None:
    """Look at products, some times a second, as long as the picture is not taken."""
    while not over.wait(0.15):
        with urlopen(f"{gateway}/api/products", timeout=10) as answer:
            answer.read()


async def _export_lab(folder: Path) -> None:
    """The map of a lab that runs, with requests on its way."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["TUTOR_HOME"] = home
        desk = Week7Desk(Path(home))
        labs = open_labs(desk.coach, lambda: datetime.now(UTC))
        lab, session = labs.open(LAB).lab, labs.open(LAB).session
        try:
            for _ in session.start(ENGINE):
                pass
            for step in lab.steps[:2]:
                for news in (session.skip(step.id), session.check(step.id)):
                    for _ in news:
                        pass
            gateway = next(one.url for one in session.status().endpoints if one.name == "gateway")
            await _picture_of_the_map(TutorApp(desk.coach, "labs", labs=lambda: labs), gateway, folder / "lab.svg")
        finally:
            for _ in session.stop():
                pass
            desk.close()


async def _picture_of_the_map(app: TutorApp, gateway: str, file: Path) -> None:
    over, home = Event(), os.environ["TUTOR_HOME"]
    async with app.run_test(size=WIDE) as pilot:
        await settle(pilot)
        with ThreadPoolExecutor(1) as pool:
            visiting = pool.submit(_customers, gateway, over)
            await pilot.press("end", "enter")
            await pilot.pause(4)
            await pilot.press(str(PANES.index("map") + 1))
            await pilot.pause(20)  # rates are differences between two looks at the metrics
            picture = app.export_screenshot(title="tutor").replace(home, SHOWN_HOME.ljust(len(home)))
            file.write_text(picture, encoding="utf-8")
            over.set()
            visiting.result()


if __name__ == "__main__":
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(_export(target))
    asyncio.run(_export_lab(target))
