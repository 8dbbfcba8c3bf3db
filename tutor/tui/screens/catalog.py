"""Makes a screen from its name. Refuses to import a screen before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.screen import Screen

    from tutor.coach.coach import Coach
    from tutor.coach.labs import Labs

_SCREENS = {
    "mock": ("mocks", "MocksScreen"),
    "recap": ("recap", "RecapScreen"),
    "progress": ("progress", "ProgressScreen"),
    "checklist": ("checklist", "ChecklistScreen"),
    "tips": ("tips", "TipsScreen"),
    "labs": ("labs", "LabsScreen"),
    "help": ("help", "HelpScreen"),
}


def made(name: str, coach: Coach, topic: str = "", labs: Callable[[], Labs] | None = None) -> Screen[None]:
    """The screen of that name; `topic` is the one that the recap opens at, `labs` opens the labs.

    Raises: KeyError when there is no such screen.
    """
    module, kind = _SCREENS[name]
    make = getattr(import_module(f"tutor.tui.screens.{module}"), kind)
    extra = {"recap": (topic,), "labs": (labs,)}.get(name, ())
    screen: Screen[None] = make(coach, *extra)
    return screen
