"""What every way of answering shares. Refuses to grade: an answer leaves as plain data, in a message."""

from __future__ import annotations

from textual.message import Message
from textual.widget import Widget

AnswerData = str | list[int] | list[str]


class AnswerArea(Widget):
    """Where one question is answered. `help` says in one line how, `note` is set when something is still missing."""

    help = ""

    class Given(Message):
        """The learner gives this answer; see `tutor.study.grading` for its shape by kind of question."""

        def __init__(self, area: AnswerArea, given: AnswerData) -> None:
            super().__init__()
            self.area = area
            self.given = given

    class Wanting(Message):
        """The answer is not complete; `what` says in a sentence what is missing."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

    class Touched(Message):
        """A key changed the answer, so that what was said about it may no longer be true."""

    @property
    def typing(self) -> bool:
        """True when letters go into a text, so that they cannot be commands."""
        return False

    def give(self, given: AnswerData) -> None:
        """Post the answer."""
        self.post_message(self.Given(self, given))

    def want(self, what: str) -> None:
        """Post what is missing."""
        self.post_message(self.Wanting(what))

    def touch(self) -> None:
        """Post that a key which goes no further changed the answer."""
        self.post_message(self.Touched())

    def start(self) -> None:
        """Take the focus without moving the page."""
        self.focus(scroll_visible=False)
