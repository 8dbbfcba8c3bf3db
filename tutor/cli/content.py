"""`tutor content`: check a pack, get its schemas, begin a new one. Refuses to change a pack that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutor.cli import start
from tutor.cli.render import counted, say, say_json, tell
from tutor.errors import Exit, MachineError

content = typer.Typer(
    help="For authors: check a pack, begin a new one.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)


@content.command()
def lint(
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="The pack; the current one if absent.")] = None,
) -> None:
    """Print every problem of a pack as file:line; the exit code is 1 when there is one."""
    from tutor import paths
    from tutor.content.lint import lint as problems_of

    pack = paths.pack_dir(folder or start.chosen_content(ctx))
    problems = problems_of(pack)
    for problem in problems:
        say(str(problem))
    if problems:
        tell(f"{counted(len(problems), 'problem')} in {pack}.")
        raise typer.Exit(Exit.NO)
    say(f"{pack}: no problems.")


@content.command()
def schema(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where to write them; printed if absent.")
    ] = None,
) -> None:
    """The JSON Schemas of the content files, for editors."""
    from tutor.content import schema as source

    if folder is None:
        say_json(source.schemas())
        return
    try:
        source.write_schemas(folder)
    except OSError as error:
        raise MachineError(f"The schemas cannot be written to {folder}: {error.strerror or error}.") from None
    tell(f"Written to {folder}.")


@content.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist, or is empty.")],
) -> None:
    """Begin a pack: the least that is valid, ready to be filled."""
    from tutor.content.starter import write_starter

    write_starter(folder)
    tell(f"Written to {folder}. Check it: tutor content lint {folder}. Learn from it: tutor --content {folder}")
