"""The Textual app: opens screens and says errors. Refuses to decide, and to start on anything but a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.events import Resize
from textual.screen import Screen

from tutor.errors import ContentError, MachineError, StoreError, TutorError
from tutor.tui import keys
from tutor.tui.glyphs import AsciiFilter, ascii_only
from tutor.tui.messages import AskQuestions, Go, OpenLab, TakeMock
from tutor.tui.screens.home import HomeScreen
from tutor.tui.theme import DARK, LIGHT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.actions import ActionParseResult
    from textual.filter import LineFilter
    from textual.geometry import Size

    from tutor.coach.coach import Coach
    from tutor.coach.labs import Labs
    from tutor.study.queue import Filter
    from tutor.tui.lab_bench import Benches

SMALLEST = (60, 16)
STARTS = ("home", "recap", "quiz", "mock", "progress", "checklist", "tips", "labs")


class TutorApp(App[None]):
    """One learner's app on one pack."""

    TITLE = "tutor"
    CSS_PATH = "styles.tcss"
    BINDINGS: ClassVar[list[BindingType]] = keys.APP
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 (declared so by Textual)
        (0, "-narrow"),
        (100, "-wide"),
    ]

    def __init__(
        self, coach: Coach, start: str = "home", run: str = "", labs: Callable[[], Labs] | None = None
    ) -> None:
        """`labs` opens the labs when somebody asks for them, perhaps in another thread."""
        super().__init__()
        self.coach = coach
        self._labs = cache(labs) if labs else None
        self._benches: Benches | None = None
        self._start, self._run = start, run
        self.fault: Exception | None = None
        """What ended the app, when something did that nobody foresaw."""
        self._under_way = False
        self._ascii = AsciiFilter() if ascii_only() else None
        self._too_small: Screen[None] | None = None
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name

    def get_line_filters(self) -> list[LineFilter]:
        """Textual's own filters (such as the one for NO_COLOR), and ASCII where nothing else can be shown."""
        own = [self._ascii] if self._ascii else []
        return [*super().get_line_filters(), *own]

    def on_mount(self) -> None:
        """Home lies under everything; a first run is welcomed."""
        self.push_screen(HomeScreen(self.coach))
        if self._run and self._start == "quiz":
            self.ask(None, self._run)
        elif self._run:
            self.take_mock("", self._run)
        elif self._start != "home":
            self._open(self._start)
        elif self.coach.first_time:
            from tutor.tui.screens.welcome import WelcomeScreen

            self.push_screen(WelcomeScreen(self.coach))
        self._under_way = True
        self._fit(self.size)

    def on_resize(self, event: Resize) -> None:
        """A terminal that is too small gets a sentence instead of a broken layout."""
        if self._under_way:
            self._fit(event.size)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Every key of every screen passes here, so this is where an error becomes a sentence."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except TutorError as error:
            self.show_error(error)
            return True

    def _handle_exception(self, error: Exception) -> None:
        """Leave without Textual's traceback: `run_app` raises the error to whoever started the app."""
        self.fault = self.fault or error
        super()._handle_exception(error)
        self._exit_renderables.clear()

    def show_error(self, error: TutorError) -> None:
        """Say what went wrong: in passing when the learner can just go on, in a window when not."""
        if isinstance(error, StoreError | ContentError):
            from tutor.tui.screens.error import ErrorScreen

            self.push_screen(ErrorScreen(error))
        else:
            self.notify(error.hint or "", title=error.message, severity="error", timeout=8, markup=False)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the command palette offers."""
        from tutor.tui.palette import commands

        return commands(self)

    def action_help(self) -> None:
        """Show every key."""
        self._open("help")

    def action_toggle_theme(self) -> None:
        """Change between light and dark."""
        self.theme = LIGHT.name if self.theme == DARK.name else DARK.name

    def on_go(self, message: Go) -> None:
        """A screen asks for another screen."""
        self.open_screen(message.screen, message.topic)

    def on_ask_questions(self, message: AskQuestions) -> None:
        """A screen asks for a sitting."""
        self.ask(message.wanted)

    def on_take_mock(self, message: TakeMock) -> None:
        """A screen asks for a mock interview."""
        self.take_mock(message.scenario, message.run)

    def on_open_lab(self, message: OpenLab) -> None:
        """A screen asks for a lab."""
        self.open_lab(message.lab)

    async def action_quit(self) -> None:
        """Leave; what is at work in a lab is cancelled first, if that is wanted."""
        if self._benches is None:
            self.exit()
            return
        from tutor.tui.lab_leaving import leave

        leave(self, self._benches)

    def open_lab(self, lab: str) -> None:
        """Open the screen of a lab."""
        from tutor.tui.lab_bench import Benches
        from tutor.tui.screens.lab import LabScreen

        if self._labs is None:
            self.show_error(MachineError("There are no labs here."))
            return
        self._benches = self._benches or Benches(self, self._labs)
        self._close_kind(LabScreen)
        self.push_screen(LabScreen(self.coach, self._benches, lab))

    def open_screen(self, name: str, topic: str = "") -> None:
        """Open a screen by name, an error said."""
        try:
            self._open(name, topic)
        except TutorError as error:
            self.show_error(error)

    def ask(self, wanted: Filter | None, run: str = "") -> None:
        """Start a sitting, or take up the open one, or that of the id `run`, when `wanted` is None; errors are said."""
        from tutor.tui.screens.quiz import QuizScreen

        try:
            quiz = self.coach.resume_quiz(run) if wanted is None else self.coach.quiz(wanted)
        except TutorError as error:
            self.show_error(error)
            return
        if quiz is None:
            self.notify("The sitting was finished elsewhere.", severity="warning")
            return
        self._close_kind(QuizScreen)
        self.push_screen(QuizScreen(self.coach, quiz))

    def take_mock(self, scenario: str, run: str) -> None:
        """Start or take up a mock interview; an error is said."""
        from tutor.tui.screens.mock import MockScreen

        try:
            mock = self.coach.resume_mock(run) if run else self.coach.mock(scenario)
        except TutorError as error:
            self.show_error(error)
            return
        self._close_kind(MockScreen)
        self.push_screen(MockScreen(self.coach, mock))

    def _open(self, name: str, topic: str = "") -> None:
        if name == "home":
            self._close_down_to(1)
            return
        if name == "quiz":
            from tutor.tui.screens.home_view import sitting

            self.ask(sitting(self.coach.resume_quiz() is not None, self.coach.standing()))
            return
        from tutor.tui.screens.catalog import made

        screen = made(name, self.coach, topic, self._labs)
        self._close_kind(type(screen))
        self.push_screen(screen)

    def _close_kind(self, kind: type[Screen[None]]) -> None:
        """Close the screen of this kind that is open below, with all above it, so that none is open twice."""
        for depth, screen in enumerate(self.screen_stack):
            if type(screen) is kind:
                self._close_down_to(depth - 1)
                return

    def _close_down_to(self, depth: int) -> None:
        while len(self.screen_stack) - 1 > depth:
            self.pop_screen()

    def _fit(self, size: Size) -> None:
        too_small = size.width < SMALLEST[0] or size.height < SMALLEST[1]
        if too_small and self._too_small is None:
            from tutor.tui.screens.error import TooSmallScreen

            self._too_small = TooSmallScreen(*SMALLEST)
            self.push_screen(self._too_small)
        elif not too_small and self._too_small is not None:
            self._too_small.dismiss()
            self._too_small = None


def run_app(
    coach_factory: Callable[[], Coach],
    start: str = "home",
    run: str = "",
    labs_factory: Callable[[Coach], Labs] | None = None,
) -> None:
    """Run the app until the learner leaves it; `start` is one of `STARTS`, `run` the sitting or interview to open.
    `labs_factory` opens the labs once they are asked for.

    Raises: MachineError without a terminal, whatever error `coach_factory` has, and what ended the app unforeseen.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise MachineError("The app needs a terminal.", "In a pipe, use the plain commands: tutor quiz --plain")
    coach = coach_factory()
    app = TutorApp(coach, start, run, partial(labs_factory, coach) if labs_factory else None)
    app.run()
    if app.fault:
        raise app.fault
