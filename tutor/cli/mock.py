"""`tutor mock`: a mock interview, in the app on a terminal and in lines anywhere else. Refuses to grade by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutor.cli import complete, start
from tutor.cli.ask import Ended
from tutor.cli.quiz import Level
from tutor.cli.render import stamp, tell
from tutor.errors import UsageError

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.mock import Mock


def mock(
    ctx: typer.Context,
    scenario: Annotated[
        str | None, typer.Argument(help="Which interview; listed if absent.", autocompletion=complete.scenarios)
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List your interviews, open and finished.")] = False,
    resume: Annotated[str | None, typer.Option(metavar="ID", help="Take up, or look back at, this interview.")] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report of the last finished interview there.")
    ] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Compare finished interviews over time.")] = False,
    level: Annotated[
        Level | None, typer.Option(metavar="LEVEL", help="List only scenarios of this level: junior, mid, senior.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew, even when one was left open.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the report if there is one.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Talk in lines, for pipes and screen readers.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print lists as JSON.")] = False,
) -> None:
    """Run a mock interview stage by stage, and grade it against a rubric."""
    from tutor.cli import interviews
    from tutor.cli.files import writable

    target = writable(report, force) if report else None
    app = start.wants_app(plain) and not (list_ or compare or json or level or target)
    if app and not (scenario or resume):
        start.open_app(ctx, "mock")
        return
    coach = start.coach(ctx)
    _check(coach, scenario)
    if compare:
        interviews.compare(coach, scenario, json)
    elif list_:
        interviews.list_runs(coach, scenario, json)
    elif scenario is None and resume is None and target is None:
        interviews.list_scenarios(coach, level, json)
    else:
        _one(ctx, coach, _found(coach, scenario, resume, fresh, reported=target is not None), target, app)


def _one(ctx: typer.Context, coach: Coach, mock: Mock, target: Path | None, app: bool) -> None:
    """Look back at an interview that is over, or hold it: in the app, or in lines."""
    from tutor.cli.interview import Interview, show_result

    if mock.run.ended:
        if target:
            _write(mock, target)
        else:
            show_result(mock)
        return
    if app:
        start.open_app(ctx, "mock", coach, mock.run.id)
        return
    go_on = f"Everything is kept; go on with: tutor mock --resume {mock.run.id} --plain"
    try:
        finished = Interview(coach, mock).run()
    except Ended:
        tell(go_on)
        return
    except KeyboardInterrupt:
        raise start.Interrupted(f"\nInterrupted. {go_on}") from None
    if finished and target:
        _write(mock, target)
    elif finished:
        tell(f"For the report: tutor mock --resume {mock.run.id} --report FILE")


def _check(coach: Coach, scenario: str | None) -> None:
    """Refuse a scenario that does not exist, with those that do.

    Raises: UsageError.
    """
    try:
        if scenario is not None:
            coach.library.scenario(scenario)
    except UsageError as error:
        listed = [f"  {one.id}: {one.title}" for one in coach.index.scenarios]
        raise UsageError(error.message, "\n".join(filter(None, (error.hint, "There is:", *listed)))) from None


def _found(coach: Coach, scenario: str | None, resume: str | None, fresh: bool, reported: bool) -> Mock:
    """The interview that the command line means: by id, the last one finished when a report of it is wanted, the one
    left open, or a new one.

    Raises: UsageError.
    """
    if resume is not None:
        return _resumed(coach, resume)
    last = next((run for run in coach.mocks() if run.ended and scenario in (None, run.scenario)), None)
    if reported and last and not fresh:
        return coach.resume_mock(last.id)
    if scenario is not None:
        left = next((run for run in coach.mocks() if run.scenario == scenario and run.open), None)
        if left is None or fresh:
            return coach.mock(scenario)
        tell(f"Going on with the interview you left at {left.phase.value}, stage {left.stage} of {left.stages}."
             f" A new one: tutor mock {scenario} --fresh")  # fmt: skip
        return coach.resume_mock(left.id)
    raise UsageError("No interview is finished yet, so there is nothing to report.", "Hold one: tutor mock")


def _resumed(coach: Coach, resume: str) -> Mock:
    mock = coach.resume_mock(resume)
    if mock.run.abandoned:
        raise UsageError("This interview was given up.", f"A new one: tutor mock {mock.scenario.id}")
    return mock


def _write(mock: Mock, target: Path) -> None:
    from tutor.cli.files import write

    write(target, mock.report())
    tell(f"The report is in {target}: {mock.scenario.title}, held on {stamp(mock.run.started)}.")
