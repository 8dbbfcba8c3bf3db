"""Lists of scenarios and interviews, and a comparison over time. Refuses to hold an interview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.cli.render import fields, say, say_json, stamp, table

if TYPE_CHECKING:
    from tutor.coach.coach import Coach
    from tutor.coach.mock import PastMock


def list_scenarios(coach: Coach, level: str | None, json: bool) -> None:
    """Print what interviews there are, and the learner's own."""
    scenarios = [one for one in coach.index.scenarios if level is None or one.level == level]
    runs = coach.mocks()
    if json:
        say_json({"scenarios": [one._asdict() for one in scenarios], "runs": [_run(run) for run in runs]})
        return
    if not scenarios:
        say("No scenario fits.")
        return
    rows = [(one.id, one.level, f"{one.minutes} min", one.title) for one in scenarios]
    say(table(("SCENARIO", "LEVEL", "TIME", "TITLE"), rows))
    say(f"\nHold one: tutor mock {scenarios[0].id}")
    if runs:
        say()
        say(_table(runs))


def list_runs(coach: Coach, scenario: str | None, json: bool) -> None:
    """Print the learner's interviews, latest first."""
    runs = [run for run in coach.mocks() if scenario in (None, run.scenario)]
    if json:
        say_json([_run(run) for run in runs])
    elif not runs:
        say("No interview was held yet. See what there is: tutor mock --plain")
    else:
        say(_table(runs))


def compare(coach: Coach, scenario: str | None, json: bool) -> None:
    """Print finished interviews of each scenario in the order they were held, each against the one before."""
    held = [run for run in reversed(coach.mocks()) if run.ended and run.result and scenario in (None, run.scenario)]
    if json:
        say_json([_run(run) for run in held])
        return
    if not held:
        say("No interview is finished yet, so there is nothing to compare.")
    for id_ in dict.fromkeys(run.scenario for run in held):
        runs = [run for run in held if run.scenario == id_]
        say(f"{runs[0].title} ({id_})")
        titles = ("STARTED", "TOTAL", "CHANGE", "POINTS", "RUBRIC", "GAP", "MINUTES", "VERDICT")
        say(table(titles, [_row(run, before) for run, before in zip(runs, [None, *runs], strict=False)]))
        say()
    if held:
        from tutor.interview.rubric import HOW_TOTAL

        say(f"Oldest first. TOTAL is {HOW_TOTAL}.")
        say("GAP is what you expected before the reveal less the points you made; above 0 is overconfident.")


def _table(runs: list[PastMock]) -> str:
    rows = [(run.id, stamp(run.started), run.scenario, _state(run)) for run in runs]
    return table(("ID", "STARTED", "SCENARIO", "STATE"), rows)


def _row(run: PastMock, before: PastMock | None) -> list[str]:
    assert run.result
    return [
        stamp(run.started),
        f"{run.result.total:.0f} %",
        change(before.result.total, run.result.total) if before and before.result else "-",
        f"{run.result.points:.0f} %",
        f"{run.result.rubric:.0f} %",
        f"{run.result.gap:+.0f}",
        f"{run.minutes:.0f}",
        run.result.band,
    ]


def change(before: float, after: float) -> str:
    """From one total to the next, as they are printed: in whole percent."""
    return f"{round(after) - round(before):+d}"


def _state(run: PastMock) -> str:
    if run.ended and run.result:
        return f"finished: {run.result.total:.0f} %, {run.result.band}"
    return "given up" if run.abandoned else f"open: {run.phase.value}, stage {run.stage} of {run.stages}"


def _run(run: PastMock) -> dict[str, object]:
    result = None
    if run.result:
        kept = ("points", "rubric", "total", "stages", "dimensions", "expected", "gap")
        result = {**{name: getattr(run.result, name) for name in kept}, "verdict": run.result.band}
    return {**fields(run), "open": run.open, "result": result}
