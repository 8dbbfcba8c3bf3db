"""Recap: the days and their sections on the left, one section on the right. Refuses to show it before its question."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tutor.tui import keys
from tutor.tui.messages import AskQuestions
from tutor.tui.screens.base import TutorScreen
from tutor.tui.widgets.hanging_list import HangingList
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.section_view import SectionView
from tutor.tui.widgets.top_bar import TopBar
from tutor.tui.wrapped import hanging

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.content.models.recap import RecapFile, Section


class RecapScreen(TutorScreen):
    """Browse and search. On a narrow terminal the two panes take turns."""

    BINDINGS: ClassVar[list[BindingType]] = keys.RECAP
    CSS_PATH = "recap.tcss"
    AUTO_FOCUS = "#sections"

    def __init__(self, coach: Coach, topic: str = "") -> None:
        super().__init__(coach)
        self._topic = topic
        self._recaps: list[RecapFile] = []
        self._places: list[str] = []

    def compose(self) -> ComposeResult:
        """The frame; the sections are read after the first paint."""
        yield TopBar("Recap", self.coach.index.title)
        with Horizontal(id="panes"):
            with Vertical(id="contents", classes="pane"):
                yield Input(placeholder="Search every section", id="query", compact=True)
                yield HangingList(id="sections")
            with VerticalScroll(id="reader", classes="pane", can_focus=True):
                yield SectionView()
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the recaps once the frame is there."""
        self.after_paint(self._read)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what does something now."""
        view = self.query_one(SectionView)
        if action == "reply":
            return view.revealed and view.section is not None and view.replies < len(view.section.asked_next)
        if action == "read":
            return self.query_one("#sections").has_focus
        if action == "reveal":
            return not view.revealed
        return True

    @on(OptionList.OptionHighlighted, "#sections")
    def _preview(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_id and self.query_one(SectionView).place != event.option_id:
            self._show(event.option_id)

    @on(OptionList.OptionSelected, "#sections")
    def _read_on(self) -> None:
        self._enter_reader()

    @on(Input.Changed, "#query")
    def _search(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted, "#query")
    def _to_results(self) -> None:
        self.query_one("#sections").focus()

    def action_search(self) -> None:
        """Search every section."""
        self.remove_class("-reading")
        self.add_class("-searching")
        self.query_one("#query").focus()

    def action_back(self) -> None:
        """Out of the reader or the search first, then out of the screen."""
        if self.has_class("-reading"):
            self.remove_class("-reading")
            self.query_one("#sections").focus()
        elif self.has_class("-searching"):
            self.remove_class("-searching")
            self.query_one("#query", Input).value = ""
            self.query_one("#sections").focus()
        else:
            self.dismiss()

    def action_read(self) -> None:
        """Go to the highlighted section."""
        self.query_one("#sections", HangingList).action_select()

    def action_reveal(self) -> None:
        """Show the section."""
        self.query_one(SectionView).revealed = True
        self._enter_reader()
        self.refresh_bindings()

    def action_reply(self) -> None:
        """Show what the next follow-up listens for."""
        view = self.query_one(SectionView)
        view.replies += 1
        self.query_one(f"#asked-{view.replies - 1}").scroll_visible()
        self.refresh_bindings()

    def action_turn(self, step: int) -> None:
        """Go to the next section, or the one before."""
        view = self.query_one(SectionView)
        here = self._places.index(view.place) + step if view.place in self._places else 0
        if 0 <= here < len(self._places):
            self._show(self._places[here])
            self._point_at(self._places[here])

    def action_copy(self) -> None:
        """Copy the section as Markdown."""
        from tutor.tui.recap_text import section_markdown

        section = self.query_one(SectionView).section
        if section:
            self.app.copy_to_clipboard(section_markdown(section))
            self.notify(f"Copied: {section.title}", timeout=3, markup=False)

    def action_quiz(self) -> None:
        """Ask this section's questions: by the schedule when it wants one of them, else as practice."""
        from tutor.study.queue import Filter, due_now

        section = self.query_one(SectionView).section
        if section is None or not section.questions:
            self.notify("This section has no questions of its own.", severity="warning")
            return
        history, now = self.coach.history, self.coach.now()
        wanted = any(history.due(id_, now) is None or due_now(history, id_, now) for id_ in section.questions)
        self.post_message(AskQuestions(Filter(questions=frozenset(section.questions), cram=not wanted)))

    def _read(self) -> None:
        self._recaps = [self.coach.library.recap(topic.id) for topic in self.coach.index.topics if topic.recap]
        self._places = [f"{recap.topic}/{section.id}" for recap in self._recaps for section in recap.sections]
        self._fill("", next((place for place in self._places if f"{place}/".startswith(f"{self._topic}/")), ""))

    def _fill(self, query: str, place: str = "") -> None:
        sections = self.query_one("#sections", HangingList)
        sections.fill(partial(self._found, query) if query.strip() else self._contents)
        if not self._point_at(place):
            sections.action_first()

    def _point_at(self, place: str) -> bool:
        """Highlight a section; False when the list, narrowed by a search, does not hold it."""
        sections = self.query_one("#sections", OptionList)
        there = next((index for index, option in enumerate(sections.options) if place and option.id == place), None)
        if there is not None:
            sections.highlighted = there
        return there is not None

    def _found(self, query: str, width: int) -> list[Option]:
        from tutor.content.search import search

        options = []
        for hit in search(self._recaps, query):
            title = hanging(Content(""), hit.title, width)
            text = Content.assemble(title, "\n", hanging(Content("  "), hit.snippet, width, "$foreground 65%"))
            options.append(Option(text, id=f"{hit.topic}/{hit.section}"))
        return options or [Option("Nothing holds all these words.", disabled=True)]

    def _contents(self, width: int) -> list[Option]:
        return [option for recap in self._recaps for option in self._topic_options(recap, width)]

    def _topic_options(self, recap: RecapFile, width: int) -> list[Option]:
        topic = next(topic for topic in self.coach.index.topics if topic.id == recap.topic)
        day = Content.styled(f"{topic.day}  " if topic.day else "", "bold $primary")
        head = Option(hanging(day, topic.title, width, "bold $primary"), disabled=True)
        return [
            head,
            *(
                Option(hanging(Content("  "), part.title, width), id=f"{recap.topic}/{part.id}")
                for part in recap.sections
            ),
        ]

    def _show(self, place: str) -> None:
        section = self._section(place)
        topic = next((topic for topic in self.coach.index.topics if place.startswith(f"{topic.id}/")), None)
        if section:
            self.query_one(SectionView).show(section, f"{topic.day}" if topic and topic.day else "", place)
            self.query_one("#reader").scroll_home(animate=False)
            self.refresh_bindings()

    def _section(self, place: str) -> Section | None:
        for recap in self._recaps:
            for section in recap.sections:
                if f"{recap.topic}/{section.id}" == place:
                    return section
        return None

    def _enter_reader(self) -> None:
        self.add_class("-reading")
        self.query_one("#reader").focus()
