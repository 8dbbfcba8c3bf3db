"""A pane that looks again and again at a running lab, beside the app. Refuses to look while nobody can see it, twice at
once, and to let trouble end anything: it is a sentence in the pane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import work
from textual.containers import Vertical
from textual.message import Message

from tutor.errors import TutorError

if TYPE_CHECKING:
    from tutor.labs.session import Session
    from tutor.tui.lab_bench import Bench

ABSENT = "The lab does not run. Press s to start it."
WAIT = "The lab does not run yet; News (8) tells what is at work."
OPENING = "Opening the lab..."


class LivePane(Vertical):
    """What it shows is read by `fetch` in a thread, and drawn by `show`."""

    EVERY = 2.0
    """Seconds between two looks."""

    class Fetched(Message):
        """Something was read, or why it could not be; `asked` is what it was read for."""

        def __init__(self, value: Any, trouble: TutorError | None, asked: object) -> None:
            super().__init__()
            self.value, self.trouble, self.asked = value, trouble, asked

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="live")
        self.bench: Bench | None = None
        self._reading = False
        self._again = False

    def on_mount(self) -> None:
        """Look, and look again."""
        self.set_interval(self.EVERY, self.look)

    def look(self, asked: bool = False) -> None:
        """Read now, if anybody can see it; when `asked`, right after a look that is still under way."""
        if not self.display or not self.screen.is_current:
            return
        if self.bench is None or not self.bench.running:
            self.say(OPENING if self.bench is None else WAIT if self.bench.job else ABSENT)
        elif not self._reading:
            self._reading = True
            self._read(self.bench.session.session, self.wanted())
        else:
            self._again = self._again or asked

    def wanted(self) -> object:
        """What is read for: an answer to an older question is dropped."""
        return None

    def fetch(self, session: Session, wanted: Any) -> Any:
        """Read it, in a thread. Raises: TutorError."""
        raise NotImplementedError

    def show(self, value: Any) -> None:
        """Draw it."""
        raise NotImplementedError

    def say(self, sentence: str) -> None:
        """Show a sentence in place of what cannot be shown."""
        raise NotImplementedError

    @work(thread=True)
    def _read(self, session: Session, wanted: object) -> None:
        value, trouble = None, None
        try:
            value = self.fetch(session, wanted)
        except TutorError as error:
            trouble = error
        self.post_message(self.Fetched(value, trouble, wanted))

    def on_live_pane_fetched(self, message: Fetched) -> None:
        """Draw what was read, unless something else is wanted by now."""
        message.stop()
        self._reading = False
        if message.asked == self.wanted():
            if message.trouble:
                self.say(str(message.trouble))
            else:
                self.show(message.value)
        if self._again:
            self._again = False
            self.look()
