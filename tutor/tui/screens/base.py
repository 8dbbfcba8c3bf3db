"""What the app's own screens share. Refuses to know any particular screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, cast

from textual.screen import Screen

from tutor.errors import TutorError

if TYPE_CHECKING:
    from tutor.coach.coach import Coach


FRAME = 1 / 60
"""One frame of a terminal, in seconds."""


class ShowsErrors(Protocol):
    """The one thing a screen wants of the app: to show an error as a sentence."""

    def show_error(self, error: TutorError) -> None:
        """Show it; nothing is raised."""
        ...


class TutorScreen(Screen[None]):
    """A screen with a coach, where Esc goes back and an error becomes a sentence."""

    def __init__(self, coach: Coach) -> None:
        super().__init__()
        self.coach = coach
        self.loaded = True

    def action_back(self) -> None:
        """Leave the screen."""
        self.dismiss()

    @contextmanager
    def saying_errors(self) -> Iterator[None]:
        """Show an error of the coach instead of letting it end the app."""
        try:
            yield
        except TutorError as error:
            cast("ShowsErrors", self.app).show_error(error)

    def after_paint(self, load: Callable[[], None]) -> None:
        """Call `load` once the frame is on the screen, errors said; `loaded` tells when that was done.

        A frame later, not at once: a widget changed while its first layout is still under way keeps its first height.
        """
        self.loaded = False

        def loading() -> None:
            if self.is_attached and self.is_mounted and self.children:
                with self.saying_errors():
                    load()
            self.loaded = True

        self.call_after_refresh(self.set_timer, FRAME, loading)


def headline(prompt: str, width: int = 90) -> str:
    """The first line of a question's prompt as plain text, cut at `width` characters."""
    line = " ".join(prompt.replace("`", "").replace("**", "").split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"
