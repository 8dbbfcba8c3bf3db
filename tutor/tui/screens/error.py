"""Two windows that stop everything: an error, and a terminal that is too small. Refuses to show a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

if TYPE_CHECKING:
    from tutor.errors import TutorError


class ErrorScreen(ModalScreen[None]):
    """An error that the learner has to know about before going on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,escape,space", "dismiss", "Close", id="error.close"),
        Binding("q,ctrl+q", "app.quit", "Quit", id="error.quit"),
    ]

    def __init__(self, error: TutorError) -> None:
        super().__init__()
        self.error = error

    def compose(self) -> ComposeResult:
        """The sentence, what to do, and how to go on."""
        with Vertical(classes="window"):
            yield Static("That did not work", classes="window-title")
            with VerticalScroll(can_focus=False):
                yield Static(self.error.message, markup=False)
                yield Static(self.error.hint, markup=False, classes="hint")
            yield Static("Enter closes this", classes="muted")


class TooSmallScreen(ModalScreen[None]):
    """Asks for a larger terminal; goes away by itself once it is."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,ctrl+q", "app.quit", "Quit", id="small.quit")]

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._needed = f"The terminal is too small.\nMake it at least {width} x {height}.\n\nq quits"

    def compose(self) -> ComposeResult:
        """One sentence."""
        yield Static(self._needed)
