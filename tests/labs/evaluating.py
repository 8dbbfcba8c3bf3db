"""What tests of an evaluation share: surroundings in memory, and its end as a mapping of verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.labs.memory import START, Parts, Scripted
from tutor.errors import MachineError
from tutor.labs.check import CannotLook, Check
from tutor.labs.concluding import Traces
from tutor.labs.engine.base import Mount
from tutor.labs.evaluate import Surroundings, evaluate
from tutor.labs.judging import Environment
from tutor.labs.news import Checked, Faulted, News
from tutor.labs.reach import Reach
from tutor.labs.verdict import CheckReport, Verdict


@dataclass
class Switches:
    """Faults that only say when they were put in force and undone."""

    hurts: dict[str, set[str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    in_force: list[str] = field(default_factory=list)
    jammed: str = ""
    """`inject` or `undo`: what does not work."""

    def inject(self, faults: Sequence[str]) -> list[Faulted]:
        """As a switch does."""
        self.calls.append(f"inject {' '.join(faults)}")
        self.in_force += faults
        if self.jammed == "inject":
            raise MachineError("the engine is gone")
        return [Faulted(one, one, True) for one in faults]

    def undo(self) -> list[Faulted]:
        """As a switch does."""
        self.calls.append("undo")
        if self.jammed == "undo":
            raise MachineError("the engine is gone")
        undone, self.in_force = self.in_force, []
        return [Faulted(one, one, False) for one in reversed(undone)]

    def parts(self, faults: Sequence[str]) -> set[str]:
        """As a switch does."""
        return set().union(*(self.hurts.get(one, set()) for one in faults))


@dataclass
class Doors:
    """Accounts that log in, or do not."""

    closed: bool = False
    logged_in: list[str] = field(default_factory=list)

    def wanted(self, check: Check) -> set[str]:
        """The account that a scripted check names."""
        return {check.as_} if isinstance(check, Scripted) and check.as_ else set()

    async def log_in(self, reach: Reach, account: str) -> Mapping[str, Any]:
        """A token, or a sentence."""
        self.logged_in.append(account)
        if self.closed:
            raise CannotLook(f"{account} could not log in", "users")
        return {f"{account}.token": f"token-of-{account}"}


@dataclass
class Room:
    """One evaluation in memory, with everything that a test may change before it."""

    parts: Parts = field(default_factory=lambda: Parts.running("gateway", "orders", "users"))
    switch: Switches = field(default_factory=Switches)
    doors: Doors = field(default_factory=Doors)
    mounts: tuple[Mount, ...] = ()
    deaf: set[str] = field(default_factory=set)
    baseline: dict[str, dict[str, Any]] = field(default_factory=dict)
    passed: frozenset[str] = frozenset()
    variables: dict[str, Any] = field(default_factory=dict)
    traces: Traces | None = None

    def around(self) -> Surroundings:
        """As a session would make them."""
        reach = Reach(self.parts, Path(), START, variables=self.variables)
        parts = list(self.parts.facts_of)
        environment = Environment(self.parts, parts, self.mounts, START, lambda part: part not in self.deaf)
        return Surroundings(reach, environment, START, self.switch, self.doors, self.baseline, self.passed, self.traces)

    def answers(self, **answers: Any) -> Room:
        """Set what the checks bring back; `_` in a name stands for `-`."""
        self.parts.answers |= {name.replace("_", "-"): answer for name, answer in answers.items()}
        return self

    def news(self, *checks: Check, once: bool = False) -> list[News]:
        """Everything that is told."""
        return list(evaluate("step", checks, self.around(), once))

    def reports(self, *checks: Check, once: bool = False) -> dict[str, CheckReport]:
        """What the checks come to."""
        return reports(self.news(*checks, once=once))

    def verdicts(self, *checks: Check) -> dict[str, Verdict]:
        """What the checks come to, in a word."""
        return {id_: report.verdict for id_, report in self.reports(*checks).items()}


def reports(news: Iterable[News]) -> dict[str, CheckReport]:
    """The reports at the end of an evaluation."""
    [checked] = [one for one in news if isinstance(one, Checked)]
    return {report.id: report for report in checked.step.checks}
