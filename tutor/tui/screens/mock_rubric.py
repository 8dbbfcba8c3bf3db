"""The whole interview, graded criterion by criterion, and its red flags. Refuses to finish with a criterion open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tutor.tui.widgets.marks import NO
from tutor.tui.widgets.prose import inline, muted
from tutor.tui.widgets.rows import Row, Rows

if TYPE_CHECKING:
    from tutor.content.models.scenario import Criterion, RedFlag, Scenario


class RubricPane(VerticalScroll):
    """The rubric of `scenario`; `suggested` maps red flags to the words that seem to raise them."""

    DEFAULT_CSS = """
    RubricPane { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    RubricPane .heading { color: $primary; text-style: bold; margin: 0 0 1 0; }
    """
    can_focus = False

    class Graded(Message):
        """Grades by criterion, and ids of the red flags raised."""

        def __init__(self, criteria: Mapping[str, int], flags: list[str]) -> None:
            super().__init__()
            self.criteria = criteria
            self.flags = flags

    class Wanting(Message):
        """Criteria are still open."""

        def __init__(self, count: int) -> None:
            super().__init__()
            self.count = count

    def __init__(self, scenario: Scenario, suggested: Mapping[str, str]) -> None:
        super().__init__()
        self._scenario = scenario
        self._rows = RubricRows(scenario, suggested)

    def compose(self) -> ComposeResult:
        """One list: criteria first, then red flags."""
        yield Static("Which description fits what you said? 1 to 4 grades, Space raises a red flag, Ctrl+S ends",
                     classes="heading")  # fmt: skip
        yield self._rows

    def start(self) -> None:
        """Go to the first criterion."""
        self._rows.focus(scroll_visible=False)

    def give(self) -> None:
        """Post the grades once all are there."""
        rows = self._rows
        still = len(self._scenario.rubric) - len(rows.grades)
        if still:
            rows.cursor = next(n for n, one in enumerate(self._scenario.rubric) if one.id not in rows.grades)
            self.post_message(self.Wanting(still))
        else:
            self.post_message(self.Graded(dict(rows.grades), sorted(rows.flags)))


class RubricRows(Rows):
    """Criteria with their four levels, then red flags with boxes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "grade(1)", "Grade", key_display="1-4", id="rubric.1"),
        *(Binding(str(key), f"grade({key})", "Grade", show=False, id=f"rubric.{key}") for key in range(2, 5)),
        Binding("space", "flag", "Raise flag", id="rubric.flag"),
    ]

    def __init__(self, scenario: Scenario, suggested: Mapping[str, str]) -> None:
        self._scenario = scenario
        self._suggested = suggested
        self.grades: dict[str, int] = {}
        self.flags: set[str] = set(suggested)
        super().__init__(self._rows(), cursor=0)

    def action_grade(self, grade: int) -> None:
        """Grade the criterion pointed at and go on to the next."""
        if self.cursor >= len(self._scenario.rubric):
            return
        self.grades[self._scenario.rubric[self.cursor].id] = grade
        self.rows = tuple(self._rows())
        self.action_move(1)

    def action_flag(self) -> None:
        """Raise or take back the red flag pointed at."""
        number = self.cursor - len(self._scenario.rubric) - 1
        if number >= 0:
            self.flags ^= {self._scenario.red_flags[number].id}
            self.rows = tuple(self._rows())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A criterion is graded, a flag is raised."""
        on_flag = self.cursor > len(self._scenario.rubric)
        return {"grade": not on_flag, "flag": on_flag}.get(action, True)

    def watch_cursor(self, index: int) -> None:
        """Other keys make sense on the other kind of row."""
        super().watch_cursor(index)
        self.refresh_bindings()

    def _rows(self) -> list[Row]:
        rows = [self._criterion(criterion) for criterion in self._scenario.rubric]
        rows.append(Row(Content.styled("Red flags: did you say any of these?", "bold $primary"), heading=True))
        return rows + [self._flag(flag) for flag in self._scenario.red_flags]

    def _criterion(self, criterion: Criterion) -> Row:
        grade = self.grades.get(criterion.id, 0)
        notes = []
        for level, words in enumerate(criterion.levels, 1):
            chosen = level == grade
            text = inline(words).stylize("bold $success") if chosen else muted(words)
            notes.append((f"[{level}]" if chosen else f" {level} ", text))
        about = Content.styled(f"  {criterion.dimension}, {criterion.weight} %", "$foreground 60%")
        return Row(inline(criterion.text).stylize("bold") + about, "", tuple(notes), blank=True)

    def _flag(self, flag: RedFlag) -> Row:
        box = f"[{NO}]" if flag.id in self.flags else "[ ]"
        notes = [("", muted(flag.why))]
        if words := self._suggested.get(flag.id):
            found = Content.assemble(("suggested: you wrote ", "$foreground 70%"), (f"“{words}”", "italic"))
            notes.insert(0, ("", found))
        return Row(inline(flag.text), box, tuple(notes), blank=True)
