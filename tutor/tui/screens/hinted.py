"""A screen that says small things in a line of its own. Refuses toasts: they lie over the bet and the ratings."""

from __future__ import annotations

from textual.widgets import Input, TextArea

from tutor.tui.screens.base import TutorScreen
from tutor.tui.widgets.answers.base import AnswerArea
from tutor.tui.widgets.hint import HintLine


class HintedScreen(TutorScreen):
    """Whoever extends it mounts one `HintLine`; the next key takes away what it said."""

    def hint(self, what: str) -> None:
        """Say `what` until the next key."""
        for line in self.query(HintLine):
            line.say(what)

    def on_key(self) -> None:
        """A key arrives here before what it does, so only what was said earlier goes."""
        self.hint("")

    def on_answer_area_touched(self, event: AnswerArea.Touched) -> None:
        """A key that never came up here changed the answer."""
        event.stop()
        self.hint("")

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Something was typed."""
        event.stop()
        self.hint("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Something was typed into a gap."""
        event.stop()
        self.hint("")
