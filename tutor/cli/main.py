"""The console entry: runs the commands and turns whatever stops them into a sentence and an exit code.

Refuses to import anything of weight before it stands ready to explain a failure, and to let a traceback reach a
learner: a Ctrl-C in the first moment, or an output that is closed or full, is a sentence too.
"""

from __future__ import annotations

import errno
import os
import sys
from types import TracebackType

DEBUG_VARIABLE = "TUTOR_DEBUG"
_LOST = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG)
"""What a stream says that cannot be written to any more: a full disk, a terminal that is gone."""


def run() -> None:
    """Run the command line and leave the process.

    Raises: SystemExit always, with one of the codes in `tutor.errors.Exit`.
    """
    try:
        if not os.environ.get(DEBUG_VARIABLE):
            sys.excepthook = _own_fault  # before Typer is imported: it calls the hook that it finds then
        code = _run()
    except KeyboardInterrupt:  # while the program was being loaded, or was leaving
        _last_words("Interrupted; everything answered so far is kept.")
        code = 130
    sys.exit(code)


def _run() -> int:
    from tutor.cli import render
    from tutor.errors import Exit

    if not render.prepare():
        render.tell("tutor has no output to write to; start it with one, such as a terminal, a pipe or a file.")
        return Exit.ENVIRONMENT
    try:
        code = _code()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough, as `tutor recap 43 | head` does
        _drop_output()
        return Exit.DONE
    except OSError as error:
        if error.filename or error.errno not in _LOST:
            raise
        _drop_output()
        render.tell(f"The output cannot be written: {error.strerror}.")
        return Exit.ENVIRONMENT
    return code


def _code() -> int:
    from tutor.cli import render
    from tutor.errors import Exit, TutorError

    if _is_lost_completion():
        render.tell("Completion is asked for by the shell. Install it with: tutor --install-completion")
        return Exit.USAGE
    try:
        _dispatch()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(Exit.DONE)
    except KeyboardInterrupt:
        render.tell("Interrupted; everything answered so far is kept.")
        return Exit.INTERRUPTED
    except TutorError as error:
        render.tell(str(error))
        return error.exit
    return Exit.DONE


def _dispatch() -> None:
    """Open the app when nothing was asked for, without loading a parser for it; else run the command."""
    if len(sys.argv) == 1 and "_TUTOR_COMPLETE" not in os.environ:
        from tutor.cli import start

        start.open_app()
        return
    from tutor.cli.app import app

    app(prog_name="tutor")


def _is_lost_completion() -> bool:
    """True when completion for bash is asked for without the words to complete, which only bash knows."""
    wanted = os.environ.get("_TUTOR_COMPLETE") == "complete_bash"
    return wanted and not ("COMP_WORDS" in os.environ and os.environ.get("COMP_CWORD", "").isdigit())


def _drop_output() -> None:
    """Let what is still buffered go nowhere, or Python would complain about it while it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _last_words(text: str) -> None:
    """Say `text` with nothing but what Python itself has loaded."""
    if sys.stderr is None:  # then the descriptor may belong to anything
        return
    try:
        os.write(2, f"{text}\n".encode())
    except OSError:  # nobody listens
        return


def _own_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say in a sentence that the fault is ours, and keep the traceback in a file for a report. Never fails itself."""
    import traceback

    from tutor import paths
    from tutor.cli import render
    from tutor.errors import TutorError

    if issubclass(kind, KeyboardInterrupt):
        _last_words("Interrupted; everything answered so far is kept.")
        return
    try:
        render.tell(f"tutor stopped because of a fault of its own ({kind.__name__}: {error}).")
        render.tell("Everything answered so far is kept. Please report this.")
        place = paths.data_dir() / "fault.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("".join(traceback.format_exception(kind, error, trace)), encoding="utf-8", errors="replace")
        render.tell(f"The details are in {place}")
    except (OSError, TutorError, ValueError, ImportError, RuntimeError):  # no place to keep it, or nobody to tell
        return
