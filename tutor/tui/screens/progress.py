"""Progress: recall, confidence, the last weeks, and the questions that make trouble. Refuses numbers of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tutor.tui import keys
from tutor.tui.messages import AskQuestions
from tutor.tui.screens.base import TutorScreen, headline
from tutor.tui.widgets.bars import Bar, Bars, Heatmap
from tutor.tui.widgets.hanging_list import HangingList
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.top_bar import TopBar
from tutor.tui.wrapped import hanging

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.interview.calibration import Calibration
    from tutor.study.standing import Standing, TopicStanding
    from tutor.tui.screens.date import Chosen

TROUBLES = (("leech", "keeps being forgotten"), ("suspended", "not asked"), ("flagged", "you doubt it"))


class ProgressScreen(TutorScreen):
    """One page that scrolls; two columns when there is room."""

    BINDINGS: ClassVar[list[BindingType]] = keys.PROGRESS
    CSS_PATH = "progress.tcss"
    AUTO_FOCUS = "#page"

    def __init__(self, coach: Coach) -> None:
        super().__init__(coach)
        self._standing: Standing | None = None

    def compose(self) -> ComposeResult:
        """The frame; numbers come after the first paint."""
        yield TopBar("Progress", self.coach.index.title)
        with VerticalScroll(id="page"):
            with Vertical(classes="block"):
                yield Static("Due", classes="title")
                yield Static("", id="due")
                yield Static("", id="interview")
                yield Static("Recall by topic", classes="title later")
                yield Bars(id="recall", note_width=12)
                yield Static("", id="recall-note", classes="muted")
            with Vertical(classes="block"):
                yield Static("Confidence", classes="title")
                yield Static("", id="verdict")
                yield Bars(id="calibration", note_width=6)
                yield Static("", id="calibration-note", classes="muted")
                yield Static("The last weeks", classes="title later")
                yield Static("", id="streak")
                yield Heatmap()
            with Vertical(classes="block"):
                yield Static("Questions that need a look", classes="title")
                yield Static("", id="trouble-note")
                yield HangingList(id="trouble")
        yield KeyBar()

    def on_screen_resume(self) -> None:
        """See what was answered meanwhile."""
        self.after_paint(self._load)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what does something now."""
        trouble = self.query_one("#trouble")
        if action in ("lift", "ask"):
            return trouble.has_focus and (self._highlighted()[0] == "suspended") == (action == "lift")
        if action == "trouble":
            return trouble.display and not trouble.has_focus
        if action == "cram":
            return bool(self._standing and self._standing.leeches)
        return True

    def action_plan(self) -> None:
        """Set or clear the date of the interview."""
        from tutor.tui.screens.date import DateScreen

        self.app.push_screen(DateScreen(self._standing.interview if self._standing else None), self._planned)

    def action_trouble(self) -> None:
        """Go to the questions that need a look."""
        self.query_one("#trouble").focus()

    def action_ask(self) -> None:
        """Ask the highlighted question as practice."""
        self.query_one("#trouble", HangingList).action_select()

    def action_lift(self) -> None:
        """Have the highlighted suspended question asked again."""
        kind, question = self._highlighted()
        if kind == "suspended":
            self.coach.unsuspend(question)
            self.notify("No longer suspended: it will be asked again.", timeout=3)
            self._load()

    def action_cram(self) -> None:
        """Practice the leeches."""
        from tutor.study.queue import Filter

        if self._standing and self._standing.leeches:
            self.post_message(AskQuestions(Filter(questions=frozenset(self._standing.leeches), cram=True)))

    @on(OptionList.OptionHighlighted, "#trouble")
    def _moved(self) -> None:
        self.refresh_bindings()

    @on(OptionList.OptionSelected, "#trouble")
    def _ask(self) -> None:
        from tutor.study.queue import Filter

        kind, question = self._highlighted()
        if kind == "suspended":
            self.notify("It is suspended: u lifts that.", severity="warning")
        elif question:
            self.post_message(AskQuestions(Filter(questions=frozenset({question}), cram=True)))

    def _planned(self, chosen: Chosen | None) -> None:
        if chosen is not None:
            with self.saying_errors():
                self.coach.plan(chosen.interview)
                self._load()

    def _load(self) -> None:
        from tutor.tui.screens.home import interview_line, numbers_line

        self.coach.refresh()
        standing = self._standing = self.coach.standing()
        self.query_one("#due", Static).update(numbers_line(standing))
        self.query_one("#interview", Static).update(interview_line(standing, "press d"))
        self.query_one("#recall", Bars).bars = tuple(_bar(topic) for topic in standing.topics)
        mark = " ◆ as predicted for the interview." if standing.interview else ""
        self.query_one("#recall-note", Static).update(f"n/n: seen of all; unseen ones count as 0.{mark}")
        self._confidence(self.coach.calibration())
        self._weeks(standing)
        self._troubles(standing)
        self.refresh_bindings()

    def _confidence(self, calibration: Calibration) -> None:
        self.query_one("#verdict", Static).update(calibration.verdict)
        says = "The bar is what was right; ◆ is what you said." if calibration.bins else ""
        self.query_one("#calibration-note", Static).update(says)
        self.query_one("#calibration", Bars).bars = tuple(
            Bar(f"said {bin_.said} %", bin_.right / 100, f"of {bin_.count}", bin_.said / 100)
            for bin_ in calibration.bins
        )

    def _weeks(self, standing: Standing) -> None:
        days = "day" if standing.streak == 1 else "days"
        text = f"{standing.streak} {days} in a row, {standing.reviewed_today} answered today"
        self.query_one("#streak", Static).update(text)
        heat = self.query_one(Heatmap)
        heat.counts = self.coach.history.days()
        heat.today = self.coach.now().astimezone().date()

    def _troubles(self, standing: Standing) -> None:
        trouble = self.query_one("#trouble", HangingList)
        trouble.fill(partial(self._in_trouble, standing))
        count = trouble.option_count
        trouble.display = bool(count)
        trouble.highlighted = 0 if count else None
        says = "None: no leeches, nothing suspended or flagged."
        if count:
            says = "Tab goes there; Enter asks one of them; u lifts its suspension."
        self.query_one("#trouble-note", Static).update(Content.styled(says, "$foreground 65%"))

    def _in_trouble(self, standing: Standing, width: int) -> list[Option]:
        groups = (standing.leeches, standing.suspended, standing.flagged)
        known = {entry.id for entry in self.coach.index.entries}
        options = []
        for (kind, means), ids in zip(TROUBLES, groups, strict=True):
            for id_ in (id_ for id_ in ids if id_ in known):
                prompt = headline(self.coach.library.question(id_).prompt, 120)
                head = Content.styled(f"{kind:9}  ", "bold $warning")
                options.append(Option(hanging(head, f"{prompt} ({means})", width), id=f"{kind}/{id_}"))
        return options

    def _highlighted(self) -> tuple[str, str]:
        trouble = self.query_one("#trouble", OptionList)
        if trouble.highlighted is None:
            return "", ""
        kind, _, question = (trouble.get_option_at_index(trouble.highlighted).id or "").partition("/")
        return kind, question


def _bar(topic: TopicStanding) -> Bar:
    label = f"{topic.day}  {topic.title}" if topic.day else topic.title
    note = f"{topic.seen:2}/{topic.total:<2}"
    if topic.on_the_day is not None:
        note += f"  ◆ {topic.on_the_day:.0%}"
    return Bar(label, topic.recall, note, topic.on_the_day, unknown="new")
