"""What tests of the app's shell share: a learner with two weeks behind them, at a fixed time. No screen of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path

from textual.pilot import Pilot

from tutor.coach.coach import Coach
from tutor.content.library import Library
from tutor.schedule.memory import Rating
from tutor.store.log import Log
from tutor.study.queue import Filter
from tutor.tui.app import TutorApp

PACK = Path(__file__).parents[1] / "packs" / "shell"
NOW = datetime(2026, 3, 16, 9, 30, tzinfo=UTC)
INTERVIEW = date(2026, 4, 2)
SMALL, LARGE = (80, 24), (120, 40)
SIZES = (SMALL, LARGE)


class Desk:
    """One learner's store and a clock set by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.at = NOW
        self.logs: list[Log] = []
        self.coach = self.another()

    def another(self) -> Coach:
        """A second tutor on the same store."""
        return self.on(PACK)

    def on(self, pack: Path) -> Coach:
        """A tutor with this pack on this store, closed with the desk."""
        self.logs.append(Log(self.folder / "progress.db", lambda: self.at))
        return Coach(Library(pack, self.folder / "cache"), self.logs[-1], lambda: self.at)

    def sit(self, at: datetime, wanted: Filter, ratings: str) -> None:
        """Answer as many questions as there are letters: `+` good, `-` again; confidence is 80 and 60 percent."""
        self.at = at
        quiz = self.coach.quiz(wanted)
        for letter in ratings:
            if quiz.ask is None:
                break
            right = letter == "+"
            quiz.answer([0] if right else [1], 80 if right else 60, 6.0)
            quiz.rate(Rating.GOOD if right else Rating.AGAIN)
            self.at += timedelta(seconds=20)
        quiz.end()
        self.at = NOW

    def study(self) -> None:
        """Two weeks of study: some recalled, some missed, one suspended, one flagged, an interview planned."""
        for days, ratings in ((13, "+++-+"), (12, "++-+"), (10, "++++-"), (6, "+-++"), (2, "+++"), (1, "++")):
            self.sit(NOW - timedelta(days=days), Filter(limit=6, new=2), ratings)
        self.coach.suspend("caches-2")
        self.coach.flag("queues-1", "The second option is too short.")
        self.coach.plan(INTERVIEW)

    def app(self, start: str = "home") -> TutorApp:
        """The app on this desk."""
        return TutorApp(self.coach, start)

    def close(self) -> None:
        """Close the store, however many have opened it."""
        for log in self.logs:
            log.close()


async def settle(pilot: Pilot[None]) -> None:
    """Wait until everything that was set off has been painted."""
    for _ in range(3):
        await pilot.pause()
    for _ in range(200):
        if not pilot.app.is_running or getattr(pilot.app.screen, "loaded", True):
            break
        await pilot.pause(0.02)
    await pilot.pause(0.05)


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Wait for something that the app does in its own time, such as the palette's search; the caller asserts it."""
    for _ in range(500):
        if holds():
            break
        await pilot.pause(0.02)


COLUMN = 12.2
"""Width of a column in the pictures that Textual exports."""


def seen(app: TutorApp) -> str:
    """The text on the screen, line by line, read from the picture that the app exports."""
    lines: dict[float, str] = {}
    picture = app.export_screenshot()
    for x, y, text in re.findall(r'<text class="[^"]+-r\d+" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', picture):
        line = lines.get(float(y), "").ljust(round(float(x) / COLUMN))
        lines[float(y)] = line + unescape(text).replace("\xa0", " ")
    return "\n".join(text.rstrip() for _, text in sorted(lines.items()))
