"""`tutor tips`: how to speak in an interview, with a weak and a good example each. Refuses questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tutor.cli import complete, prose, start
from tutor.cli.render import say, say_json

if TYPE_CHECKING:
    from tutor.content.models.pack import Tip


def tips(
    ctx: typer.Context,
    tip: Annotated[str | None, typer.Argument(help="Only the tip of this id.", autocompletion=complete.tips)] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Print lines; never open the app.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """How to speak in an interview: tips with a weak and a good example."""
    if tip is None and not json and start.wants_app(plain):
        start.open_app(ctx, "tips")
        return
    library = start.library(ctx)
    chosen = [library.tip(tip)] if tip else library.tips()
    if json:
        say_json([one.model_dump(mode="json") for one in chosen])
        return
    say("\n\n".join(told(one) for one in chosen) if chosen else "This pack has no tips.")


def told(tip: Tip) -> str:
    """A tip in lines."""
    return f"{before(tip)}\n{after(tip)}"


def before(tip: Tip) -> str:
    """What of a tip can be told before an answer: all but the good example, which may be the answer."""
    title = f"{tip.title} (id {tip.id}, {tip.moment})"
    return "\n".join((title, prose.plain(tip.text, "  "), prose.plain(f"Weak: {tip.weak}", "  ")))


def after(tip: Tip) -> str:
    """The rest, for when the answer was given."""
    return "\n".join((prose.plain(f"Good: {tip.good}", "  "), prose.plain(f"Why: {tip.why}", "  ")))
