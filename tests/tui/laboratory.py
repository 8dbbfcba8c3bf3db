"""What tests of the screen of a lab share: the small lab in memory, the app in front of it, and how to wait for it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from textual.pilot import Pilot

from tests.labs.sitting import Learner
from tests.tui.shell import Desk, seen, settle, until
from tutor.coach.labs import Labs
from tutor.labs.library import Library
from tutor.tui.app import TutorApp
from tutor.tui.lab_bench import Bench
from tutor.tui.screens.lab import LabScreen
from tutor.tui.screens.lab_layout import PANES

KEYS = {" ": "space", "/": "slash", ":": "colon", "{": "left_curly_bracket", "}": "right_curly_bracket",
        '"': "quotation_mark", ",": "comma", "-": "minus", "@": "at", ".": "full_stop", ";": "semicolon"}  # fmt: skip


def lab_app(desk: Desk, ana: Learner) -> TutorApp:
    """The app with the small lab, opened as the command line would; its list of labs is on top."""
    site = ana.site()
    labs = Labs(desk.coach, Library(ana.folder / "labs"), lambda found: replace(site, found=found))
    return TutorApp(desk.coach, "labs", labs=lambda: labs)


@dataclass
class Seat:
    """Somebody in front of the screen of the small lab."""

    pilot: Pilot[None]
    app: TutorApp

    @property
    def screen(self) -> LabScreen:
        """The screen of the lab, which must be on top."""
        assert isinstance(self.app.screen, LabScreen)
        return self.app.screen

    @property
    def bench(self) -> Bench:
        """The lab as the app keeps it."""
        assert self.screen.bench is not None
        return self.screen.bench

    @property
    def text(self) -> str:
        """What is on the screen, as one line, without frames."""
        return _words(seen(self.app).splitlines())

    @property
    def texts(self) -> list[str]:
        """What is on the screen as a whole, and in each pane by itself, where panes stand beside each other."""
        lines = seen(self.app).splitlines()
        if not isinstance(self.app.screen, LabScreen):
            return [self.text]
        regions = [pane.region for pane in self.screen.query(".live") if pane.display]
        cut = [[line[one.x : one.right] for line in lines[one.y : one.bottom]] for one in regions]
        return [self.text, *map(_words, cut)]

    async def press(self, *keys: str) -> None:
        """Press keys and wait until what they did is painted."""
        await self.pilot.press(*keys)
        await settle(self.pilot)

    async def write(self, text: str) -> None:
        """Type a text."""
        await self.pilot.press(*(KEYS.get(letter, letter) for letter in text))

    async def tab(self, name: str) -> None:
        """Go to a pane."""
        await self.press(str(PANES.index(name) + 1))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that happens beside the app."""
        await until(self.pilot, holds)
        assert holds()
        await settle(self.pilot)

    async def sees(self, words: str) -> None:
        """Wait until these words are on the screen."""
        await until(self.pilot, lambda: any(words in text for text in self.texts))
        assert any(words in text for text in self.texts), self.texts

    async def does(self, *keys: str) -> None:
        """Press keys, and wait until the verb that they begin has ended."""
        await self.press(*keys)
        await self.until(lambda: not isinstance(self.app.screen, LabScreen) or self.bench.job is None)


def _words(lines: list[str]) -> str:
    """Lines as one, without frames and scrollbars."""
    return " ".join(re.sub("[│▌█▁▂▄▆]", " ", " ".join(lines)).split())


@asynccontextmanager
async def seated(
    desk: Desk, ana: Learner, size: tuple[int, int], start: bool = True, keys: Sequence[str] = ("enter",)
) -> AsyncIterator[Seat]:
    """At the screen of the lab that these keys open from the list, which is up when `start` says so."""
    app = lab_app(desk, ana)
    async with app.run_test(size=size, notifications=True) as pilot:
        await settle(pilot)
        await pilot.press(*keys)
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.loaded)
        seat = Seat(pilot, app)
        await seat.until(lambda: seat.screen.bench is not None)
        if start:
            await seat.does("s")
            await seat.until(lambda: seat.bench.running)
        yield seat
