"""The logs of a running lab: of all parts or of one, all lines or those that fit, followed or held still. Refuses to
keep lines of its own: each look reads the newest anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.tui.lab_keys import LOGS
from tutor.tui.widgets.lab.asks import AskWords
from tutor.tui.widgets.lab.live import LivePane

if TYPE_CHECKING:
    from tutor.labs.engine.base import LogLine
    from tutor.labs.session import Session
    from tutor.tui.lab_bench import Bench

LINES = 200
LEVELS = {"ERROR": "$error", "CRITICAL": "bold $error", "WARNING": "$warning"}
SHORT = 8
"""Characters of a correlation id that are shown: the filter takes them, too."""

NOTHING = "Nothing was logged yet."


class LogsPane(LivePane):
    """Lines, and above them which."""

    BINDINGS: ClassVar[list[BindingType]] = LOGS
    EVERY = 1.5

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._at = 0
        self._words = ""
        self._following = True

    def compose(self) -> ComposeResult:
        """One line about the lines, and the lines."""
        yield Static("", classes="about", markup=False)
        with VerticalScroll():
            yield Static("", classes="lines", markup=False)

    def open(self, bench: Bench) -> None:
        """Show the logs of this lab."""
        self.bench = bench
        self._about()

    def only(self, words: str) -> None:
        """Show only lines that hold this: a correlation id, a trace id, a word."""
        self._words, self._following = words, True
        self._about()
        self.look(asked=True)

    def action_words(self) -> None:
        """Ask for what the lines should hold."""
        self.post_message(AskWords(self._words))

    def action_turn(self, by: int) -> None:
        """Show another part."""
        self._at = (self._at + by) % len(self._choices)
        self._about()
        self.look(asked=True)

    def action_follow(self) -> None:
        """Hold the lines still, or follow them."""
        self._following = not self._following
        self._about()
        if self._following:
            self.look(asked=True)

    def look(self, asked: bool = False) -> None:
        """Read anew, unless the lines are held still."""
        if asked or self._following:
            super().look(asked)

    def wanted(self) -> tuple[tuple[str, ...], str]:
        """The parts, and the words."""
        return self._choices[self._at][1], self._words

    def fetch(self, session: Session, wanted: Any) -> list[LogLine]:
        """The newest lines."""
        parts, words = wanted
        return session.lines(parts, words, LINES)

    def show(self, value: list[LogLine]) -> None:
        """Show them; the newest is the last."""
        text = Content("\n").join(map(_line, value)) if value else Content.styled(self._none(), "$foreground 65%")
        self.query_one(".lines", Static).update(text)
        if self._following:
            self.query_one(VerticalScroll).scroll_end(animate=False)

    def say(self, sentence: str) -> None:
        """A sentence in place of lines."""
        self.query_one(".lines", Static).update(sentence)

    @property
    def _choices(self) -> list[tuple[str, tuple[str, ...]]]:
        """What can be shown: all services, all parts, each part alone; a name and the parts."""
        from tutor.labs.definition import SERVICES

        parts = self.bench.session.lab.system.parts if self.bench else ()
        services = tuple(part for part in parts if part in SERVICES)
        return [("all services", services), ("all parts", parts), *((part, (part,)) for part in parts)]

    def _none(self) -> str:
        return f"No line holds `{self._words}`." if self._words else NOTHING

    def _about(self) -> None:
        part, _ = self._choices[self._at]
        words = f" with `{self._words}`" if self._words else ""
        how = "followed" if self._following else "held still: Space follows again"
        self.query_one(".about", Static).update(f"Lines of {part}{words}, {how}")


def _line(line: LogLine) -> Content:
    """One line: time, part, and the message of a JSON line or the line itself, and what it belongs to."""
    at = f"{line.at.astimezone():%H:%M:%S} " if line.at else ""
    fields = line.fields
    text = str(fields.get("message") or fields.get("msg") or fields.get("event") or line.text) if fields else line.text
    style = LEVELS.get(str(fields.get("level", "")).upper(), "")
    belongs = str(fields.get("correlation_id") or fields.get("trace_id") or "")
    tail = f"  {belongs[:SHORT]}"
    return Content.assemble((at, "$foreground 65%"), (line.part, "bold $secondary"), " ", (text, style),
                            (tail, "$foreground 55%"))  # fmt: skip
