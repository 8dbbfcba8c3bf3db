"""One lab: task and checks on one side, the live system on the other. Refuses to do anything itself: every key is a
verb of the session, at work beside the app, which goes on when the screen is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Static

from tutor.errors import TutorError
from tutor.tui.lab_keys import LAB
from tutor.tui.lab_offers import SURE, at_work, offered
from tutor.tui.screens.dialogs import AskLine, AskYes
from tutor.tui.screens.lab_layout import PANES, LabLayout
from tutor.tui.screens.lab_page import LabPage
from tutor.tui.widgets.lab.asks import AskWords, LogsOf, TraceOf
from tutor.tui.widgets.lab.console import ConsolePane
from tutor.tui.widgets.lab.live import LivePane
from tutor.tui.widgets.lab.logs import LogsPane
from tutor.tui.widgets.lab.task import ChecksPane, NewsPane, TaskPane
from tutor.tui.widgets.lab.traces import TracesPane
from tutor.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.labs.news import News
    from tutor.labs.showing import Status
    from tutor.tui.lab_bench import Bench, Benches, Job, Make

TOLD = ("apply", "skip", "reset", "stop", "find")
"""Verbs whose last words are said in passing: nothing else on the screen tells that they are done."""

LOOK = 3.0
"""Seconds between two looks at how the lab stands."""


class LabScreen(LabLayout):
    """The screen of one lab; it is opened beside the app, since reading a lab takes its time."""

    BINDINGS: ClassVar[list[BindingType]] = LAB
    CSS_PATH = "lab.tcss"

    class Looked(Message):
        """How the lab stands, or why that cannot be said."""

        def __init__(self, bench: Bench | None, status: Status | None, trouble: TutorError | None) -> None:
            super().__init__()
            self.bench, self.status, self.trouble = bench, status, trouble

    def __init__(self, coach: Coach, benches: Benches, lab: str) -> None:
        super().__init__(coach)
        self._benches, self._lab = benches, lab
        self.where = f"Labs / {lab}"
        self.bench: Bench | None = None
        self.loaded = False

    def on_mount(self) -> None:
        """Look how it stands, now and again and again."""
        self._look()
        self.set_interval(LOOK, self._look)

    def on_unmount(self) -> None:
        """Nobody shows it any more."""
        if self.bench and self.bench.listener is self:
            self.bench.listener = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        asked = str(parameters[0]) if action == "sure" else action
        return offered(asked, self.bench, bool(self._inputs()))

    def action_start(self) -> None:
        """Start the system, or find it again."""
        self.action_tab(PANES.index("news"))
        self._verb("start")

    def action_check(self) -> None:
        """Look at the current step."""
        self.action_tab(PANES.index("checks"))
        self._verb("check")

    def action_apply(self) -> None:
        """Show the system what was edited."""
        self._verb("apply")

    def action_hint(self) -> None:
        """The next hint."""
        self._verb("hint")

    def action_sure(self, name: str) -> None:
        """Do what cannot be undone, if that is really wanted."""

        def answered(yes: bool | None) -> None:
            if yes:
                self._verb(name)

        self.app.push_screen(AskYes(*SURE[name]), answered)

    def action_cancel(self) -> None:
        """End what is at work; it cleans up after itself."""
        if self.bench:
            self.bench.end()

    def action_watch(self) -> None:
        """Apply and check on each change, or end that."""
        if self.bench and self.bench.job and self.bench.job.verb == "watch":
            self.bench.end()
        else:
            self._verb("watch")

    def action_find(self) -> None:
        """Tell what was found out, where a check asks for it."""
        inputs, pane = self._inputs(), self.query_one(ChecksPane)
        chosen = next((one for one in inputs if one == pane.pointed), next(iter(inputs), ""))
        bench = self.bench

        def given(answer: str | None) -> None:
            if answer and bench:
                self._begin("find", lambda: bench.session.session.find(chosen, answer))

        if chosen:
            self.app.push_screen(AskLine(*inputs[chosen]), given)

    def action_places(self) -> None:
        """Where everything is."""
        from tutor.tui.widgets.lab.view import places

        if self.bench and self.bench.status:
            self.app.push_screen(LabPage(self.coach, "Where everything is", places(self.bench.status)))

    def action_debrief(self) -> None:
        """What to take along."""
        from tutor.tui.widgets.lab.view import debrief

        if self.bench:
            lab = self.bench.session.lab
            self.app.push_screen(LabPage(self.coach, f"Debrief: {lab.title}", debrief(lab)))

    def action_incident(self) -> None:
        """Tell the incident, or fold it."""
        pane = self.query_one(TaskPane)
        if self.bench and self.bench.status:
            pane.unfolded = not pane.is_unfolded(self.bench.status)
            self.show_tab(0)
            self._show()

    def action_back(self) -> None:
        """Leave; the lab goes on running, and says so."""
        if bench := self.bench:
            job = bench.job
            if job and job.verb == "watch":
                bench.end()
            elif job:
                self.notify("Come back to see it, or to cancel it.", title=f"`{job.verb}` goes on.", timeout=6)
            if bench.running and (job is None or job.verb != "stop"):
                text = f"tutor lab status {self._lab}\ntutor lab stop {self._lab}"
                self.notify(text, title="The lab goes on running:", timeout=8, markup=False)
        self.dismiss()

    @on(AskWords)
    def _ask_words(self, message: AskWords) -> None:
        def answered(words: str | None) -> None:
            if words is not None:
                self.query_one(LogsPane).only(words)

        about = "A correlation id, a trace id, or a word. Empty: all lines."
        self.app.push_screen(AskLine("Which lines?", about, message.words), answered)

    @on(LogsOf)
    def _logs_of(self, message: LogsOf) -> None:
        self.query_one(LogsPane).only(message.words)
        self.action_tab(PANES.index("logs"))

    @on(TraceOf)
    def _trace_of(self, message: TraceOf) -> None:
        self.query_one(TracesPane).open(message.trace)
        self.action_tab(PANES.index("traces"))

    def took(self, piece: News) -> None:
        """A verb has told something."""
        from tutor.labs import news
        from tutor.tui.widgets.lab.view import solution

        if isinstance(piece, news.Hinted):
            self.action_tab(0)
        elif isinstance(piece, news.SolutionShown):
            self.app.push_screen(LabPage(self.coach, "The solution", solution(piece)))
        elif isinstance(piece, news.StepPassed):
            self._passed(piece.next)
        elif isinstance(piece, news.Briefed):
            self.show_tab(PANES.index("map"))
            self.action_tab(0)
        self._show()
        if isinstance(piece, news.Checked):
            self.query_one(ChecksPane).point_at_trouble()
        if isinstance(piece, news.Briefed | news.StepPassed | news.Applied):
            self._look()

    def changed(self) -> None:
        """A verb has begun, is asked to end, or has said something."""
        line, job = self.query_one("#work", Static), self.bench.job if self.bench else None
        line.set_class(job is not None, "-on")
        if job:
            line.update(at_work(job))
        self.refresh_bindings()

    def ended(self, job: Job, trouble: TutorError | None) -> None:
        """A verb has ended."""
        if trouble:
            with self.saying_errors():
                raise trouble
        elif job.verb in TOLD:
            self.notify(job.last, title=f"`{job.verb}`", timeout=5, markup=False)
        self._show()
        self._look()

    def _passed(self, next_: str) -> None:
        if next_:
            self.notify("The next one is there.", title="The step is done.", timeout=5)
        else:
            self.action_debrief()

    def _verb(self, name: str) -> None:
        if self.bench:
            self._begin(*self._benches.verb(self.bench, name))

    def _begin(self, name: str, make: Make) -> None:
        if self.bench and not self.bench.begin(name, make) and self.bench.job:
            self.notify("x cancels it.", title=f"`{self.bench.job.verb}` is still at work.", severity="warning")

    def _inputs(self) -> dict[str, tuple[str, str]]:
        """The checks of this step that ask for a finding: title and question, by id."""
        checks = self.query_one(ChecksPane).checks
        return {one.id: (one.title, str(getattr(one, "prompt", ""))) for one in checks if hasattr(one, "prompt")}

    @work(thread=True, exclusive=True, group="look")
    def _look(self) -> None:
        """See how the lab stands, beside the app."""
        try:
            bench = self._benches.open(self._lab)
            self.post_message(self.Looked(bench, bench.session.session.status(), None))
        except TutorError as error:
            self.post_message(self.Looked(None, None, error))

    @on(Looked)
    def _seen(self, message: Looked) -> None:
        if message.bench and message.bench is not self.bench:
            self._take_up(message.bench)
        before = self.bench.running if self.bench else None
        if message.status and self.bench:
            self.bench.status = message.status
            self._show()
        elif message.trouble:
            self.query_one("#task .state", Static).update(str(message.trouble))
        self.loaded = True
        if self.bench is None or before is not self.bench.running:
            for pane in self.query(LivePane):
                pane.look()

    def _take_up(self, bench: Bench) -> None:
        """Show this bench from now on."""
        self.bench = bench
        bench.listener = self
        with self.saying_errors():
            bench.earlier = bench.session.verdicts()
        self.query_one(TopBar).where = f"Labs / {bench.session.lab.title}"
        for pane in self.query(LivePane):
            pane.bench = bench
        self.query_one(ConsolePane).open(bench)
        self.query_one(LogsPane).open(bench)
        self.changed()

    def _show(self) -> None:
        """Show everything as it is known now."""
        bench = self.bench
        if bench is None or bench.status is None or not self.is_mounted:
            return
        lab = bench.session.lab
        step = next((one for one in lab.steps if one.id == bench.status.current), lab.steps[0])
        self.query_one(TaskPane).show(bench, bench.status, step)
        self.query_one(ChecksPane).show(bench, step)
        self.query_one(NewsPane).show(bench)
        self.changed()
