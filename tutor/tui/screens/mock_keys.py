"""The keys of mock interviews, as data. Refuses plain letters where text is typed."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from tutor.tui.keys import BACK_ID

MOCKS: list[BindingType] = [
    Binding("enter", "open", "Open", id="mocks.open", tooltip="Start the scenario, go on with the run, or look at it"),
    Binding("r", "report", "Report", id="mocks.report", tooltip="Write the run pointed at as Markdown"),
    Binding("c", "compare", "Compare", id="mocks.compare", tooltip="Put all runs of the scenario side by side"),
    Binding("escape", "back", "Back", id=BACK_ID, tooltip="Leave this screen"),
]
MOCK: list[BindingType] = [
    Binding("ctrl+s", "done", "Done", id="mock.done", tooltip="Give what was typed, ticked or graded"),
    Binding("ctrl+t", "pause", "Pause", id="mock.pause", tooltip="Stop the clock and hide the question, or go on"),
    Binding("ctrl+o,f2", "board", "Whiteboard", id="mock.board", tooltip="Change between the text and the whiteboard"),
    Binding("r", "report", "Report", id="mock.report", tooltip="Write the finished interview as Markdown"),
    Binding("z", "quiz", "Quiz these", id="mock.quiz", tooltip="Answer the questions that the interview made due"),
    Binding("escape", "back", "Leave", id=BACK_ID, tooltip="Leave; the interview can be taken up again"),
    Binding("ctrl+g", "abandon", "Give up", id="mock.abandon", tooltip="Give the interview up for good (asks first)"),
    Binding("1", "digit(1)", "Bet or grade", show=False, key_display="1-5", id="mock.digit-1",
            tooltip="After an answer: how sure you are; in the rubric: the grade, 1 to 4"),
    *(Binding(str(key), f"digit({key})", show=False, id=f"mock.digit-{key}") for key in range(2, 6)),
    Binding("up", "scroll_pane(-1)", "", show=False),
    Binding("down", "scroll_pane(1)", "", show=False),
    Binding("pageup,ctrl+up", "scroll_pane(-10)", "Page up", show=False, id="mock.up", tooltip="Scroll the page up"),
    Binding("pagedown,ctrl+down", "scroll_pane(10)", "Page down", show=False, id="mock.down", tooltip="Scroll it down"),
]  # fmt: skip
