"""`tutor export` and `tutor import`: progress carried between machines. Refuses to change an event on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutor.cli import start
from tutor.cli.files import writable, write
from tutor.cli.render import counted, tell
from tutor.errors import Exit

export = typer.Typer(
    help="Write your progress to a file.", rich_markup_mode=None, no_args_is_help=True, add_completion=False
)

Force = Annotated[bool, typer.Option("--force", help="Overwrite the file if there is one.")]


@export.callback()
def _formats() -> None:
    """Write your progress to a file."""


@export.command("json")
def export_json(
    file: Annotated[str, typer.Argument(help="Where to; - is the standard output.")] = "-",
    force: Force = False,
) -> None:
    """Everything you ever answered, as JSON lines that `tutor import` understands.

    What another program made unreadable is left out and named; the exit code is then 1.
    """
    from tutor.store.transfer import dump

    target = None if file == "-" else writable(Path(file), force)
    events, lost = start.log().rescue()
    if target is None:
        import sys

        for line in dump(events):
            sys.stdout.write(f"{as_ascii(line)}\n")
    else:
        write(target, "\n".join(dump(events)) + "\n")
        tell(f"{counted(len(events), 'event')} written to {target}.")
    if lost:
        tell(f"Left out, because another program changed them: {', '.join(lost)}")
        raise typer.Exit(Exit.NO)


def import_(file: Annotated[Path, typer.Argument(help="A file that `tutor export json` wrote.")]) -> None:
    """Take in the progress of another machine; nothing is lost and nothing doubled."""
    from tutor.store.transfer import load

    events = load(file)
    new = start.log().merge(events)
    tell(f"{counted(len(events), 'event')} read, {new} of them new.")


def as_ascii(line: str) -> str:
    """A line of JSON that any encoding can carry, meaning the same."""
    import json

    return line if line.isascii() else json.dumps(json.loads(line), sort_keys=True)
