"""Tips: how to answer, each with a weak and a good example. Refuses to be more than a list and a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tutor.tui import keys
from tutor.tui.screens.base import TutorScreen
from tutor.tui.widgets.hanging_list import HangingList
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.top_bar import TopBar
from tutor.tui.wrapped import hanging

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.content.models.pack import Tip

MOMENTS = {
    "opening": "in the opening",
    "clarify": "while you clarify",
    "design": "while you design",
    "deep-dive": "in a deep dive",
    "failure": "when something fails",
    "wrap-up": "at the end",
}


class TipsScreen(TutorScreen):
    """The list on the left, the tip on the right."""

    BINDINGS: ClassVar[list[BindingType]] = keys.TIPS
    CSS_PATH = "tips.tcss"
    AUTO_FOCUS = "#tips"

    def __init__(self, coach: Coach) -> None:
        super().__init__(coach)
        self._tips: list[Tip] = []

    def compose(self) -> ComposeResult:
        """The frame."""
        yield TopBar("Tips", self.coach.index.title)
        with Horizontal():
            yield HangingList(id="tips", classes="pane")
            with VerticalScroll(classes="pane", id="tip"):
                yield Static("", id="tip-title", markup=False)
                yield Static("", id="tip-text", markup=False)
                with Vertical(id="weak"):
                    yield Static("✗ Weak", classes="label")
                    yield Static("", id="weak-text", markup=False)
                with Vertical(id="good"):
                    yield Static("✓ Good", classes="label")
                    yield Static("", id="good-text", markup=False)
                yield Static("", id="tip-why")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the tips once the frame is there."""
        self.after_paint(self._read)

    def action_copy(self) -> None:
        """Copy the tip as Markdown."""
        tip = self._tip()
        if tip:
            text = f"## {tip.title}\n\n{tip.text}\n\nWeak: {tip.weak}\n\nGood: {tip.good}\n\n{tip.why}\n"
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied: {tip.title}", timeout=3, markup=False)

    @on(OptionList.OptionHighlighted, "#tips")
    def _show(self) -> None:
        tip = self._tip()
        if tip is None:
            return
        self.query_one("#tip-title", Static).update(
            Content.assemble((tip.title, "bold $primary"), (f"  helps {MOMENTS[tip.moment]}", "$foreground 65%"))
        )
        self.query_one("#tip-text", Static).update(tip.text)
        self.query_one("#weak-text", Static).update(tip.weak)
        self.query_one("#good-text", Static).update(tip.good)
        self.query_one("#tip-why", Static).update(Content.assemble(("Why  ", "bold $primary"), tip.why))
        self.query_one("#tip").scroll_home(animate=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what does something now."""
        return action != "read" or self.query_one("#tips").has_focus

    def action_read(self) -> None:
        """Go to the tip, to scroll it."""
        self.query_one("#tips", HangingList).action_select()

    @on(OptionList.OptionSelected, "#tips")
    def _read_on(self) -> None:
        self.query_one("#tip").focus()

    def _read(self) -> None:
        self._tips = self.coach.library.tips()
        tips = self.query_one("#tips", HangingList)
        tips.fill(self._titles)
        tips.action_first()

    def _titles(self, width: int) -> list[Option]:
        return [Option(hanging(Content(f"{number:2}  "), tip.title, width)) for number, tip in enumerate(self._tips, 1)]

    def _tip(self) -> Tip | None:
        at = self.query_one("#tips", OptionList).highlighted
        return self._tips[at] if at is not None and at < len(self._tips) else None
