"""What screens ask of the app. Refuses data beyond what the next screen is opened with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from tutor.study.queue import Filter


class Go(Message):
    """Open a screen by name; `topic` is for the recap."""

    def __init__(self, screen: str, topic: str = "") -> None:
        super().__init__()
        self.screen = screen
        self.topic = topic


class AskQuestions(Message):
    """Start a sitting; None takes up the open one."""

    def __init__(self, wanted: Filter | None) -> None:
        super().__init__()
        self.wanted = wanted


class OpenLab(Message):
    """Open the screen of a lab."""

    def __init__(self, lab: str) -> None:
        super().__init__()
        self.lab = lab


class TakeMock(Message):
    """Open a mock interview: a new one of `scenario`, or the run that was left open."""

    def __init__(self, scenario: str = "", run: str = "") -> None:
        super().__init__()
        self.scenario = scenario
        self.run = run
