"""What one pane of a lab asks of another, by way of the screen. Refuses to know which pane shows it."""

from __future__ import annotations

from textual.message import Message


class LogsOf(Message):
    """Show the log lines that belong to this correlation id or trace id."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words


class AskWords(Message):
    """Ask the learner which log lines are wanted; `words` is what is asked for now."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words


class TraceOf(Message):
    """Show the trace of this id."""

    def __init__(self, trace: str) -> None:
        super().__init__()
        self.trace = trace
