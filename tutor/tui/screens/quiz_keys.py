"""The keys of a sitting, as data. Refuses letters inside a text: there the Ctrl twin of each key works."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from tutor.tui.keys import BACK_ID

QUIZ: list[BindingType] = [
    Binding("enter", "accept", "Accept", id="quiz.accept", tooltip="Take the rating pointed at"),
    Binding("1", "digit(1)", "Bet or rate", show=False, key_display="1-5", id="quiz.digit-1",
            tooltip="Before the reveal: how sure you are; after it: how well you knew it, 1 to 4"),
    *(Binding(str(key), f"digit({key})", show=False, id=f"quiz.digit-{key}") for key in range(2, 6)),
    Binding("i,ctrl+r,minus", "unknown", "Don't know", id="quiz.unknown", tooltip="I do not know: a miss, explained"),
    Binding("u,ctrl+b", "undo", "Undo", id="quiz.undo", tooltip="Take the last rating back"),
    Binding("s,ctrl+n", "skip", "Skip", id="quiz.skip", tooltip="Leave this question out of this sitting"),
    Binding("escape", "back", "Leave", id=BACK_ID, tooltip="Leave; the sitting can be taken up again"),
    Binding("f,ctrl+g", "flag", "Flag", id="quiz.flag", tooltip="Note that something is wrong with this question"),
    Binding("x,ctrl+o", "suspend", "Suspend", id="quiz.suspend", tooltip="Twice: never ask this question again"),
    Binding("y", "copy", "Copy", show=False, id="quiz.copy", tooltip="Copy the explained question as Markdown"),
    Binding("up", "scroll_body(-1)", "", show=False),
    Binding("down", "scroll_body(1)", "", show=False),
    Binding("pageup,ctrl+up", "scroll_body(-10)", "Page up", show=False, id="quiz.up", tooltip="Scroll the page up"),
    Binding("pagedown,ctrl+down", "scroll_body(10)", "Page down", show=False, id="quiz.down", tooltip="Scroll it down"),
]  # fmt: skip

SUMMARY: list[BindingType] = [
    Binding("enter", "read", "Read about it", id="summary.read", tooltip="Open the recap of the topic pointed at"),
    Binding("m", "missed", "Retry missed", id="summary.missed", tooltip="Answer again what was missed"),
    Binding("escape,h", "back", "Home", id=BACK_ID, tooltip="Leave the summary"),
]
