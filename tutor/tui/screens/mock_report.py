"""Writes an interview's report where the learner says. Refuses to replace a file without asking."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tutor.errors import TutorError
from tutor.paths import expanded
from tutor.tui.screens.dialogs import AskLine, AskYes

if TYPE_CHECKING:
    from textual.screen import Screen

    from tutor.coach.mock import Mock


def ask_report(screen: Screen[None], mock: Mock) -> None:
    """Ask where to, and write it there."""

    def asked(answer: str | None) -> None:
        if answer:
            try:
                _write_or_ask(screen, mock.report(), expanded(Path(answer)))
            except (TutorError, OSError, ValueError) as error:
                screen.notify(f"{answer}: {error}", title="Not written", severity="error", markup=False)

    window = AskLine("Write the report", "Markdown, to this file:", value=f"./{report_name(mock)}")
    screen.app.push_screen(window, asked)


def report_name(mock: Mock) -> str:
    """The name proposed for a report."""
    return f"tutor-{mock.scenario.id}-{mock.run.started.astimezone():%Y-%m-%d}.md"


def _write_or_ask(screen: Screen[None], text: str, path: Path) -> None:
    def confirmed(yes: bool | None) -> None:
        if yes:
            _write(screen, text, path, replace=True)

    if path.is_file():
        screen.app.push_screen(AskYes("Replace the file?", f"{path} exists already."), confirmed)
    else:
        _write(screen, text, path, replace=False)


def _write(screen: Screen[None], text: str, path: Path, *, replace: bool) -> None:
    try:
        with path.open("w" if replace else "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        reason = error.strerror or str(error)
        screen.notify(f"{path}: {reason}. Choose another place.", title="Not written", severity="error", markup=False)
    else:
        screen.notify(f"Written to {path}", timeout=6, markup=False)
