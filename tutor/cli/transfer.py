"""`tutor export` and `tutor import`: progress carried between machines. Refuses to overwrite a file unasked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutor import paths
from tutor.cli import start
from tutor.cli.render import counted, tell
from tutor.errors import MachineError, UsageError

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
    """Everything you ever answered, as JSON lines that `tutor import` understands."""
    from tutor.store.transfer import dump

    target = None if file == "-" else writable(Path(file), force)
    events = start.log().events()
    if target is None:
        import sys

        for line in dump(events):
            sys.stdout.write(f"{as_ascii(line)}\n")
        return
    write(target, "\n".join(dump(events)) + "\n")
    tell(f"{counted(len(events), 'event')} written to {target}.")


def import_(file: Annotated[Path, typer.Argument(help="A file that `tutor export json` wrote.")]) -> None:
    """Take in the progress of another machine; nothing is lost and nothing doubled."""
    from tutor.store.transfer import load

    events = load(file)
    new = start.log().merge(events)
    tell(f"{counted(len(events), 'event')} read, {new} of them new.")


def writable(path: Path, force: bool) -> Path:
    """`path`, made absolute, when it can be written without harm.

    Raises: UsageError when it exists and `force` is not given, when its folder does not exist, or when no file can
    have that name.
    """
    path = paths.expanded(path).absolute()
    try:
        is_folder, has_folder, exists = path.is_dir(), path.parent.is_dir(), path.exists()
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", "Choose another name.") from None
    if is_folder or not has_folder:
        raise UsageError(f"{path} cannot be written: " + ("it is a folder." if is_folder else "no such folder."))
    if exists and not force:
        raise UsageError(f"{path} exists already.", "Choose another name, or overwrite it with --force.")
    return path


def write(path: Path, text: str) -> None:
    """Put `text` into `path`.

    Raises: MachineError when it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise MachineError(f"{path} cannot be written: {error.strerror or error}.", "Choose another place.") from None


def as_ascii(line: str) -> str:
    """A line of JSON that any encoding can carry, meaning the same."""
    import json

    return line if line.isascii() else json.dumps(json.loads(line), sort_keys=True)
