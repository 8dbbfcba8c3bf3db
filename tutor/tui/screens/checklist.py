"""The checklist: each claim, how far the evidence carries it, and the way to what is missing. Refuses self-praise."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tutor.study.standing import COMING
from tutor.tui import keys
from tutor.tui.messages import AskQuestions, TakeMock
from tutor.tui.screens.base import TutorScreen, headline
from tutor.tui.widgets.hanging_list import HangingList
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.top_bar import TopBar
from tutor.tui.wrapped import hanging

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.study.standing import Evidence, Mastery


class ChecklistScreen(TutorScreen):
    """Claims in one pane, the evidence of the highlighted claim in the other."""

    BINDINGS: ClassVar[list[BindingType]] = keys.CHECKLIST
    CSS_PATH = "checklist.tcss"
    AUTO_FOCUS = "#claims"

    def __init__(self, coach: Coach) -> None:
        super().__init__(coach)
        self._mastery: list[Mastery] = []

    def compose(self) -> ComposeResult:
        """The frame, with the claims alone."""
        yield TopBar("Checklist", self.coach.index.title)
        with Container(id="panes"):
            yield HangingList(id="claims", classes="pane")
            with Vertical(id="proof", classes="pane"):
                yield Static("", id="means", markup=False)
                yield HangingList(id="evidence")
        yield KeyBar()

    def on_screen_resume(self) -> None:
        """See what was answered meanwhile."""
        self.after_paint(self._load)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what does something now."""
        if action == "open":
            return self.query_one("#claims").has_focus
        if action == "prove":
            return self.query_one("#evidence").has_focus
        return True

    def action_open(self) -> None:
        """Go to the evidence of the highlighted claim."""
        self.query_one("#claims", HangingList).action_select()

    def action_prove(self) -> None:
        """Ask the highlighted question, or start the highlighted mock interview."""
        self.query_one("#evidence", HangingList).action_select()

    def action_back(self) -> None:
        """Out of the evidence first, then out of the screen."""
        if self.query_one("#evidence").has_focus:
            self.query_one("#claims").focus()
        else:
            self.dismiss()

    @on(OptionList.OptionHighlighted, "#claims")
    def _chosen(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self._mastery):
            with self.saying_errors():
                self._prove(self._mastery[event.option_index])

    @on(OptionList.OptionSelected, "#claims")
    def _open(self) -> None:
        self.query_one("#evidence").focus()

    @on(OptionList.OptionSelected, "#evidence")
    def _go(self, event: OptionList.OptionSelected) -> None:
        from tutor.study.queue import Filter

        kind, _, id_ = (event.option_id or "").partition("/")
        if kind == "question":
            seen = self.coach.history.due(id_, self.coach.now())
            due = seen is None or seen <= self.coach.now()
            self.post_message(AskQuestions(Filter(questions=frozenset({id_}), cram=not due)))
        elif kind == "scenario":
            opened = next((mock for mock in self.coach.mocks() if mock.open and mock.scenario == id_), None)
            self.post_message(TakeMock(scenario=id_, run=opened.id if opened else ""))
        else:
            there = id_ in self.coach.lab_ids
            text = f"In a terminal: tutor lab start {id_}" if there else "This lab is coming; it does not count yet."
            self.notify(text, markup=False)

    def _load(self) -> None:
        self.coach.refresh()
        self._mastery = self.coach.mastery()
        self._list()

    def _list(self) -> None:
        claims = self.query_one("#claims", HangingList)
        here = claims.highlighted or 0
        claims.fill(lambda width: [Option(_claim(mastery, width)) for mastery in self._mastery])
        done = sum(mastery.mastered for mastery in self._mastery)
        claims.border_title = f"{done} of {len(self._mastery)} mastered"
        if self._mastery:
            claims.highlighted = min(here, len(self._mastery) - 1)

    def _prove(self, mastery: Mastery) -> None:
        self.query_one("#means", Static).update(mastery.item.means)
        self.query_one("#proof").border_title = f"evidence: {mastery.shown} of {len(mastery.counted)}"
        evidence = self.query_one("#evidence", HangingList)
        evidence.fill(partial(self._pieces, mastery))
        if mastery.evidence:
            evidence.highlighted = 0

    def _pieces(self, mastery: Mastery, width: int) -> list[Option]:
        return [
            Option(_piece(piece, self._said(piece, width), width), id=f"{piece.kind}/{piece.id}")
            for piece in mastery.evidence
        ]

    def _said(self, piece: Evidence, width: int) -> str:
        if piece.kind == "question":
            return headline(self.coach.library.question(piece.id).prompt, max(30, width - 2))
        entries = self.coach.index.scenarios if piece.kind == "scenario" else self.coach.index.labs
        return next((entry.title for entry in entries if entry.id == piece.id), piece.id)


def _claim(mastery: Mastery, width: int) -> Content:
    if mastery.mastered:
        mark, style, word = "✓", "bold $success", "mastered"
    elif mastery.shown:
        mark, style, word = "◐", "bold $warning", f"{mastery.shown} of {len(mastery.counted)}"
    else:
        mark, style, word = "○", "$foreground 65%", "missing"
    return hanging(Content.styled(f"{mark} {word:10}", style), mastery.item.text, width)


def _piece(piece: Evidence, name: str, width: int) -> Content:
    coming = piece.note == COMING
    mark, style = ("✓", "bold $success") if piece.shown else ("·" if coming else "✗", "$foreground 65%")
    kind = {"question": "", "scenario": "Mock: ", "lab": "Lab: "}[piece.kind]
    said = hanging(Content.styled(f"{mark} ", style), f"{kind}{name}", width)
    return Content.assemble(said, "\n", hanging(Content("  "), piece.note, width, "$foreground 65%"))
