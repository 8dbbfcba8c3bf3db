"""Runs the checks of one step and tells what happens; the last value is the step's report. Refuses to know engines,
kinds of checks, and where a lab comes from: it works on what it is given.

Order: checks without `under` first, together where `needs` allow it; then each group that shares its faults, alone.
Checks that act run one at a time, those that would disturb others run alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from tutor.errors import MachineError
from tutor.labs.bridge import streamed
from tutor.labs.check import CannotLook, Check
from tutor.labs.concluding import Traces, capture, conclude, unseen
from tutor.labs.judging import Environment, Judgement
from tutor.labs.looking import Looking
from tutor.labs.news import Checked, Faulted, News, Reported, Started
from tutor.labs.reach import Reach
from tutor.labs.verdict import CheckReport, StepReport, Verdict

AT_ONCE = 8
"""How many checks are looked at together."""


class Switch(Protocol):
    """Injects faults and undoes them, both for good when the call returns. May raise MachineError."""

    def inject(self, faults: Sequence[str]) -> Sequence[Faulted]:
        """Put these in force, noting down first what undoes them; tells which really were."""

    def undo(self) -> Sequence[Faulted]:
        """Undo what was injected, newest first."""

    def parts(self, faults: Sequence[str]) -> set[str]:
        """The parts that these faults hurt."""


class Doorkeeper(Protocol):
    """Logs accounts in."""

    def wanted(self, check: Check) -> set[str]:
        """The accounts that this check uses."""

    async def log_in(self, reach: Reach, account: str) -> Mapping[str, Any]:
        """The variables of a freshly logged-in account; raises CannotLook with a sentence."""


@dataclass
class Surroundings:
    """What an evaluation works with. `passed` are checks of other steps that passed before and may be needed here.

    `applied` is when the parts last saw the learner's files: older lines of their logs say nothing about these.
    """

    reach: Reach
    environment: Environment
    applied: datetime
    switch: Switch
    doorkeeper: Doorkeeper
    baseline: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    passed: frozenset[str] = frozenset()
    traces: Traces | None = None


def evaluate(
    step: str, checks: Sequence[Check], around: Surroundings, once: bool = False, shown: frozenset[str] | None = None
) -> Iterator[News]:
    """Look at these checks; the last value is `Checked`. Closing the generator cancels, and undoes every fault.

    With `once` each is looked at a single time, whatever time it would be given. `shown` are the checks that belong
    into the step's report; the others were only needed by them.
    """

    async def work(tell: Callable[[News], None]) -> None:
        async with around.reach.open():
            reports = await _Evaluation(checks, around, tell, once).run()
        tell(Checked(StepReport(step, tuple(one for one in reports if shown is None or one.id in shown))))

    return streamed(work)


class _Evaluation:
    """One run through the checks. `pending` are those without a verdict, running ones included."""

    def __init__(self, checks: Sequence[Check], around: Surroundings, tell: Callable[[News], None], once: bool) -> None:
        self._checks, self._around, self._tell, self._once = checks, around, tell, once
        self._pending = list(checks)
        self._reports: dict[str, CheckReport] = {}
        self._logins: dict[str, asyncio.Task[Mapping[str, Any]]] = {}
        self._remembering: asyncio.Task[None]

    async def run(self) -> list[CheckReport]:
        """Every report, in the order of the checks."""
        self._remembering = asyncio.create_task(self._around.environment.remember())
        try:
            while self._pending:
                await self._group(self._next_under())
        finally:
            for task in (self._remembering, *self._logins.values()):
                task.cancel()
            await asyncio.gather(self._remembering, *self._logins.values(), return_exceptions=True)
        return [self._reports[check.id] for check in self._checks]

    def _next_under(self) -> tuple[str, ...]:
        """The faults of the next group: none as long as a check without any can run, else those of the first."""
        ready = [check.under for check in self._pending if self._ready(check)]
        return () if () in ready else ready[0]

    def _ready(self, check: Check) -> bool:
        """True when everything it needs has its verdict; what stands first always is, as needs point backwards."""
        return not any(other.id in check.needs for other in self._pending)

    def _blocked_by(self, check: Check) -> str:
        """The first check that this one needs and that did not pass."""
        for needed in check.needs:
            report = self._reports.get(needed)
            passed = needed in self._around.passed if report is None else report.verdict is Verdict.PASS
            if not passed:
                return needed
        return ""

    async def _group(self, under: tuple[str, ...]) -> None:
        """Run what is ready under these faults, and what becomes ready by it."""
        around = self._around
        if not under or all(self._blocked_by(check) for check in self._startable(under, ())):
            await self._together(under)  # where nothing can be looked at, there is no reason to hurt anything
            return
        hurt = around.switch.parts(under)
        await self._remembering  # how everything was before it was hurt
        try:
            around.environment.hurt |= hurt
            await self._switched(around.switch.inject, under)
            await self._together(under)
        except MachineError as error:
            self._give_up(under, Judgement(Verdict.ERROR, f"the fault could not be injected: {error.message}"))
        finally:
            await self._undo()
        around.environment.hurt -= hurt
        if self._pending:
            await around.environment.remember()

    async def _switched(self, switch: Callable[..., Sequence[Faulted]], *arguments: Any) -> None:
        """Let the switch do its work to the end even when we are cancelled meanwhile: half a fault is none to undo."""
        work = asyncio.ensure_future(asyncio.to_thread(switch, *arguments))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait({work})
            raise
        for told in work.result():
            self._tell(told)

    async def _undo(self) -> None:
        """Undo the faults of a group; when that fails, nothing that comes after could be believed."""
        try:
            await self._switched(self._around.switch.undo)
        except MachineError as error:
            judgement = Judgement(Verdict.BROKEN, f"a fault could not be undone: {error.message}")
            for under in {check.under for check in self._pending}:
                self._give_up(under, judgement)

    def _give_up(self, under: tuple[str, ...], judgement: Judgement) -> None:
        for check in [check for check in self._pending if check.under == under]:
            self._report(check, unseen(check, judgement))

    def _startable(self, under: tuple[str, ...], running: Iterable[Check]) -> list[Check]:
        return [one for one in self._pending if one.under == under and self._ready(one) and one not in running]

    async def _together(self, under: tuple[str, ...]) -> None:
        """Run the ready checks of one group side by side, until none is left that could run."""
        running: dict[asyncio.Task[None], Check] = {}
        try:
            while True:
                self._start(self._startable(under, running.values()), running)
                if not running:
                    return
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    del running[task]
                    task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _start(self, checks: Iterable[Check], running: dict[asyncio.Task[None], Check]) -> None:
        """Start those that may run beside what runs already; report those that are blocked."""
        for check in checks:
            if needed := self._blocked_by(check):
                self._report(check, unseen(check, Judgement(Verdict.BLOCKED, f"`{needed}` did not pass")))
            elif _may_start(check, list(running.values())):
                running[asyncio.create_task(self._check(check))] = check

    async def _check(self, check: Check) -> None:
        """Look at one check, judge what was seen, report."""
        around = self._around
        self._tell(Started(check.id, check.title))
        looking = Looking(check, around.reach, around.baseline.get(check.id), self._once)
        sight = looking.sight
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            if wanted := sorted(around.doorkeeper.wanted(check)):
                first = any(account not in self._logins for account in wanted)
                for variables in await asyncio.gather(*map(self._logged_in, wanted)):
                    around.reach.variables |= variables
                sight.probe_seconds = loop.time() - begun if first else 0.0
            await looking.run(self._tell)
        except CannotLook as trouble:
            sight.trouble, sight.began, sight.ended = trouble, begun, loop.time()
        captured = capture(check, sight)
        around.reach.variables |= captured
        judgement = await around.environment.judge(sight, check.OUTSIDE)
        report = await conclude(check, sight, judgement, around.reach, around.applied, around.traces)
        self._report(check, replace(report, captured=captured))

    async def _logged_in(self, account: str) -> Mapping[str, Any]:
        """The variables of an account; the first who asks logs it in."""
        if account not in self._logins:
            around = self._around
            self._logins[account] = asyncio.create_task(around.doorkeeper.log_in(around.reach, account))
        return await asyncio.shield(self._logins[account])

    def _report(self, check: Check, report: CheckReport) -> None:
        self._pending.remove(check)
        self._reports[check.id] = report
        self._tell(Reported(report))


def _may_start(check: Check, running: Sequence[Check]) -> bool:
    """Whether it may run beside these."""
    if check.ALONE or any(one.ALONE for one in running):
        return not running
    return len(running) < AT_ONCE and not (check.act and any(one.act for one in running))
