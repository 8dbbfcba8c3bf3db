"""The root of the command line: its options, and the app when no command is given. Refuses to know the commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutor import __version__
from tutor.cli import start
from tutor.cli.render import say
from tutor.cli.tree import Tree

app = typer.Typer(
    name="tutor",
    cls=Tree,
    help="Prepare for a microservices interview: recap, quiz, mock interviews. Without a command, the app opens.",
    epilog="Your progress lies in one file; `tutor doctor` says where. Set TUTOR_HOME to move it.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"tutor {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    content: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Learn from the content pack in this folder.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Open the app when no command is given."""
    if ctx.invoked_subcommand is None:
        start.open_app(ctx)
