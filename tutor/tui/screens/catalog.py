"""Makes a screen from its name. Refuses to import a screen before it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.screen import Screen

    from tutor.coach.coach import Coach


def made(name: str, coach: Coach, topic: str = "") -> Screen[None]:
    """The screen of that name; `topic` is the one that the recap opens at.

    Raises: KeyError when there is no such screen.
    """
    if name == "recap":
        from tutor.tui.screens.recap import RecapScreen

        return RecapScreen(coach, topic)
    return _PLAIN[name](coach)


def _mocks(coach: Coach) -> Screen[None]:
    from tutor.tui.screens.mocks import MocksScreen

    return MocksScreen(coach)


def _progress(coach: Coach) -> Screen[None]:
    from tutor.tui.screens.progress import ProgressScreen

    return ProgressScreen(coach)


def _checklist(coach: Coach) -> Screen[None]:
    from tutor.tui.screens.checklist import ChecklistScreen

    return ChecklistScreen(coach)


def _tips(coach: Coach) -> Screen[None]:
    from tutor.tui.screens.tips import TipsScreen

    return TipsScreen(coach)


def _labs(coach: Coach) -> Screen[None]:
    from tutor.tui.screens.labs import LabsScreen

    return LabsScreen(coach)


def _help(coach: Coach) -> Screen[None]:
    from tutor.tui.screens.help import HelpScreen

    return HelpScreen(coach)


_PLAIN = {
    "mock": _mocks,
    "progress": _progress,
    "checklist": _checklist,
    "tips": _tips,
    "labs": _labs,
    "help": _help,
}
