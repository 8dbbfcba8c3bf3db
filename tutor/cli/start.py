"""What every command needs first: the clock, the coach, and whether to open the app. Refuses to print data."""

from __future__ import annotations

import os
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tutor import bootstrap
from tutor.errors import Exit, MachineError, TutorError

if TYPE_CHECKING:
    import typer

    from tutor.coach.coach import Coach
    from tutor.content.library import Library
    from tutor.store.log import Log

MIN_COLUMNS = 60
MIN_ROWS = 16


class Interrupted(TutorError):
    """The learner pressed Ctrl-C; the message says what is kept and how to go on."""

    exit = Exit.INTERRUPTED


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def ticks() -> float:
    """Seconds on a clock that only runs forward."""
    return time.monotonic()


def coach(ctx: typer.Context) -> Coach:
    """The learner on the pack that the command line names.

    Raises: UsageError, ContentError, StoreError.
    """
    return bootstrap.open_coach(chosen_content(ctx), now)


def library(ctx: typer.Context) -> Library:
    """The pack alone.

    Raises: UsageError, ContentError.
    """
    return bootstrap.open_library(chosen_content(ctx))


def log() -> Log:
    """The progress alone.

    Raises: StoreError.
    """
    return bootstrap.open_log(now)


def chosen_content(ctx: typer.Context) -> Path | None:
    """What `--content` named."""
    chosen: Path | None = ctx.find_root().params.get("content")
    return chosen


def on_terminal() -> bool:
    """True when a person sits at both ends: no pipe, and a terminal that can do more than print lines."""
    streams = (sys.stdin, sys.stdout)
    return all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM") != "dumb"


def big_enough() -> bool:
    """True when the terminal holds a screen of the app."""
    size = shutil.get_terminal_size()
    return size.columns >= MIN_COLUMNS and size.lines >= MIN_ROWS


def wants_app(plain: bool) -> bool:
    """True when the app should be opened rather than lines printed."""
    return not plain and on_terminal() and big_enough()


def open_app(
    ctx: typer.Context | None = None, screen: str = "home", opened: Coach | None = None, run: str = ""
) -> None:
    """Open the app on one of its screens, with a coach that is open already if there is one; `run` is the id of the
    sitting or interview to open there. Without a context it is the pack that ships, or the one the environment names.

    Raises: MachineError when this terminal cannot show it.
    """
    if not on_terminal():
        raise MachineError("The app needs a terminal.", "Without one, use: tutor quiz --plain")
    if not big_enough():
        size = shutil.get_terminal_size()
        raise MachineError(
            f"The app needs a terminal of {MIN_COLUMNS}x{MIN_ROWS} or more; this one is {size.columns}x{size.lines}.",
            "Make it larger, or use: tutor quiz --plain",
        )
    from tutor.tui.app import run_app

    def open_coach() -> Coach:
        return opened or (coach(ctx) if ctx else bootstrap.open_coach(None, now))

    run_app(open_coach, screen, run, lambda learner: bootstrap.open_labs(learner, now))
