"""One stage, graded by the candidate: own words beside the expected points. Refuses to exist before the answer."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from tutor.tui.screens.mock_tips import example_markdown
from tutor.tui.widgets.diagram import Diagram
from tutor.tui.widgets.points import Points
from tutor.tui.widgets.prose import Prose
from tutor.tui.widgets.spoken import Spoken

if TYPE_CHECKING:
    from tutor.content.models.pack import Tip
    from tutor.content.models.scenario import Stage
    from tutor.interview.run import StageAnswer


class GradePane(VerticalScroll):
    """`answer` is what was said in `stage`; `suggested` maps points to the words that seem to make them."""

    DEFAULT_CSS = """
    GradePane { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    GradePane .heading { color: $primary; text-style: bold; }
    GradePane .sides { height: auto; layout: vertical; }
    GradePane .side { height: auto; }
    GradePane .own { height: auto; background: $surface; padding: 0 1; margin: 0 0 1 0; }
    GradePane Points { margin: 0 0 1 0; }
    """
    can_focus = False

    class Graded(Message):
        """Ids of the points made, in whole and in part."""

        def __init__(self, met: tuple[str, ...], partly: tuple[str, ...]) -> None:
            super().__init__()
            self.met = met
            self.partly = partly

    def __init__(self, stage: Stage, answer: StageAnswer, suggested: Mapping[str, str], tip: Tip | None = None) -> None:
        super().__init__()
        self._stage = stage
        self._answer = answer
        self._tip = tip
        self._points = Points(stage.key_points, suggested, halves=True)

    def compose(self) -> ComposeResult:
        """Own words and points, then how a strong candidate says it."""
        stage, answer = self._stage, self._answer
        with Container(classes="sides"):
            with Vertical(classes="side -left"):
                yield Static("What you said", classes="heading")
                with Vertical(classes="own"):
                    yield Spoken(answer.text, nothing="(nothing)")
                    yield Static(_replies(stage, answer), markup=False)
            with Vertical(classes="side"):
                yield Static("Did you say it? Space: yes, partly, no. Ctrl+S goes on", classes="heading")
                yield self._points
        yield Static("A strong answer", classes="heading")
        yield Prose(stage.strong_answer)
        if stage.diagram:
            yield Diagram(stage.diagram)
        yield Static("Strong replies to the follow-ups", classes="heading")
        for probe in stage.followups:
            yield Prose(f"**{probe.ask.strip()}**\n\n{probe.strong}")
        if self._tip:
            yield Prose(example_markdown(self._tip), classes="tip")

    def start(self) -> None:
        """Go to the points."""
        self._points.focus(scroll_visible=False)

    def give(self) -> None:
        """Post the grades."""
        self.post_message(self.Graded(self._points.met, self._points.partly))


def _replies(stage: Stage, answer: StageAnswer) -> str:
    told = [""]
    for probe, reply in zip_longest(stage.followups, answer.replies, fillvalue=""):
        ask = probe if isinstance(probe, str) else " ".join(probe.ask.split())
        told.append(f"— {ask}\n{str(reply).strip() or '(passed over)'}")
    return "\n\n".join(told).removeprefix("\n")
