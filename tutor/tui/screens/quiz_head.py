"""The line over a question: where in the sitting it is, and what the last rating did. Refuses keys."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from tutor.schedule.memory import Rating
from tutor.tui.widgets.wording import in_words

if TYPE_CHECKING:
    from tutor.study.session import Ask

EDGES = 4
"""Columns that the line keeps free at its ends and between its two texts."""


class QuizHead(Horizontal):
    """Place, what comes again, topic, level and kind on the left; the last rating on the right."""

    DEFAULT_CSS = """
    QuizHead { dock: top; height: 1; background: $surface; padding: 0 1; }
    QuizHead .place { width: 1fr; text-overflow: ellipsis; text-wrap: nowrap; }
    QuizHead .last { width: auto; color: $foreground 70%; padding: 0 0 0 2; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._place = Content("")
        self._last = ""

    def compose(self) -> ComposeResult:
        """Two texts."""
        yield Static(classes="place")
        yield Static(classes="last", markup=False)

    def show(self, ask: Ask, topic: str, coming_again: int, last: tuple[str, Rating, timedelta] | None) -> None:
        """Show where the sitting is."""
        place = Content.styled(f"{ask.position}/{ask.total}", "bold $primary")
        parts = [f"{coming_again} coming again"] if coming_again else []
        parts += ["asked again"] if ask.returning else []
        parts += [topic, ask.question.level.value, ask.question.kind]
        self._place = place + Content("".join(f" · {part}" for part in parts))
        # of a question that is back, "last" would be read as its own last time
        self._last = "" if ask.returning else _last(last)
        self._fit()

    def on_resize(self) -> None:
        """What fits is another matter now."""
        self._fit()

    def _fit(self) -> None:
        """The last rating is shown whole or not at all."""
        room = self.app.size.width - self._place.cell_length - EDGES
        self.query_one(".place", Static).update(self._place)
        self.query_one(".last", Static).update(self._last if len(self._last) <= room else "")


def _last(last: tuple[str, Rating, timedelta] | None) -> str:
    if last is None:
        return ""
    _, rating, wait = last
    return f"Last: {rating.label}, due in {in_words(wait)}" if wait else f"Last: {rating.label}"
