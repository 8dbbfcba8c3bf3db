"""Fill the gaps of a text. Refuses to check spelling while it is typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Label

from tutor.tui.widgets.answers.base import AnswerArea
from tutor.tui.widgets.prose import Prose

_GAP = re.compile(r"\{\{(\d+)\}\}")
_MARKUP, _ESCAPED = re.compile(r"([\\`*_\[\]<])"), r"\\\1"


def filled(text: str, gaps: Sequence[str]) -> str:
    """The text as Markdown with something in each gap, marked so that it stands out."""
    return _GAP.sub(lambda gap: f"**[{_MARKUP.sub(_ESCAPED, gaps[int(gap[1]) - 1])}]**", text)


class ClozeAnswer(AnswerArea):
    """The text with numbered gaps, and one input for each; Enter goes on to the next and gives at the last."""

    DEFAULT_CSS = """
    ClozeAnswer { height: auto; layout: vertical; }
    ClozeAnswer Horizontal { height: 1; margin: 0 0 1 0; }
    ClozeAnswer Label { width: 4; color: $text-muted; }
    ClozeAnswer Input { width: 1fr; max-width: 48; }
    ClozeAnswer .unit { width: auto; padding: 0 1; }
    """
    help = "Type, Tab or Enter to the next gap, Enter at the last to answer"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "give", "Answer", id="answer.give"),
        Binding("up", "app.focus_previous", "Previous gap", show=False),
        Binding("down", "app.focus_next", "Next gap", show=False),
    ]

    def __init__(self, text: str, units: Sequence[str]) -> None:
        super().__init__()
        self._text = text
        self._units = units
        self._warned = False

    @property
    def typing(self) -> bool:
        """Letters always go into a gap."""
        return True

    def compose(self) -> ComposeResult:
        """The text, then the gaps."""
        yield Prose(filled(self._text, [str(number) for number in range(1, len(self._units) + 1)]))
        for number, unit in enumerate(self._units, 1):
            with Horizontal():
                yield Label(f"[{number}]", markup=False)
                yield Input(compact=True, id=f"gap-{number}", placeholder=f"gap {number}")
                yield Label(unit, classes="unit", markup=False)

    def start(self) -> None:
        """Go to the first gap."""
        self.query(Input).first().focus(scroll_visible=False)

    def on_input_changed(self) -> None:
        """What was said about empty gaps is no longer true."""
        self._warned = False

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """On to the next gap, or give."""
        event.stop()
        inputs = list(self.query(Input))
        here = inputs.index(event.input)
        if here + 1 < len(inputs):
            inputs[here + 1].focus()
        else:
            self.action_give()

    def action_give(self) -> None:
        """Give the content of all gaps; the first time, say so when some are empty."""
        texts = [entry.value.strip() for entry in self.query(Input)]
        empty = [str(number) for number, text in enumerate(texts, 1) if not text]
        if empty and not self._warned:
            self._warned = True
            self.want(f"Still empty: {', '.join(empty)}. Ctrl+S again gives it as it is.")
            return
        self.give(list(texts))
