"""Looks at the checks of a lab in progress, and keeps what follows: steps that are done, values for later checks.
Refuses to look while somebody else changes the lab, and while a fault of the learner's own is in force.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

from tutor.labs.check import Check
from tutor.labs.concluding import unseen
from tutor.labs.definition import Lab, Step
from tutor.labs.engine.base import Running
from tutor.labs.evaluate import evaluate
from tutor.labs.judging import Judgement
from tutor.labs.news import Checked, News, Reported, Said, StepPassed
from tutor.labs.run import Run
from tutor.labs.site import PATIENCE, Site, closed
from tutor.labs.verdict import StepReport, Verdict


def check(
    site: Site, step: str = "", every: bool = False, patience: float = PATIENCE, only: frozenset[str] = frozenset()
) -> Iterator[News]:
    """Look at a step (the current one when none is named), or at all of them. `Checked` ends each; when a step is
    done by that, `StepPassed` follows. With `only`, nothing but these checks of a step and what they need.

    Raises: UsageError when the lab is not running or has no such step, MachineError when its state cannot be kept.
    """
    with site.busy("check", patience):
        run, running = site.run()
        steps = [one.id for one in site.found.lab.steps] if every else [site.step(run, step)]
        lifted = yield from _quiet(site, run, running)
        try:
            for id_ in steps:
                yield from _step(site, site.found.lab.step(id_), only)
        finally:
            site.faults(running).inject(lifted, by="learner")
        for fault in lifted:
            yield Said(f"`{fault}` is in force again.")


def _quiet(site: Site, run: Run, running: Running) -> Generator[News, None, list[str]]:
    """Undo what a killed check has left, and lift the learner's own faults; returns those."""
    faults = site.faults(running)
    yield from faults.undo(by="check")
    own = [entry.fault for entry in run.faults if entry.by == "learner"]
    for fault in own:
        yield Said(f"`{fault}` is lifted while the checks run: each of them brings the faults that it needs.")
    faults.undo(by="learner")
    return own


def _step(site: Site, step: Step, only: frozenset[str]) -> Iterator[News]:
    run, running = site.run()
    asked = [one for one in step.checks if not only or one.id in only]
    if site.workspace(run.workspace).state != "ours":
        note = f"the workspace {run.workspace} is gone or damaged; `tutor lab reset {site.id}` makes it anew"
        broken = Judgement(Verdict.BROKEN, note)
        reports = tuple(unseen(one, broken) for one in asked)
        yield from map(Reported, reports)
        yield Checked(StepReport(step.id, reports))
        return
    if files := site.unapplied(run):
        yield Said(f"The system has not read these edits yet: {', '.join(files)}. Show it: tutor lab apply", "warning")
    # A step is looked at anew, whatever is asked of it: what passed in it before says nothing about now.
    before = frozenset(run.passed) - {one.id for one in step.checks}
    checks = needed(site.found.lab, asked, before)
    own = frozenset(one.id for one in asked)
    report: StepReport | None = None
    with closed(evaluate(step.id, checks, site.around(run, running), shown=own)) as stream:
        for told in stream:
            if isinstance(told, Checked):
                report = told.step
            yield told
    if report is not None:
        yield from _kept(site, run, report, whole=len(asked) == len(step.checks))


def _kept(site: Site, before: Run, report: StepReport, whole: bool) -> Iterator[News]:
    """Remember what passed, and what was captured. A step is done when the whole of it was looked at."""
    passed = {one.id for one in report.checks if one.verdict is Verdict.PASS}
    failed = {one.id for one in report.checks} - passed
    captured = {name: value for one in report.checks for name, value in one.captured.items()}
    done = (report.step,) if whole and report.passed and report.step not in before.steps else ()

    def keep(run: Run) -> Run:
        return replace(
            run,
            passed=tuple(sorted((set(run.passed) - failed) | passed)),
            captured={**run.captured, **captured},
            steps=(*run.steps, *done),
        )

    run = site.file.update(keep)
    if done:
        left = [step.id for step in site.found.lab.steps if step.id not in run.steps]
        helped = report.step in run.skipped, report.step in run.revealed
        yield StepPassed(report.step, left[0] if left else "", *helped)


def needed(lab: Lab, checks: Sequence[Check], passed: frozenset[str]) -> list[Check]:
    """These checks, and those of other steps that they need and that have not passed before, in the lab's order."""
    by_id = {one.id: one for one in lab.checks}
    wanted, waiting = {one.id for one in checks}, [one for one in checks]
    while waiting:
        for id_ in waiting.pop().needs:
            if id_ not in wanted and id_ not in passed:
                wanted.add(id_)
                waiting.append(by_id[id_])
    return [one for one in lab.checks if one.id in wanted]


def glance(site: Site, run: Run, running: Running, checks: Sequence[Check]) -> StepReport:
    """A single look at those of these checks that hurt and disturb nobody: no waiting, no faults, nothing done."""
    quiet = [one for one in checks if not (one.act or one.under or one.ALONE)]
    report = StepReport("", ())
    with closed(evaluate("", quiet, site.around(run, running), once=True)) as stream:
        for told in stream:
            if isinstance(told, Checked):
                report = told.step
    return report
