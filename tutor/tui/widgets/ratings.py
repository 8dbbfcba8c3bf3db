"""How well was it recalled? Four ratings with what each does to the schedule. Refuses to rate by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tutor.schedule.memory import Rating
from tutor.tui.widgets.marks import HERE
from tutor.tui.widgets.wording import in_words


class Ratings(Widget):
    """`suggested` is preselected; `intervals` tells when the question comes back; `cram` leaves the schedule alone."""

    DEFAULT_CSS = """
    Ratings { height: 3; padding: 0 1; background: $panel; border-top: solid $primary; }
    """
    ALLOW_SELECT = False
    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Worse", show=False),
        Binding("right", "move(1)", "Better", show=False),
        Binding("enter,space", "accept", "Accept", id="ratings.accept"),
    ]

    suggested: reactive[Rating] = reactive(Rating.GOOD)
    pointed: reactive[Rating] = reactive(Rating.GOOD)
    intervals: reactive[Mapping[Rating, timedelta]] = reactive({})
    cram: reactive[bool] = reactive(False)

    class Chosen(Message):
        """The learner's rating."""

        def __init__(self, rating: Rating) -> None:
            super().__init__()
            self.rating = rating

    def watch_suggested(self, rating: Rating) -> None:
        """What is suggested is preselected."""
        self.pointed = rating

    def action_move(self, by: int) -> None:
        """Point at another rating."""
        self.pointed = Rating(max(1, min(4, self.pointed + by)))

    def action_accept(self) -> None:
        """Give the rating pointed at."""
        self.post_message(self.Chosen(self.pointed))

    def render(self) -> Content:
        """The question and the four ratings."""
        asked = Content.assemble(("How well did you know it?", "bold"), (f"  {self._hint()}", "$foreground 70%"))
        return Content("\n").join([asked, Content("  ").join([self._one(rating) for rating in Rating])])

    def _hint(self) -> str:
        cram = "Cram: the schedule stays as it is. " if self.cram else ""
        return f"{cram}Enter takes {self.pointed.label}."

    def _one(self, rating: Rating) -> Content:
        here = rating is self.pointed
        wait = self.intervals.get(rating)
        when = f" {in_words(wait)}" if wait is not None and not self.cram else ""
        text = Content.assemble(
            (f"{HERE if here else ' '}{int(rating)} ", "bold"), (rating.label, "bold" if here else ""),
            (f"{when} ", "" if here else "$foreground 70%"),
        )  # fmt: skip
        return text.stylize_before("$block-cursor-foreground on $block-cursor-background") if here else text
