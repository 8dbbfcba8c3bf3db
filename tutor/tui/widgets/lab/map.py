"""The map of a running lab: its parts as the engine has them, and rates out of the counters of its services. Refuses to
keep more than the last two looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from tutor.tui.widgets.lab.live import LivePane

if TYPE_CHECKING:
    from tutor.labs.engine.base import PartFacts
    from tutor.labs.session import Session
    from tutor.labs.traffic import Rate, Sample


class MapPane(LivePane):
    """The system at a glance."""

    EVERY = 3.0

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._sample: Sample | None = None
        self._rates: dict[str, Rate] = {}
        self._parts: tuple[PartFacts, ...] = ()

    def compose(self) -> ComposeResult:
        """One drawing, to scroll."""
        with VerticalScroll():
            yield Static("", markup=False)

    def fetch(self, session: Session, wanted: Any) -> tuple[tuple[PartFacts, ...], Sample]:
        """The parts and the counters as they are now."""
        return session.status().parts, session.traffic()

    def show(self, value: tuple[tuple[PartFacts, ...], Sample]) -> None:
        """Draw them, with what has changed since the last time."""
        from tutor.labs.traffic import rates

        self._parts, sample = value
        self._rates = rates(self._sample, sample)
        self._sample = sample
        self._draw()

    def say(self, sentence: str) -> None:
        """A sentence in place of the map."""
        self._sample, self._rates, self._parts = None, {}, ()
        self.query_one(Static).update(sentence)

    def on_resize(self) -> None:
        """Draw it as wide as it may be now."""
        if self._parts:
            self._draw()

    def _draw(self) -> None:
        from tutor.tui.widgets.lab.system_map import drawn

        assert self.bench is not None
        broker = "redis" if self.bench.session.lab.system.transport == "redis" else "rabbitmq"
        width = self.query_one(VerticalScroll).scrollable_content_region.width
        self.query_one(Static).update(drawn(self._parts, self._sample, self._rates, broker, width))
