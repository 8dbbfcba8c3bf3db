"""The keys of a sitting, as data. Refuses letters inside a text: there the Ctrl twin of each key works."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from tutor.tui.keys import BACK_ID

# On a narrow terminal the bar drops keys from the end, so the order is that of need: leaving comes before undoing.
QUIZ: list[BindingType] = [
    Binding("enter", "accept", "Accept", id="quiz.accept", tooltip="Take the rating pointed at"),
    Binding("1", "digit(1)", "Bet or rate", show=False, key_display="1-5", id="quiz.digit-1",
            tooltip="Before the reveal: how sure you are; after it: how well you knew it, 1 to 4"),
    *(Binding(str(key), f"digit({key})", show=False, id=f"quiz.digit-{key}") for key in range(2, 6)),
    Binding("i,ctrl+r,minus", "unknown", "Don't know", id="quiz.unknown", tooltip="I do not know: a miss, explained"),
    Binding("escape", "back", "Leave", id=BACK_ID, tooltip="Leave; the sitting can be taken up again"),
    Binding("u,ctrl+b", "undo", "Undo", id="quiz.undo", tooltip="Take the last rating back"),
    Binding("s,ctrl+n", "skip", "Skip", id="quiz.skip", tooltip="Leave this question out of this sitting"),
    Binding("f,ctrl+g", "flag", "Flag", id="quiz.flag", tooltip="Note that something is wrong with this question"),
    Binding("x,ctrl+o", "suspend", "Suspend", id="quiz.suspend", tooltip="Twice: never ask this question again"),
    Binding("y", "copy", "Copy", show=False, id="quiz.copy", tooltip="Copy the explained question as Markdown"),
    Binding("up", "scroll_body(-1)", "", show=False),
    Binding("down", "scroll_body(1)", "", show=False),
    Binding("pageup,ctrl+up", "scroll_body(-10)", "Page up", show=False, id="quiz.up", tooltip="Scroll the page up"),
    Binding("pagedown,ctrl+down", "scroll_body(10)", "Page down", show=False, id="quiz.down", tooltip="Scroll it down"),
]  # fmt: skip

SUMMARY: list[BindingType] = [
    Binding("enter", "read", "Read about it", id="summary.read", tooltip="Open the recap at this question"),
    Binding("m", "missed", "Retry missed", id="summary.missed", tooltip="Answer again what was missed"),
    Binding("escape,h", "back", "Home", id=BACK_ID, tooltip="Leave the summary"),
]


def _inside(keys: str, does: str, shown: str = "") -> Binding:
    """A key that a place to answer binds itself; listed here for help, where a test compares the two."""
    return Binding(keys, "", does, tooltip=does, key_display=shown or None)


class Answering:
    """The keys inside answers, bets and points, as help lists them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        _inside("enter", "Answer; in a gap, go on to the next one"),
        _inside("space", "single, predict: answer with the option pointed at; multi, spot: tick or untick it"),
        _inside("up,down", "Point at another line (also k and j)"),
        _inside("home,end", "Point at the first or the last line"),
        _inside("a", "Choose the option with this letter; in match, join it to the line pointed at", "a to g"),
        _inside("shift+up,K", "order: move the entry up"),
        _inside("shift+down,J", "order: move the entry down"),
        _inside("left,right", "match: the option before or after; in a bet or rating, less or more"),
        _inside("backspace", "match: take the join away; at the bet: change the answer"),
        _inside("tab", "cloze: the next gap"),
        _inside("ctrl+s", "open, cloze: give the answer"),
        _inside("space", "Key points: tick or untick; in a mock yes, partly, no"),
    ]
