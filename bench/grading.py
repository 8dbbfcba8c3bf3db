"""Times the step that a learner feels most: a rating given, the next question there. Refuses a terminal."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

from textual import events

from tutor.coach.coach import Coach
from tutor.content.library import Library
from tutor.paths import pack_dir
from tutor.schedule.memory import Rating
from tutor.store.log import Log
from tutor.study.queue import Filter
from tutor.tui.app import TutorApp
from tutor.tui.screens.quiz import Part, QuizScreen

ROUNDS = 200
SITTING = Filter(limit=500, cram=True)


def verbs_percentiles(home: Path) -> tuple[float, float]:
    """Milliseconds, p50 and p99, from a rating to the next question as data: our own code, the log on disk included."""
    coach = _coach(home / "verbs")
    quiz = coach.quiz(SITTING)
    times = []
    for _ in range(ROUNDS):
        if quiz.ask is None:
            quiz = coach.quiz(SITTING)
        quiz.answer("", 0, 1.0)
        start = time.perf_counter()
        quiz.rate(Rating.GOOD)
        _ = quiz.ask
        times.append(1000 * (time.perf_counter() - start))
    return _percentiles(times)


def screen_percentiles(home: Path) -> tuple[float, float]:
    """Milliseconds, p50 and p99, from the key of a rating to the next question laid out and rendered by Textual."""
    return _percentiles(asyncio.run(_screen_times(_coach(home / "screen"))))


async def _screen_times(coach: Coach) -> list[float]:
    app = TutorApp(coach, "home")
    times: list[float] = []
    async with app.run_test(size=(100, 30)) as pilot:
        while len(times) < ROUNDS:
            screen = QuizScreen(coach, coach.quiz(SITTING))
            await app.push_screen(screen)
            await pilot.pause()
            while screen.quiz.session.total - screen.quiz.session.asked > 1 and len(times) < ROUNDS:
                await pilot.press("ctrl+r")
                await pilot.pause()
                times.append(1000 * await _rate(app, screen))
            app.pop_screen()
    return times


async def _rate(app: TutorApp, screen: QuizScreen) -> float:
    """Seconds from the key `3` to the refresh in which the next question is on the screen."""
    shown = asyncio.Event()
    start = time.perf_counter()
    app.post_message(events.Key("3", "3"))
    while screen.part is not Part.ANSWERING:
        await asyncio.sleep(0)
    screen.call_after_refresh(shown.set)
    await shown.wait()
    return time.perf_counter() - start


def _coach(home: Path) -> Coach:
    def now() -> datetime:
        return datetime.now(UTC)

    return Coach(Library(pack_dir(None), home / "cache"), Log(home / "progress.db", now), now)


def _percentiles(times: list[float]) -> tuple[float, float]:
    cuts = quantiles(times, n=100)
    return cuts[49], cuts[98]
