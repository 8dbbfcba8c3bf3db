"""Helps on: hints, the solution, doing a step in the learner's place, taking a finding. Refuses to hide that it did:
every hint, solution and skip is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from difflib import unified_diff

from tutor.errors import UsageError
from tutor.labs.accounts import Accounts
from tutor.labs.applying import apply_now, gone
from tutor.labs.checking import glance
from tutor.labs.checks.input import InputCheck
from tutor.labs.definition import Step
from tutor.labs.engine.base import Running
from tutor.labs.library import FixtureAt, Solution
from tutor.labs.news import Hinted, News, Reported, Said, SolutionShown
from tutor.labs.run import Busy, Run
from tutor.labs.site import PATIENCE, Site
from tutor.labs.skipping import Hands, perform
from tutor.labs.solving import Copy

LEVELS = 3


def hint(site: Site, step: str = "") -> Iterator[News]:
    """The next hint for a step: first what the actual state suggests, then from a nudge to nearly the solution.

    Raises: UsageError when the lab is not running or has no such step.
    """
    run, running = site.run()
    chosen = site.found.lab.step(site.step(run, step))
    told = _by_state(site, run, running, chosen) or _by_level(run, chosen)
    mark = _state_mark(chosen, told.text)

    def keep(old: Run) -> Run:
        if told.level == 0:
            return replace(old, told=(*old.told, mark))
        return replace(old, hints={**old.hints, chosen.id: max(told.level, old.hints.get(chosen.id, 0))})

    site.file.update(keep)
    yield told


def _by_state(site: Site, run: Run, running: Running, step: Step) -> Hinted | None:
    """What a check says about the state that it sees now, unless it was said before."""
    checks = [one for one in step.checks if one.hint_if]
    try:
        with site.busy("hint"):
            reports = glance(site, run, running, checks).checks if checks else ()
    except Busy:  # somebody checks, under faults perhaps: what is seen now is not the learner's state
        return None
    fresh = (one.hint for one in reports if one.hint and _state_mark(step, one.hint) not in run.told)
    text = next(fresh, "")
    return Hinted(step.id, 0, text, more=True) if text else None


def _by_level(run: Run, step: Step) -> Hinted:
    level = min(run.hints.get(step.id, 0) + 1, LEVELS)
    return Hinted(step.id, level, step.hints[level - 1], more=level < LEVELS)


def _state_mark(step: Step, text: str) -> str:
    return f"{step.id}: {text}"


def solution(site: Site, step: str = "") -> Iterator[News]:
    """Why the solution is right, what it changes in the learner's files, and what else it does.

    Raises: UsageError when the lab is not running or has no such step, ContentError when the lab has no such file.
    """
    run, _ = site.run()
    chosen = site.found.lab.step(site.step(run, step))
    files = Solution(site.found, site.system)
    diffs: list[tuple[str, str]] = []
    others: list[str] = []
    for action in chosen.solve:
        if isinstance(action, Copy):
            diffs += [(name, _difference(site, run, name, files.read(name))) for name in action.files or files.files]
        else:
            others.append(action.words)
    site.file.update(lambda old: replace(old, revealed=tuple(dict.fromkeys((*old.revealed, chosen.id)))))
    yield SolutionShown(chosen.id, chosen.explain, tuple(diffs), tuple(others))


def _difference(site: Site, run: Run, name: str, wanted: bytes) -> str:
    path = site.workspace(run.workspace).place / name
    own = path.read_bytes().decode(errors="replace") if path.is_file() else ""
    lines = unified_diff(
        own.splitlines(keepends=True), wanted.decode(errors="replace").splitlines(keepends=True), "yours", "solution"
    )
    return "".join(lines)


def skip(site: Site, step: str = "", fixture: FixtureAt | None = None) -> Iterator[News]:
    """Do a step in the learner's place, as its solution says (or as this fixture does).

    Raises: UsageError when the lab is not running or has no such step, MachineError when the solution does not work.
    """
    with site.busy("skip", PATIENCE):
        run, running = site.run()
        chosen = site.found.lab.step(site.step(run, step))
        if site.workspace(run.workspace).state != "ours":
            raise gone(site, run)
        actions = chosen.solve if fixture is None else fixture.fixture.solve.get(chosen.id, chosen.solve)
        yield from perform(actions, _hands(site, run, running, fixture))
        site.file.update(lambda old: replace(old, skipped=tuple(dict.fromkeys((*old.skipped, chosen.id)))))
        yield Said(f"Step `{chosen.id}` is done in your place; look at it with: tutor lab check")


def _hands(site: Site, run: Run, running: Running, fixture: FixtureAt | None) -> Hands:
    def apply() -> Iterator[News]:
        yield from apply_now(site, *site.run())

    return Hands(
        solution=Solution(site.found, site.system, fixture),
        workspace=site.workspace(run.workspace),
        engine=site.engine(run.engine),
        running=running,
        file=site.file,
        accounts=Accounts(site.file, running.credentials),
        reach=lambda: site.reach(*site.run()),
        apply=apply,
        ready=lambda part: site.answers(part, running.addresses),
        sleep=site.sleep,
    )


def find(site: Site, check: str, answer: str) -> Iterator[News]:
    """Take what the learner has found out, and say what its check makes of it.

    Raises: UsageError when the lab is not running, or has no check of that name that asks for a finding.
    """
    run, running = site.run()
    asking = {one.id: one for one in site.found.lab.checks if isinstance(one, InputCheck)}
    if check not in asking:
        known = ", ".join(asking) or "none"
        raise UsageError(f"No check of `{site.id}` asks for a finding named `{check}`.", f"Those that ask: {known}")
    run = site.file.update(_found(check, answer))
    for report in glance(
        site, replace(run, passed=(*run.passed, *asking[check].needs)), running, [asking[check]]
    ).checks:
        yield Reported(report)


def _found(check: str, answer: str) -> Callable[[Run], Run]:
    return lambda run: replace(run, found={**run.found, check: answer})
