"""One line that says what is missing or what was done, over the keys. Refuses to cover anything, as a toast would."""

from __future__ import annotations

from textual.widgets import Static


class HintLine(Static):
    """Takes a line only while it says something; whoever shows it clears it at the next key."""

    DEFAULT_CSS = """
    HintLine { display: none; height: auto; padding: 0 1; color: $text-warning; text-style: bold; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)

    def say(self, what: str) -> None:
        """Say it; nothing takes the line away."""
        self.update(what)
        self.display = bool(what)
