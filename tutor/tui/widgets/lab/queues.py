"""The queues of a running lab, or the groups of its streams. Refuses to take a message out of any, and to hide one that
holds something.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.tui.widgets.lab.live import LivePane

if TYPE_CHECKING:
    from tutor.labs.queues import Queue
    from tutor.labs.session import Session

QUIET = "$foreground 65%"
NOTHING = "The broker has no queue yet."
NUMBERS = 8
"""Columns of a number."""


class QueuesPane(LivePane):
    """A table: what waits, what was taken, who takes, how fast."""

    EVERY = 2.0

    def compose(self) -> ComposeResult:
        """One table, to scroll."""
        with VerticalScroll():
            yield Static("", markup=False)

    def fetch(self, session: Session, wanted: Any) -> list[Queue]:
        """What the broker says."""
        return session.queues()

    def show(self, value: list[Queue]) -> None:
        """Draw it."""
        width = self.query_one(VerticalScroll).scrollable_content_region.width
        self.query_one(Static).update(table(value, width) if value else NOTHING)

    def say(self, sentence: str) -> None:
        """A sentence in place of the table."""
        self.query_one(Static).update(sentence)


def table(queues: Sequence[Queue], width: int) -> Content:
    """Queues with a consumer or something in them; how many others there are."""
    shown = [one for one in queues if one.waiting or one.taken or one.consumers]
    rest = len(queues) - len(shown)
    rated = any(one.arriving is not None for one in shown)
    heads = ["ready", "unacked", "readers", *(["in/s", "out/s"] if rated and width >= 66 else [])]
    names = max(16, width - NUMBERS * len(heads))
    lines = [Content.styled(f"{'queue':<{names}}" + "".join(f"{head:>{NUMBERS}}" for head in heads), QUIET)]
    lines += [_row(one, names, len(heads)) for one in shown]
    if rest:
        lines += [
            Content(""),
            Content.styled(f"and {rest} that hold nothing and that nobody reads (retry, dead)", QUIET),
        ]
    return Content("\n").join(lines)


def _row(queue: Queue, names: int, count: int) -> Content:
    name = queue.name if len(queue.name) < names else f"{queue.name[: names - 2]}…"
    values = (queue.waiting, queue.taken, queue.consumers, queue.arriving, queue.leaving)[:count]
    cells = [Content(f"{_number(value):>{NUMBERS}}") for value in values]
    if queue.waiting:
        cells[0] = cells[0].stylize("bold $warning")
    if queue.waiting and not queue.consumers:
        cells[2] = cells[2].stylize("bold $error")
    return Content.assemble(f"{name:<{names}}", *cells)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if isinstance(value, float) else str(value)
