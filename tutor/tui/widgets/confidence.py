"""The bet before the reveal: how sure is the learner? Refuses a preselected value, which would anchor the bet."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tutor.study.grading import CONFIDENCE


class Confidence(Widget):
    """Five words to choose from with 1 to 5. `asked` is the question over them."""

    DEFAULT_CSS = """
    Confidence { height: 3; padding: 0 1; background: $panel; border-top: solid $accent; }
    """
    ALLOW_SELECT = False
    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Less", show=False),
        Binding("right", "move(1)", "More", show=False),
        Binding("enter", "choose", "Choose", show=False),
        *(Binding(str(key), f"bet({key})", "How sure", show=False) for key in CONFIDENCE),
        Binding("backspace", "withdraw", "Change answer", id="confidence.withdraw"),
    ]

    pointed: reactive[int] = reactive(0)

    class Chosen(Message):
        """A bet, in percent."""

        def __init__(self, percent: int) -> None:
            super().__init__()
            self.percent = percent

    class Withdrawn(Message):
        """The learner wants to change the answer first."""

    def __init__(self, asked: str = "How sure are you?") -> None:
        super().__init__()
        self._asked = asked

    def action_move(self, by: int) -> None:
        """Point at another word."""
        self.pointed = max(1, min(len(CONFIDENCE), self.pointed + by))

    def action_bet(self, key: int) -> None:
        """Bet at once."""
        self.pointed = 0
        self.post_message(self.Chosen(CONFIDENCE[key][0]))

    def action_choose(self) -> None:
        """Bet on the word pointed at."""
        if self.pointed:
            self.action_bet(self.pointed)

    def action_withdraw(self) -> None:
        """Back to the answer."""
        self.pointed = 0
        self.post_message(self.Withdrawn())

    def on_click(self, event: Click) -> None:
        """A click on a word is a bet."""
        key = event.style.meta.get("bet")
        if key:
            self.action_bet(key)

    def render(self) -> Content:
        """The question and the five words."""
        words = [
            Content.assemble((f" {key} ", "bold $accent"), word).stylize("reverse" if key == self.pointed else "")
            for key, (_, word) in CONFIDENCE.items()
        ]
        asked = Content.assemble((self._asked, "bold"), ("  Say it before you see the answer.", "$foreground 70%"))
        return Content("\n").join([asked, Content("  ").join(words)])


def bet_in_words(percent: int) -> str:
    """What a bet meant: `likely, 70 %`; empty for no bet."""
    words = {value: word for value, word in CONFIDENCE.values()}
    return f"{words.get(percent, 'sure')}, {percent} %" if percent else ""
