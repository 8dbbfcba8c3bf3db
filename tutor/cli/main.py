"""The console entry: runs the commands and turns whatever stops them into a sentence and an exit code.

Refuses to import the commands before it stands ready to explain a failure, and to let a traceback reach a learner.
"""

from __future__ import annotations

import os
import sys
from types import TracebackType

from tutor.cli import render
from tutor.errors import Exit, TutorError

DEBUG_VARIABLE = "TUTOR_DEBUG"


def run() -> None:
    """Run the command line and leave the process.

    Raises: SystemExit always, with one of the codes in `tutor.errors.Exit`.
    """
    if not os.environ.get(DEBUG_VARIABLE):
        sys.excepthook = _own_fault  # before Typer is imported: it calls the hook that it finds then
    render.prepare()
    try:
        code = _code()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough, as `tutor recap 43 | head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = Exit.DONE
    sys.exit(int(code))


def _code() -> int:
    try:
        from tutor.cli.app import app

        app(prog_name="tutor")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(Exit.DONE)
    except KeyboardInterrupt:
        render.tell("Interrupted; everything answered so far is kept.")
        return Exit.INTERRUPTED
    except TutorError as error:
        render.tell(str(error))
        return error.exit
    return Exit.DONE


def _own_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say in a sentence that the fault is ours, and keep the traceback in a file for a report."""
    import traceback
    from contextlib import suppress

    from tutor import paths

    render.tell(f"tutor stopped because of a fault of its own ({kind.__name__}: {error}).")
    render.tell("Everything answered so far is kept. Please report this.")
    with suppress(OSError, TutorError):
        place = paths.data_dir() / "fault.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("".join(traceback.format_exception(kind, error, trace)), encoding="utf-8", errors="replace")
        render.tell(f"The details are in {place}")
