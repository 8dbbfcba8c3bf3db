"""What can be said of a check after it was looked at. Pure: refuses to look itself, and to blame the learner for us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """The five things a check can come to; only `FAIL` is about the learner's work."""

    PASS = "pass"
    FAIL = "fail"
    BLOCKED = "blocked"
    """A check that this one needs did not pass, so nothing was looked at."""
    BROKEN = "broken"
    """The environment is damaged, whoever did it: offer a reset."""
    ERROR = "error"
    """We could not evaluate: something of ours is missing, closed or slow."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One expectation that did not hold. `path` names the value, such as `json.items[0].status`."""

    path: str
    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was collected about a failed check: `title` says what it is, `text` is shown as it is."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """One check and what it came to.

    `seconds` is the time from the first look to the verdict; `looks` how often was looked; `probe_seconds` the sum of
    the looks' own time, and of logging in for them. `command` is what a person would type to see the same, `shown`
    what came back.
    """

    id: str
    title: str
    verdict: Verdict
    mismatches: Sequence[Mismatch] = ()
    note: str = ""
    why: str = ""
    command: str = ""
    shown: str = ""
    hint: str = ""
    evidence: Sequence[Evidence] = ()
    captured: Mapping[str, Any] = field(default_factory=dict)
    points: int = 1
    required: bool = True
    looks: int = 0
    seconds: float = 0.0
    probe_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class StepReport:
    """All checks of one step, in the order of the file."""

    step: str
    checks: tuple[CheckReport, ...]

    @property
    def passed(self) -> bool:
        """True when every required check passed."""
        return all(check.verdict is Verdict.PASS for check in self.checks if check.required)

    @property
    def points(self) -> tuple[int, int]:
        """Points reached, and points there are."""
        reached = sum(check.points for check in self.checks if check.verdict is Verdict.PASS)
        return reached, sum(check.points for check in self.checks)
