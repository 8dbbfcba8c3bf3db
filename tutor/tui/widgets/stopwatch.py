"""Time spent on an answer, with pauses. Refuses to read the clock itself: it is given one."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tutor.tui.widgets.wording import clock


class Stopwatch(Widget):
    """`04:12 / 8 min`. `clock` gives seconds on a clock that never goes back; `spent` is what was spent before."""

    DEFAULT_CSS = """
    Stopwatch { width: auto; height: 1; }
    """
    ALLOW_SELECT = False

    shown: reactive[str] = reactive("", layout=True)

    def __init__(self, clock: Callable[[], float], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._minutes = 0
        self._spent = 0.0
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds spent, pauses left out."""
        return self._spent + (0.0 if self._since is None else self._clock() - self._since)

    @property
    def running(self) -> bool:
        """False while paused or stopped."""
        return self._since is not None

    def begin(self, minutes: int, spent: float = 0.0) -> None:
        """Start over for a part that should take `minutes` (0: no limit is shown)."""
        self._minutes, self._spent, self._since = minutes, spent, self._clock()
        self.tick()

    def pause(self) -> None:
        """Stop counting."""
        self._spent, self._since = self.seconds, None
        self.tick()

    def resume(self) -> None:
        """Count on."""
        if self._since is None:
            self._since = self._clock()
        self.tick()

    def clear(self) -> None:
        """Show nothing."""
        self._minutes, self._spent, self._since = 0, 0.0, None
        self.shown = ""

    def tick(self) -> None:
        """Show the time as it is now."""
        limit = f" / {self._minutes} min" if self._minutes else ""
        over = ", over time" if self._minutes and self.seconds > 60 * self._minutes else ""
        paused = ", paused" if self._since is None else ""
        self.shown = f"{clock(self.seconds)}{limit}{over}{paused}"

    def on_mount(self) -> None:
        """Tick every second."""
        self.set_interval(1, self._tick_running)

    def render(self) -> Content:
        """The time."""
        return Content.styled(self.shown, "bold $warning" if "over" in self.shown else "bold")

    def _tick_running(self) -> None:
        if self.running:
            self.tick()
