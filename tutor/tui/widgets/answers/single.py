"""Choose one option: `single` and `predict`. Refuses a choice that was never pointed at."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from tutor.tui.widgets.answers.choices import Choices


class SingleAnswer(Choices):
    """One option, by arrow or letter, given with Enter or Space."""

    help = "Up, Down or a letter to choose, Enter or Space to answer"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "give", "Answer", key_display="Enter", id="answer.give")
    ]

    def action_give(self) -> None:
        """Give the option pointed at."""
        if self.cursor < 0:
            self.want("Choose an option first: Up, Down, or its letter.")
        else:
            self.give([self._arrangement[self.cursor]])
