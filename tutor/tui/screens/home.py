"""Home: what to do now, one key away. Refuses heavy work before the first paint: the frame needs only the index."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tutor.tui import keys
from tutor.tui.messages import AskQuestions, Go, TakeMock
from tutor.tui.screens.base import TutorScreen
from tutor.tui.widgets.bars import Bar, Bars, Heatmap
from tutor.tui.widgets.key_bar import KeyBar
from tutor.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.mock import PastMock
    from tutor.study.standing import Standing, TopicStanding
    from tutor.tui.screens.home_view import Proposal


class HomeScreen(TutorScreen):
    """The screen under all others."""

    BINDINGS: ClassVar[list[BindingType]] = keys.HOME
    CSS_PATH = "home.tcss"
    AUTO_FOCUS = "#left"

    def __init__(self, coach: Coach) -> None:
        super().__init__(coach)
        self._proposal: Proposal | None = None

    def compose(self) -> ComposeResult:
        """The frame, with what the index knows."""
        index = self.coach.index
        yield TopBar("", index.title)
        with Horizontal(id="columns"):
            with VerticalScroll(id="left"):
                with Vertical(id="now"):
                    yield Static("", id="now-title")
                    yield Static("", id="now-detail")
                yield Static("", id="numbers")
                yield Static("", id="interview")
                yield Static("Recall by topic", classes="title heading")
                bars = Bars(id="topics", note_width=8)
                bars.set_reactive(Bars.bars, tuple(Bar(_label(t.title, t.day), None, "") for t in index.topics))
                yield bars
                with Vertical(id="weeks"):
                    yield Static("The last weeks", classes="title heading")
                    yield Heatmap()
            with Vertical(id="right"):
                with Vertical(classes="box"):
                    yield Static("Go to", classes="title")
                    yield Static(self._menu({}), id="menu")
                with Vertical(classes="box"):
                    yield Static("Tip of the day", classes="title")
                    yield Static("", id="tip", markup=False)
        yield KeyBar()

    def on_screen_resume(self) -> None:
        """See what was answered meanwhile, here or in another tutor."""
        self.after_paint(self._load)

    def action_next(self) -> None:
        """Do what is proposed."""
        if self._proposal is None:
            return
        if self._proposal.kind == "mock":
            self.post_message(TakeMock(run=self._proposal.run))
        else:
            self.post_message(AskQuestions(self._proposal.wanted))

    def action_quiz(self) -> None:
        """Go on with the open sitting, or answer what is due."""
        self.post_message(Go("quiz"))

    def action_go(self, name: str) -> None:
        """Open another screen."""
        self.post_message(Go(name))

    def action_back(self) -> None:
        """Home has nothing behind it."""

    def on_click(self) -> None:
        """A click on the proposal takes it."""
        if self.query_one("#now").is_mouse_over or self.query_one("#now-title").is_mouse_over:
            self.action_next()

    def _load(self) -> None:
        from tutor.tui.screens.home_view import proposal

        self.coach.refresh()
        standing, mocks = self.coach.standing(), self.coach.mocks()
        self._proposal = proposal(standing, self.coach.resume_quiz(), mocks, self.coach.now())
        self.query_one("#now").set_class(self._proposal.kind == "cram", "-calm")
        self.query_one("#now-title", Static).update(
            Content.assemble((" Enter ", "bold $background on $accent"), "  ", (self._proposal.title, "bold"))
        )
        self.query_one("#now-detail", Static).update(Content.styled(self._proposal.detail, "$foreground 80%"))
        self.query_one("#numbers", Static).update(numbers_line(standing))
        self.query_one("#interview", Static).update(interview_line(standing, "press p, then d"))
        self.query_one("#topics", Bars).bars = tuple(_bar(topic) for topic in standing.topics)
        self.query_one("#menu", Static).update(self._menu(self._news(standing, mocks)))
        self._load_extras()

    def _load_extras(self) -> None:
        """What only a wide terminal shows."""
        today = self.coach.now().astimezone().date()
        heat = self.query_one(Heatmap)
        heat.counts, heat.today = self.coach.history.days(), today
        tips = self.coach.index.tips
        if tips and self.has_class("-wide"):
            tip = self.coach.library.tip(tips[today.toordinal() % len(tips)])
            self.query_one("#tip", Static).update(Content.assemble((tip.title, "bold"), "\n", tip.text))

    def _news(self, standing: Standing, mocks: list[PastMock]) -> dict[str, str]:
        mastered = sum(mastery.mastered for mastery in self.coach.mastery())
        done = sum(mock.ended for mock in mocks)
        opened = sum(mock.open for mock in mocks)
        return {
            "quiz": f"{standing.due_now} due, {standing.unseen} new",
            "mock": f"{done} finished" + (f", {opened} open" if opened else ""),
            "progress": f"{standing.seen} of {standing.total} questions seen",
            "checklist": f"{mastered} of {len(self.coach.index.checklist)} mastered",
        }

    def _menu(self, news: dict[str, str]) -> Content:
        index = self.coach.index
        rows = (
            ("z", "Quiz", news.get("quiz", f"{len(index.entries)} questions")),
            ("m", "Mock", news.get("mock", f"{len(index.scenarios)} interviews")),
            ("r", "Recap", f"{sum(topic.recap for topic in index.topics)} topics"),
            ("p", "Progress", news.get("progress", "")),
            ("c", "Checklist", news.get("checklist", f"{len(index.checklist)} claims")),
            ("t", "Tips", f"{len(index.tips)} tips"),
            ("l", "Labs", self._labs_note()),
        )
        lines = [
            Content.assemble((key, "bold $accent"), f"  {name:11}", (note, "$foreground 65%"))
            for key, name, note in rows
        ]
        return Content("\n").join(lines)

    def _labs_note(self) -> str:
        there, announced = len(self.coach.lab_ids), {lab.id for lab in self.coach.index.labs}
        notes = [f"{there} to do"] if there else []
        coming = len(announced - set(self.coach.lab_ids))
        return ", ".join([*notes, *([f"{coming} coming"] if coming or not there else [])])


def _label(title: str, day: int | None) -> str:
    return f"{day}  {title}" if day else title


def _bar(topic: TopicStanding) -> Bar:
    note = f"{topic.due} due" if topic.due else ""
    return Bar(_label(topic.title, topic.day), topic.recall, note, topic.on_the_day, unknown="new")


def numbers_line(standing: Standing) -> Content:
    """What is due and was done, in one line."""
    pairs = (
        (standing.due_now, "due now"),
        (standing.due_today, "today"),
        (standing.due_week, "this week"),
        (standing.reviewed_today, "done today"),
    )
    drawn = [Content.assemble((str(number), "bold $primary"), f" {noun}") for number, noun in pairs]
    drawn.append(Content.assemble((f"{standing.streak}-day", "bold $primary"), " streak"))
    return Content.styled(" · ", "$foreground 40%").join(drawn)


def interview_line(standing: Standing, how: str) -> Content:
    """The countdown with the recall predicted for the day; `how` says where a date is set when there is none."""
    if standing.interview is None or standing.days_left is None:
        return Content.styled(f"No interview date yet: {how}.", "$foreground 65%")
    when = {0: "today", 1: "tomorrow"}.get(standing.days_left, f"in {standing.days_left} days")
    known = [(topic.on_the_day, topic.total) for topic in standing.topics if topic.on_the_day is not None]
    text = Content.assemble(("Interview ", ""), (when, "bold $accent"), f", {standing.interview:%a %d %b}")
    if known:
        total = sum(topic.total for topic in standing.topics)
        share = sum(recall * count for recall, count in known) / total
        text = text + Content.assemble(" · predicted recall then ", (f"{share:.0%}", "bold $primary"))
    return text
