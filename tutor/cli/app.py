"""All commands in one tree. Refuses to import what a command needs before that command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tutor import __version__
from tutor.cli import content, doctor, mock, progress, quiz, recap, start, tips, transfer
from tutor.cli.render import say


class Tree(TyperGroup):
    """The root of the commands: lets Ctrl-C and a closed pipe through to `main`, where they get their sentence."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command.

        Raises: Interrupted on Ctrl-C, SystemExit when nobody reads our output any more.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise start.Interrupted("\nInterrupted; everything answered so far is kept.") from None


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


app.command()(recap.recap)
app.command()(quiz.quiz)
app.command()(mock.mock)
app.command()(progress.progress)
app.command()(progress.checklist)
app.command()(tips.tips)
app.command()(progress.plan)
app.command()(progress.suspended)
app.command()(progress.flags)
app.add_typer(transfer.export, name="export")
app.command("import")(transfer.import_)
app.add_typer(content.content, name="content")
app.command()(doctor.doctor)
