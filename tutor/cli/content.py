"""`tutor content`: check packs and labs, get their schemas, begin a pack. Refuses to change one that is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutor.cli import start
from tutor.cli.render import counted, say, say_json, tell
from tutor.errors import Exit, MachineError

if TYPE_CHECKING:
    from tutor.coach.linting import Looked

content = typer.Typer(
    help="For authors: check packs and labs, begin a pack.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)


@content.command()
def lint(
    ctx: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", help="A pack, a lab or a folder of labs; if absent, the current pack and its labs."
        ),
    ] = None,
) -> None:
    """Print every problem of a pack or of labs as file:line; the exit code is 1 when there is one."""
    looked = list(_looked(ctx, folder))
    problems = [problem for one in looked for problem in one.problems]
    for problem in problems:
        say(str(problem))
    what = ", ".join(name for one in looked for name in one.what)
    if problems:
        tell(f"{counted(len(problems), 'problem')} in {what}.")
        raise typer.Exit(Exit.NO)
    say(f"{what}: no problems.")


def _looked(ctx: typer.Context, folder: Path | None) -> Iterator[Looked]:
    from tutor import bootstrap, paths
    from tutor.coach.linting import holds_labs, lint_labs, lint_pack

    if folder is not None and holds_labs(folder):
        yield lint_labs([folder], paths.system_dir(), bootstrap.open_library(start.chosen_content(ctx)))
        return
    pack = paths.pack_dir(folder or start.chosen_content(ctx))
    looked = lint_pack(pack)
    yield looked
    if pack.resolve() == (paths.bundled_content() / paths.DEFAULT_PACK).resolve():
        links = None if looked.problems else bootstrap.open_library(pack)
        yield lint_labs([paths.bundled_labs()], paths.system_dir(), links)


@content.command()
def schema(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where to write them; printed if absent.")
    ] = None,
) -> None:
    """The JSON Schemas of the files of packs and labs, for editors."""
    from tutor.content.schema import schemas, write_schemas
    from tutor.labs.schema import schemas as of_labs

    found = schemas() | of_labs()
    if folder is None:
        say_json(found)
        return
    try:
        write_schemas(folder, found)
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
