"""Every key of the app's own screens, as data: help, footer and README's key table are made from it. Refuses actions.

Three keys mean the same everywhere outside a text field: `?` help, Esc back, `q` quit. That is why the quiz is `z`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import NamedTuple

from textual.binding import Binding, BindingType


class KeyLine(NamedTuple):
    """One line of help: the keys as printed, the short label, and what it does."""

    keys: str
    label: str
    does: str


def _key(id_: str, keys: str, action: str, label: str, does: str, *, show: bool = True) -> Binding:
    return Binding(keys, action, label, id=id_, tooltip=does, show=show)


HELP_ID, QUIT_ID, BACK_ID = "app.help", "app.quit", "app.back"

APP: list[BindingType] = [
    _key(HELP_ID, "question_mark,f1", "help", "Help", "Every key of every screen"),
    _key(QUIT_ID, "q", "quit", "Quit", "Leave; everything answered so far is kept"),
    Binding(
        "ctrl+q", "quit", "Quit", id="app.quit-anywhere", tooltip="Leave from inside a text field", show=False,
        priority=True,
    ),
    Binding(
        "ctrl+p", "command_palette", "Find", id="app.palette", priority=True,
        tooltip="Find any screen, day, scenario or setting by name",
    ),
    _key("app.theme", "D", "toggle_theme", "Light or dark", "Change between the light and the dark theme", show=False),
]  # fmt: skip

MOVES = (
    KeyLine("Up or Down", "Move", "Move in a list; scroll a page"),
    KeyLine("PgUp or PgDn", "Page", "A page up or down; in the quiz and in mocks also Ctrl+Up and Ctrl+Down"),
    KeyLine("Home or End", "Ends", "To the start or the end"),
    KeyLine("Left or Right", "Turn", "Between the choices of a row, such as how sure you are"),
    KeyLine("Tab or Shift+Tab", "Pane", "To the next or the previous pane or field"),
)
"""What moves on every screen: said once, not with each screen."""

BACK = _key(BACK_ID, "escape", "back", "Back", "Leave this screen, or the pane you are in")

HOME: list[BindingType] = [
    _key("home.next", "enter", "next", "Start", "Do what Home proposes", show=False),
    _key("home.quiz", "z", "quiz", "Quiz", "Answer what is due, then meet new questions"),
    _key("home.mock", "m", "go('mock')", "Mock", "Mock interviews: start one, take one up, compare"),
    _key("home.recap", "r", "go('recap')", "Recap", "Read and search what each day teaches"),
    _key("home.progress", "p", "go('progress')", "Progress", "Recall, confidence, streak, interview date"),
    _key("home.checklist", "c", "go('checklist')", "Checklist", "What you can claim, with the evidence"),
    _key("home.tips", "t", "go('tips')", "Tips", "How to answer, with a weak and a good example each"),
    _key("home.labs", "l", "go('labs')", "Labs", "Hands-on labs on a running system"),
]
WELCOME: list[BindingType] = [
    _key("welcome.start", "enter", "start", "First question", "Answer the first ten questions"),
    Binding("escape", "back", "Look around", id="welcome.home", tooltip="Go to Home instead"),
]
RECAP: list[BindingType] = [
    _key("recap.read", "enter", "read", "Read", "Go to the section, to scroll it", show=False),
    _key("recap.reveal", "space", "reveal", "Reveal", "Show the section after you answered its question to yourself"),
    _key("recap.reply", "a", "reply", "Next reply", "Show what the next follow-up listens for"),
    _key("recap.quiz", "z", "quiz", "Quiz this", "Answer the questions of this section"),
    _key("recap.search", "slash", "search", "Search", "Search every section"),
    BACK,
    _key("recap.next", "n", "turn(1)", "Next", "The next section"),
    _key("recap.previous", "b", "turn(-1)", "Before", "The section before"),
    _key("recap.copy", "y", "copy", "Copy", "Copy the section as Markdown"),
]
PROGRESS: list[BindingType] = [
    _key("progress.plan", "d", "plan", "Interview date", "Set or clear the date of your interview"),
    _key("progress.trouble", "tab", "trouble", "Questions", "Go to the questions that need a look"),
    _key("progress.ask", "enter", "ask", "Ask it", "Ask the highlighted question as practice"),
    _key("progress.lift", "u", "lift", "Lift suspension", "Lift the suspension of the highlighted question"),
    _key("progress.cram", "z", "cram", "Quiz leeches", "Answer the leeches without touching the schedule"),
    BACK,
]
CHECKLIST: list[BindingType] = [
    _key("checklist.open", "enter", "open", "Evidence", "On a claim: go to its evidence"),
    _key("checklist.prove", "enter", "prove", "Ask it", "On evidence: ask the question, or start the mock interview"),
    _key("checklist.pane", "tab", "app.focus_next", "Other pane", "From the claims to the evidence and back"),
    BACK,
]
TIPS: list[BindingType] = [
    _key("tips.read", "enter", "read", "Read", "Go to the tip, to scroll it"),
    _key("tips.copy", "y", "copy", "Copy", "Copy the tip as Markdown"),
    BACK,
]
LABS: list[BindingType] = [
    _key("labs.open", "enter", "open", "Open", "The lab pointed at: start it, or go on with it"),
    BACK,
]
PLAIN: list[BindingType] = [BACK]

EVERYWHERE = "Everywhere"
SCREENS = (
    (EVERYWHERE, "tutor.tui.app", "TutorApp"),
    ("Home", "tutor.tui.screens.home", "HomeScreen"),
    ("Quiz", "tutor.tui.screens.quiz", "QuizScreen"),
    ("Answers", "tutor.tui.screens.quiz_keys", "Answering"),
    ("Mock interviews", "tutor.tui.screens.mocks", "MocksScreen"),
    ("One mock interview", "tutor.tui.screens.mock", "MockScreen"),
    ("Recap", "tutor.tui.screens.recap", "RecapScreen"),
    ("Progress", "tutor.tui.screens.progress", "ProgressScreen"),
    ("Checklist", "tutor.tui.screens.checklist", "ChecklistScreen"),
    ("Tips", "tutor.tui.screens.tips", "TipsScreen"),
    ("Labs", "tutor.tui.screens.labs", "LabsScreen"),
    ("One lab", "tutor.tui.screens.lab", "LabScreen"),
    ("Logs of a lab", "tutor.tui.widgets.lab.logs", "LogsPane"),
    ("Traces of a lab", "tutor.tui.widgets.lab.traces", "TracesPane"),
    ("Requests to a lab", "tutor.tui.widgets.lab.console", "ConsolePane"),
)
"""Title, module and class of each screen with keys, in the order in which help shows them."""

_NAMES = {
    "question_mark": "?", "slash": "/", "space": "Space", "enter": "Enter", "escape": "Esc", "tab": "Tab",
    "left": "Left", "right": "Right", "up": "Up", "down": "Down", "delete": "Del", "backspace": "Backspace",
    "left_square_bracket": "[", "right_square_bracket": "]", "plus": "+", "minus": "-", "full_stop": ".",
    "comma": ",", "home": "Home", "end": "End", "pageup": "PgUp", "pagedown": "PgDn", "exclamation_mark": "!",
}  # fmt: skip


def spelled(keys: str) -> str:
    """Keys as Textual writes them (`ctrl+p,slash`), as a person reads them (`Ctrl+P or /`)."""
    return " or ".join(_spelled(key.strip()) for key in keys.split(","))


def groups() -> Iterator[tuple[str, list[KeyLine]]]:
    """The keys of each screen, read from the bindings that the screens really have."""
    for title, module, name in SCREENS:
        lines = _lines(getattr(import_module(module), name).__dict__["BINDINGS"])
        yield title, [*lines, *MOVES] if title == EVERYWHERE else lines


def key_table() -> str:
    """All keys as a Markdown table, for README."""
    rows = ["| Where | Key | What it does |", "|---|---|---|"]
    for title, lines in groups():
        rows += [f"| {title} | {_ticks(line.keys)} | {line.does} |" for line in lines]
    return "\n".join(rows)


def _lines(bindings: Sequence[BindingType]) -> list[KeyLine]:
    """One line per thing that keys do; several keys for the same thing are put together."""
    lines: dict[str, KeyLine] = {}
    for binding in bindings:
        made = binding if isinstance(binding, Binding) else Binding(*binding)
        if made.system or not made.description or made.action.startswith("scroll_"):  # scrolling is in MOVES
            continue
        keys = made.key_display or spelled(made.key)
        does = made.tooltip or made.description
        earlier = lines.get(does)
        lines[does] = KeyLine(_joined(earlier.keys, keys) if earlier else keys, made.description, does)
    return list(lines.values())


def _joined(earlier: str, keys: str) -> str:
    """Two spellings as one; digits in a row become a range."""
    first, _, last = earlier.partition(" to ")
    if keys.isdigit() and first.isdigit() and int(keys) == int(last or first) + 1:
        return f"{first} to {keys}"
    return f"{earlier} or {keys}"


def _spelled(key: str) -> str:
    *modifiers, last = key.split("+")
    name = _NAMES.get(last, last.upper() if modifiers and len(last) == 1 else last)
    if len(name) > 1 and name[0] == "f" and name[1:].isdigit():
        name = name.upper()
    return "+".join([*(modifier.capitalize() for modifier in modifiers), name])


def _ticks(keys: str) -> str:
    return " or ".join(" to ".join(f"`{key}`" for key in part.split(" to ")) for part in keys.split(" or "))
