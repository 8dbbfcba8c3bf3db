"""Leaves the app while labs are open: cancels what is at work if that is wanted, and says what goes on running. Refuses
to stop a lab that nobody asked to stop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.tui.screens.dialogs import AskYes

if TYPE_CHECKING:
    from textual.app import App

    from tutor.tui.lab_bench import Benches


def leave(app: App[None], benches: Benches) -> None:
    """Leave the app, or ask first."""
    busy = benches.at_work()
    if not busy:
        _exit(app, benches)
        return
    job = busy[0].job
    verb = job.verb if job else ""

    def answered(yes: bool | None) -> None:
        if yes:
            _end_all(app, benches)

    app.push_screen(AskYes(f"Cancel `{verb}` and leave?", "It undoes what is half done before the app ends."), answered)


def _end_all(app: App[None], benches: Benches) -> None:
    """End one after the other what is at work, then leave."""
    busy = benches.at_work()
    if busy:
        busy[0].end(lambda: _end_all(app, benches))
    else:
        _exit(app, benches)


def _exit(app: App[None], benches: Benches) -> None:
    running = benches.left_running()
    lines = [f"`{lab}` goes on running: tutor lab status {lab}   stop it: tutor lab stop {lab}" for lab in running]
    app.exit(message="\n".join(lines) or None)
