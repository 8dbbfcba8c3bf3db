"""`tutor lab`: start a system, break it, mend it, prove it. Refuses to know how: a session does, and is shown here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutor.cli import complete, start
from tutor.cli.render import say, say_json, tell
from tutor.errors import Exit, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tutor.coach.labs import Labs, LabSession
    from tutor.labs.news import News

lab = typer.Typer(
    help="Hands-on: start a real system, break it, mend it, prove it.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)

Name = Annotated[str, typer.Argument(metavar="[LAB]", help="Which lab; the running one if absent.", show_default=False,
                                     autocompletion=complete.labs)]  # fmt: skip
Step = Annotated[str, typer.Option("--step", metavar="STEP", help="A step by its id; the current one if absent.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def opened(ctx: typer.Context) -> Labs:
    """The labs of this learner."""
    from tutor import bootstrap

    folder: Path | None = ctx.find_root().params.get("labs") or (ctx.parent.params.get("labs") if ctx.parent else None)
    return bootstrap.open_labs(start.coach(ctx), start.now, [folder] if folder else [])


@lab.callback()
def group(
    labs: Annotated[Path | None, typer.Option(metavar="DIR", help="A folder with labs of your own, besides.")] = None,
) -> None:
    """Hands-on: start a real system, break it, mend it, prove it."""


def shown(session: LabSession, stream: Iterator[News], json: bool = False) -> None:
    """Print what a verb tells, and leave with the code that it deserves."""
    from tutor.cli.labnews import Printer

    printer = Printer(json)
    try:
        for piece in session.told(stream):
            printer.show(piece)
    except KeyboardInterrupt:
        raise start.Interrupted(f"\nInterrupted; `tutor lab status {session.lab.id}` says how it stands.") from None
    if code := printer.end():
        raise typer.Exit(code)


@lab.command(name="list")
def list_(ctx: typer.Context, json: Json = False) -> None:
    """Every lab: day, level, minutes, how far you are, what it proves."""
    from tutor.cli.lablists import listed

    listed(opened(ctx), start.library(ctx).index, json)


@lab.command(name="start")
def start_(
    ctx: typer.Context,
    name: Name = "",
    engine: Annotated[str, typer.Option(metavar="NAME", help="Which engine; chosen by itself if absent.")] = "",
    workspace: Annotated[Path | None, typer.Option(metavar="DIR", help="Where your files should lie.")] = None,
    instead: Annotated[bool, typer.Option("--instead", help="Stop the one that runs, take its system over.")] = False,
) -> None:
    """Start a lab, or find it again: the incident, the first task, where everything is."""
    from tutor.cli.lablists import briefing, task

    labs = opened(ctx)
    session = labs.open(name)
    if (others := session.session.others()) and not instead:
        tell(f"{', '.join(others)} is running too. With --instead it would stop, and this one would start sooner.")
    shown(session, session.session.start(engine, workspace, labs.only(others) if instead else None))
    say(briefing(session.lab))
    say(task(session.lab, session.session.step()))


@lab.command()
def status(ctx: typer.Context, name: Name = "", json: Json = False) -> None:
    """How a lab stands: parts, files, steps, faults, addresses."""
    from tutor.cli.lablists import standing

    session = opened(ctx).open(name)
    standing(session, json)


@lab.command()
def task(ctx: typer.Context, name: Name = "", step: Step = "") -> None:
    """The incident and the task again."""
    from tutor.cli.lablists import briefing
    from tutor.cli.lablists import task as of_step

    session = opened(ctx).open(name)
    chosen = session.session.step(step)
    say(briefing(session.lab))
    say(of_step(session.lab, chosen))


@lab.command()
def check(
    ctx: typer.Context,
    name: Name = "",
    step: Step = "",
    every: Annotated[bool, typer.Option("--all", help="The checks of all steps.")] = False,
    json: Json = False,
) -> None:
    """Look whether it is mended. Exit code 1 when a check fails, 4 when we could not look."""
    session = opened(ctx).open(name)
    shown(session, session.session.check(step, every), json)


@lab.command()
def watch(ctx: typer.Context, name: Name = "") -> None:
    """Apply and check on each change, until the lab is done or you press Ctrl-C."""
    session = opened(ctx).open(name)
    tell("Watching your files and the system. Ctrl-C ends the watching; the lab goes on.")
    shown(session, session.session.watch())


@lab.command()
def apply(ctx: typer.Context, name: Name = "") -> None:
    """Show the system what you edited: what changed is restarted, and nothing else."""
    session = opened(ctx).open(name)
    shown(session, session.session.apply())


@lab.command()
def hint(ctx: typer.Context, name: Name = "", step: Step = "") -> None:
    """The next hint: first what the system's state suggests, then from a nudge to nearly the solution."""
    session = opened(ctx).open(name)
    shown(session, session.session.hint(step))


@lab.command()
def solution(ctx: typer.Context, name: Name = "", step: Step = "") -> None:
    """The solution of a step, and why it is right. Honestly noted beside your evidence."""
    session = opened(ctx).open(name)
    shown(session, session.session.solution(step))


@lab.command()
def skip(ctx: typer.Context, name: Name = "", step: Step = "") -> None:
    """Have a step done for you, and go on with the next."""
    session = opened(ctx).open(name)
    shown(session, session.session.skip(step))


@lab.command()
def find(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="CHECK", help="The check that asks.")],
    answer: Annotated[str, typer.Argument(metavar="ANSWER", help="What you found out.")],
    which: Annotated[str, typer.Option("--lab", metavar="LAB", help="Which lab; the running one if absent.")] = "",
) -> None:
    """Tell what you have found out, where a check asks for it."""
    session = opened(ctx).open(which)
    shown(session, session.session.find(name, answer))


@lab.command()
def logs(
    ctx: typer.Context,
    parts: Annotated[list[str] | None, typer.Argument(metavar="[PART]...", help="All if absent.")] = None,
    which: Annotated[str, typer.Option("--lab", metavar="LAB", help="Which lab; the running one if absent.")] = "",
    lines: Annotated[int, typer.Option("-n", "--lines", min=1, max=500, help="How many, at most.")] = 100,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until Ctrl-C.")] = False,
) -> None:
    """What the parts have logged, in the order of time."""
    from tutor.labs.telling import log_line

    session = opened(ctx).open(which)
    try:
        for line in session.session.logs(parts or (), lines, follow):
            say(log_line(line))
    except KeyboardInterrupt:
        raise start.Interrupted("") from None


@lab.command()
def trace(
    ctx: typer.Context,
    id_: Annotated[
        str, typer.Argument(metavar="[TRACE]", help="Its id; the newest ones if absent.", show_default=False)
    ] = "",
    which: Annotated[str, typer.Option("--lab", metavar="LAB", help="Which lab; the running one if absent.")] = "",
    part: Annotated[
        list[str] | None, typer.Option(metavar="PART", help="Only those with this part; repeatable.")
    ] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, max=100, help="How many, at most.")] = 20,
) -> None:
    """A request through the whole system: every span below its cause. Without an id: the newest traces."""
    from tutor.cli import labtraces

    session = opened(ctx).open(which).session
    say(labtraces.drawn(session.trace(id_), id_) if id_ else labtraces.listed(session.traces(part or (), limit)))


@lab.command()
def fault(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[FAULT]", help="Listed if absent.", show_default=False)] = "",
    off: Annotated[bool, typer.Option("--off", help="Undo it; all of them if none is named.")] = False,
    which: Annotated[str, typer.Option("--lab", metavar="LAB", help="Which lab; the running one if absent.")] = "",
) -> None:
    """Hurt the system on purpose, or undo that. Faults are undone by `stop` and `reset` in any case."""
    from tutor.cli.lablists import faults

    session = opened(ctx).open(which)
    if off:
        shown(session, session.session.fault_off(name))
    elif name:
        shown(session, session.session.fault_on(name))
    else:
        faults(session)


@lab.command()
def debrief(ctx: typer.Context, name: Name = "") -> None:
    """What happened, the picture to keep, a real incident, what you can answer now."""
    from tutor.cli.lablists import debriefing

    say(debriefing(opened(ctx).open(name).lab))


@lab.command()
def reset(ctx: typer.Context, name: Name = "") -> None:
    """Bring back the start. Your files are kept aside, the system's data is made anew."""
    session = opened(ctx).open(name)
    shown(session, session.session.reset())


@lab.command()
def stop(ctx: typer.Context, name: Name = "") -> None:
    """Remove everything that runs; your files stay."""
    session = opened(ctx).open(name)
    shown(session, session.session.stop())


@lab.command()
def pull(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[LAB]...", help="All if absent.")] = None,
    engine: Annotated[str, typer.Option(metavar="NAME", help="For which engine; chosen by itself if absent.")] = "",
) -> None:
    """Fetch everything that labs need, so that they start without a network."""
    from tutor.cli.labnews import narration

    for piece in opened(ctx).fetch(names or [], engine):
        tell(narration(piece))
    tell("Everything is here.")


@lab.command()
def prove(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[LAB]...", help="Which labs.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every lab on each engine that it runs on.")] = False,
    engine: Annotated[str, typer.Option(metavar="NAME", help="On this engine alone.")] = "",
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, max=8, help="How many at once.")] = 1,
    again: Annotated[int, typer.Option(min=0, max=3, help="How often to try again; the table says so.")] = 0,
) -> None:
    """For authors: red as shipped, green when solved, red for each wrong solution, nothing left. Takes minutes."""
    from tutor.cli.labproof import proofs, wanted

    labs = opened(ctx)
    if bool(names) is every:
        raise UsageError("Say which labs to prove, or --all.", "See them with: tutor lab list")
    if not proofs(labs, wanted(labs, names or [], engine), jobs, 1 + again):
        raise typer.Exit(Exit.NO)


@lab.command()
def trust(ctx: typer.Context, name: str) -> None:
    """Let a lab from elsewhere run code of its own on this machine, as it is now. Read it first."""
    folder = opened(ctx).trust(name)
    tell(f"`{name}` in {folder} may run code of its own, as long as nothing in it changes.")


@lab.command()
def show(ctx: typer.Context, name: str) -> None:
    """A lab as data, for scripts."""
    from tutor.labs.definition import plain

    say_json(plain(opened(ctx).open(name).lab))
