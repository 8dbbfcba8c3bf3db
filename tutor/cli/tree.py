"""The commands by name, each with its sentence, loaded when it is run. Refuses to load a command to list it.

Listing what there is costs no more than this table, and `tutor quiz` pays for `quiz` alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_command

from tutor.cli.start import Interrupted


class Place(NamedTuple):
    """Where a command lives: a function, or a `typer.Typer` with commands below it; and what it does."""

    module: str
    name: str
    does: str


COMMANDS = {
    "recap": Place("recap", "recap", "Read what a day taught."),
    "quiz": Place("quiz", "quiz", "Answer what is due, then something new."),
    "mock": Place("mock", "mock", "Run a mock interview and grade it against a rubric."),
    "lab": Place("lab", "lab", "Start a real system, break it, mend it, prove it."),
    "progress": Place("progress", "progress", "What is due, recall by topic, confidence."),
    "checklist": Place("progress", "checklist", "What you can defend, with the evidence for it."),
    "tips": Place("tips", "tips", "How to speak in an interview."),
    "plan": Place("progress", "plan", "Bend the schedule towards an interview."),
    "suspended": Place("progress", "suspended", "Questions that are not asked any more."),
    "flags": Place("progress", "flags", "Notes on questions that you think are wrong."),
    "export": Place("transfer", "export", "Write your progress to a file."),
    "import": Place("transfer", "import_", "Take in the progress of another machine."),
    "content": Place("content", "content", "For authors: check a pack, begin a new one."),
    "doctor": Place("doctor", "doctor", "Look at this machine: what it has and lacks."),
}


class Tree(TyperGroup):
    """The root of the commands. Typed loosely, because Typer carries its own copy of click in some releases."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every name, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command itself, loaded now; None when there is none of that name."""
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        found = getattr(import_module(f"tutor.cli.{place.module}"), place.name)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False, rich_markup_mode=None)
            alone.command(cmd_name)(found)
            found = alone
        command = get_command(found)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the table into the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.does) for name, place in COMMANDS.items()])

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command.

        Raises: Interrupted on Ctrl-C.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted("\nInterrupted; everything answered so far is kept.") from None
